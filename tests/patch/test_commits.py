"""Commits by `git fast-import` are those of `git am`, to the id; what might differ is left to `git am`."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from npuport import git as words
from npuport.base.errors import PortError
from npuport.patch.apply import apply_exactly, load_tree
from npuport.patch.commits import Batch, is_plain
from npuport.patch.mail import parse_patch
from npuport.patch.parts import Patch
from npuport.port.build import port as make_port
from npuport.port.verify import verify
from worlds.port import Port, commit, diff_of, git, make_patch

FROM = "Ada Lovelace <ada@example.org>"
DATE = "Mon, 2 Nov 2026 10:00:00 +0100"
SUBJECT = "Seed it"
BODY = "Because.\n\nForwarded: no\n\n"
VALUE = (
    "diff --git a/model.py b/model.py\nindex 1111111..2222222 100644\n--- a/model.py\n+++ b/model.py\n"
    "@@ -1 +1 @@\n-value_1 = 1\n+value_1 = 11\n"
)


class World:
    """Two work trees on one commit: one for `git am`, one for us."""

    def __init__(self, upstream: Path, directory: Path) -> None:
        self.base = git(upstream, "rev-parse", "HEAD")
        self.trees = (directory / "am", directory / "import")
        for tree in self.trees:
            tree.mkdir(parents=True)
            words.work_tree(upstream / ".git", tree, self.base)

    def both(self, *patches: Patch) -> tuple[str, str]:
        """The commits that both ways end in, from the same start."""
        by_mail, ours = self.trees
        for tree in self.trees:
            git(tree, "reset", "--quiet", "--hard", self.base)
        words.am(by_mail, b"".join(patch.mail for patch in patches))
        tree, batch = load_tree(ours, self.base, patches), Batch()
        for patch in patches:
            apply_exactly(tree, patch)
            batch.add(patch, tree)
        batch.commit(ours)
        assert git(ours, "status", "--porcelain") == ""
        assert git(ours, "for-each-ref") == ""
        return words.head(by_mail), words.head(ours)


@pytest.fixture
def world(upstream: Path, tmp_path: Path) -> World:
    commit(upstream, {"model.py": "value_1 = 1\n", "empty": "", "naïve file.py": "x\n"})
    return World(upstream, tmp_path / "world")


def mail(
    sender: str = FROM, date: str = DATE, subject: str = SUBJECT, body: str = BODY, diff: str = VALUE
) -> Patch:
    envelope = "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\n"
    text = f"{envelope}From: {sender}\nDate: {date}\nSubject: {subject}\n\n{body}{diff}"
    return parse_patch("0001-a.patch", text.encode())


_SENDERS = (
    *("Jürgen Müller <j.m+x@x-y.de>", "O'Neil-Smith Jr. <o@b.c>", "王小明 <w@b.c>", "A <a@b>", "A (B) <a@b>"),
    *('"Lovelace, Ada" <a@b.c>', "Ada  L <a@b.c>", "=?utf-8?q?J=C3=BC?= <a@b.c>", "\x850 <a@b.c>"),
)
_DATES = ("Sat, 1 Feb 2025 00:00:00 -0830", "Wed, 01 Jan 1997 05:04:03 +0545", "1 Feb 2025 00:00:00 +0000")
_SUBJECTS = (
    *("Größe: x [later]", "[PATCH] Seed", "Re: seed", "a", "x" * 120, "a\n folded", "two  blanks", "ends.  "),
    *("=?utf-8?q?Gr=C3=B6=C3=9Fe?=", "tab\there", "-- it", "#1 first"),
)
_BODIES = (
    "\n\nBecause.\n\n\n\nMore   \n\t\nForwarded: no\n",
    "Why\n  indented\n\n    code\nForwarded: no\n---\n a | 2 +-\n 1 file changed\n\n",
    "Why.\n--- \nnote\nForwarded: no\n\n",
    "Why -- \n-- \nForwarded: no\n\n",
    "Why\n-----\n# hash\n> quoted\nForwarded: no\n\n",
    "Größe\x0c\nForwarded: no\n\n",
    "Why\n-- >8 --\nmore\nForwarded: no\n",
)


@pytest.mark.parametrize(
    ("field", "text"),
    [("sender", text) for text in _SENDERS]
    + [("date", text) for text in _DATES]
    + [("subject", text) for text in _SUBJECTS]
    + [("body", text) for text in _BODIES],
)
def test_odd_mails(world: World, field: str, text: str) -> None:
    try:
        patch = mail(**{field: text})
    except PortError:
        return  # refused before it comes so far
    by_mail, ours = world.both(patch)
    assert ours == by_mail


@pytest.mark.parametrize(
    "ending",
    ["+value_1 = 11", "+value_1 = 11\n\n", "+value_1 = 11\n \n", "+value_1 = 11\n-- \n2.39.5\n\n"],
    ids=["no newline in the mail", "empty line", "blank", "signature"],
)
def test_the_end_of_the_mail_is_no_line_of_the_file(world: World, ending: str) -> None:
    by_mail, ours = world.both(mail(diff=VALUE.replace("+value_1 = 11\n", ending)))
    assert ours == by_mail


def test_what_a_patch_can_do_to_files(world: World, upstream: Path) -> None:
    """New, deleted, renamed, executable, empty, without a newline, with a name that needs quotes."""
    steps: list[dict[str, str | bytes | None]] = [
        {"new dir/naïve.py": "x = 'ü'\n", "end": "no newline"},
        {"naïve file.py": None, "moved.py": "x\n"},
        {"end": "now\n", "model.py": None},
    ]
    patches = []
    for number, files in enumerate(steps):
        diff = diff_of(upstream, files, "-M")
        patches.append(parse_patch(f"{number + 1:04}-a.patch", make_patch(diff, f"Step {number}")))
        commit(upstream, files)
    git(upstream, "reset", "--quiet", "--hard", world.base)
    mode = "diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n"
    patches.append(parse_patch("0004-a.patch", make_patch(mode, "Executable")))
    by_mail, ours = world.both(*patches)
    assert ours == by_mail
    assert all(map(is_plain, patches))


def test_one_odd_mail_sends_all_by_git_am(world: World) -> None:
    odd = mail(subject="=?utf-8?q?Gr=C3=B6=C3=9Fe?=")
    assert not is_plain(odd)
    later = VALUE.replace("-value_1 = 1\n+value_1 = 11", "-value_1 = 11\n+value_1 = 111")
    by_mail, ours = world.both(odd, mail(diff=later))
    assert ours == by_mail


def test_an_empty_batch_is_nothing(world: World) -> None:
    Batch().commit(world.trees[1])
    assert words.head(world.trees[1]) == world.base


_ANY = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=30)
_TELLING = st.text(" abAB12.,:;'\"()[]<>@-_=?#|\\/\t\n", max_size=15)
_WORDS = _ANY | _TELLING


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(subject=_WORDS, sender=_WORDS, body=_WORDS)
def test_any_mail(world: World, subject: str, sender: str, body: str) -> None:
    """Whatever is not refused and not left to `git am` is the same."""
    try:
        patch = mail(sender=f"{sender} <a@b.c>", subject=subject, body=f"{body}\n{BODY}")
    except PortError:
        return
    if is_plain(patch):
        by_mail, ours = world.both(patch)
        assert ours == by_mail


def test_the_port_is_what_git_am_makes(port: Port) -> None:
    """`npuport verify` goes the other way."""
    assert verify(port.layout).commit == make_port(port.layout).commit
