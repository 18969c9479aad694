"""The form of a patch: its mail, its DEP-3 fields, its diff; each fault named."""

import pytest

from npuport.base.errors import PortError
from npuport.patch.mail import parse_patch
from worlds.port import make_patch

DIFF = """\
diff --git a/model.py b/model.py
index 1111111111111111111111111111111111111111..2222222222222222222222222222222222222222 100644
--- a/model.py
+++ b/model.py
@@ -1,3 +1,3 @@ def f():
 one
-two
+zwei
 three
"""
GOOD = make_patch(DIFF)


def changed(old: str, new: str) -> bytes:
    assert old.encode() in GOOD
    return GOOD.replace(old.encode(), new.encode())


def test_a_sound_patch() -> None:
    patch = parse_patch("0001-x.patch", GOOD)
    assert patch.fields["subject"] == "Change a value"
    assert patch.fields["forwarded"] == "no"
    assert patch.reason == "Because the test needs it."
    assert patch.data[patch.diff_start :] == DIFF.encode()
    (change,) = patch.changes
    assert (change.old, change.new, change.old_mode, change.new_mode) == (
        "model.py",
        "model.py",
        "100644",
        None,
    )
    assert change.hunks[0].old == (b"one\n", b"two\n", b"three\n")
    assert change.hunks[0].new == (b"one\n", b"zwei\n", b"three\n")


def new_file(path: str, mode: str = "100644") -> str:
    return (
        f"diff --git a/{path} b/{path}\nnew file mode {mode}\nindex 0000000..1111111\n"
        f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+x\n"
    )


SOUND = {
    "with a signature": GOOD + b"-- \n2.39.5\n\n",
    "with a diffstat": changed(
        "Forwarded: no\n\n", "Forwarded: no\n---\n model.py | 2 +-\n 1 file changed\n\n"
    ),
    "fields in the header": changed("Forwarded: no\n", "").replace(b"Subject:", b"Forwarded: no\nSubject:"),
    "folded subject": changed("Subject: Change a value", "Subject: Change\n a value"),
    "no envelope": GOOD.split(b"\n", 1)[1],
    "reason as a field": changed("Because the test needs it.\n", "Reason: the test needs it\n"),
    "status with a reason": changed("Because the test needs it.", "Upstream-Status: Pending [not asked yet]"),
    "indented diff in the message": changed("Because", "    diff --git a/x b/x\n    --- a/x\nBecause"),
    "non-ASCII": changed("Because", "Weil Käse … Because"),
    "new file": make_patch(new_file("tools/new.py")),
    "blank in a name": make_patch(new_file("a b.py").replace("+++ b/a b.py", "+++ b/a b.py\t")),
    "quoted name": make_patch(
        'diff --git "a/k\\303\\244se" "b/k\\303\\244se"\nnew file mode 100644\nindex 0..1\n'
        '--- /dev/null\n+++ "b/k\\303\\244se"\n@@ -0,0 +1 @@\n+x\n'
    ),
    "rename": make_patch(
        "diff --git a/a.py b/b.py\nsimilarity index 100%\nrename from a.py\nrename to b.py\n"
    ),
    "executable": make_patch("diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n"),
    "CRLF in the file": changed("-two\n+zwei\n", "-two\r\n+zwei\r\n"),
    "no newline at the end": changed("+zwei\n three\n", "+zwei\n three\n\\ No newline at end of file\n"),
}


@pytest.mark.parametrize("data", SOUND.values(), ids=SOUND.keys())
def test_sound_variants(data: bytes) -> None:
    assert parse_patch("0001-x.patch", data).changes


BAD = {
    "no diff": (make_patch(""), "no diff"),
    "empty": (b"", "no diff"),
    "no subject": (changed("Subject: Change a value\n", ""), "no Subject"),
    "no author": (changed("From: Ada Lovelace <ada@example.org>\n", ""), "From: Name"),
    "no date": (changed("Date: Mon, 2 Nov 2026 10:00:00 +0100\n", ""), "no date"),
    "no such day": (changed("Mon, 2 Nov 2026", "Mon, 31 Feb 2026"), "no date"),
    "no such month": (changed("2 Nov 2026", "2 Foo 2026"), "no date"),
    "a leap second": (changed("10:00:00 +0100", "23:59:60 +0100"), "no date"),
    "no such time zone": (changed("+0100", "+9999"), "no date"),
    "an unknown time zone": (changed("+0100", "-0000"), "no date"),
    "digits of another script": (changed("2 Nov", "٢ Nov"), "no date"),
    "the subject in the message": (
        changed("Subject: Change a value\n", "").replace(b"Forwarded: no\n", b"Forwarded: no\nSubject: x\n"),
        "no Subject",
    ),
    "odd date": (changed("Mon, 2 Nov 2026 10:00:00 +0100", "yesterday"), "no date"),
    "not forwarded": (changed("Forwarded: no\n", ""), "no Forwarded"),
    "no reason": (changed("Because the test needs it.\n\n", ""), "no reason"),
    "header without a colon": (changed("Date:", "a line\nDate:"), "header"),
    "header twice": (changed("Date:", "Subject: again\nDate:"), "header"),
    "diff-like: diff": (changed("Because", "diff --cc x\nBecause"), "would take for the diff"),
    "diff-like: ---": (changed("Because", "--- a/x\n+++ b/x\nBecause"), "would take for the diff"),
    "diff-like: hunk": (changed("Because", "@@ -1,2 +1,2 @@\nBecause"), "would take for the diff"),
    "diff-like: Index": (changed("Because", "Index: x\nBecause"), "would take for the diff"),
    "second mail": (changed("Because", f"From {'1' * 40} Mon Sep 17 00:00:00 2001\nBecause"), "would take"),
    "in-body author": (changed("Because", "From: Eve <eve@example.org>\n\nBecause"), "mail's header"),
    "diff in the message": (changed("Because", "diff --git a/x b/x\nBecause"), "malformed"),
    "quoted-printable": (changed("Date:", "Content-Transfer-Encoding: quoted-printable\nDate:"), "encoded"),
    "multipart": (changed("Date:", "Content-Type: multipart/mixed; boundary=x\nDate:"), "Content-Type"),
    "another charset": (changed("Date:", "Content-Type: text/plain; charset=koi8-r\nDate:"), "Content-Type"),
    "CRLF": (GOOD.replace(b"\n", b"\r\n"), "CRLF"),
    "CRLF diff": (GOOD.replace(b"@@ def f():\n", b"@@ def f():\r\n"), "CRLF"),
    "latin-1": (changed("zwei", "zwö").decode().encode("latin-1"), "line 17: not UTF-8"),
    "binary": (
        make_patch("diff --git a/x b/x\nindex 1..2 100644\nGIT binary patch\nliteral 1\nIc\n"),
        "binary",
    ),
    "binary, stub": (
        make_patch("diff --git a/x b/x\nindex 1..2\nBinary files a/x and b/x differ\n"),
        "binary",
    ),
    "NUL": (changed("zwei", "zw\0ei"), "binary"),
    "parent directory": (make_patch(new_file("../x.py")), "outside the tree"),
    "hidden parent": (make_patch(new_file("a/../../x.py")), "outside the tree"),
    "absolute": (make_patch(new_file("/etc/x")), "outside the tree"),
    "into .git": (make_patch(new_file(".git/hooks/post-checkout")), "inside .git"),
    "into .GIT": (make_patch(new_file("sub/.GIT/config")), "inside .git"),
    "into .git by another name": (make_patch(new_file("git~1/config")), "inside .git"),
    "into .git unseen": (make_patch(new_file(".g‌it/config")), "inside .git"),
    "submodules": (make_patch(new_file(".gitmodules")), "submodules"),
    "backslash": (make_patch(new_file("a\\b")), "control character"),
    "new symlink": (make_patch(new_file("link", "120000")), "symbolic link"),
    "to symlink": (make_patch("diff --git a/x b/x\nold mode 100644\nnew mode 120000\n"), "symbolic link"),
    "submodule": (make_patch(new_file("sub", "160000")), "submodule"),
    "odd mode": (make_patch(new_file("x", "100777")), "no regular file"),
    "set-uid": (make_patch("diff --git a/x b/x\nold mode 100644\nnew mode 104755\n"), "no regular file"),
    "two names": (changed("+++ b/model.py", "+++ b/other.py"), "other.py"),
    "header of another": (
        changed("diff --git a/model.py b/model.py", "diff --git a/x b/x"),
        "does not name model.py",
    ),
    "mode of another": (
        make_patch("diff --git a/x b/y\nold mode 100644\nnew mode 100755\n"),
        "two files",
    ),
    "rename of another": (
        make_patch("diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to z\n"),
        "y",
    ),
    "no prefix": (
        make_patch(DIFF.replace("a/model", "model").replace("b/model", "model")),
        "without",
    ),
    "short hunk": (changed("@@ -1,3 +1,3 @@", "@@ -1,4 +1,4 @@"), "malformed"),
    "long hunk": (changed("@@ -1,3 +1,3 @@", "@@ -1,2 +1,2 @@"), "malformed"),
    "second file without its git line": (
        GOOD + b"--- a/y.py\n+++ b/y.py\n@@ -1 +1 @@\n-a\n+b\n",
        "y.py without a `diff --git` line",
    ),
    "prose after the diff": (GOOD + b"The end.\n", "malformed"),
    "changes nothing": (changed("-two\n+zwei\n", " two\n"), "changes nothing"),
    "file twice": (GOOD + DIFF.encode(), "twice"),
}


@pytest.mark.parametrize(("data", "names"), BAD.values(), ids=BAD.keys())
def test_unsound_patch_is_refused(data: bytes, names: str) -> None:
    with pytest.raises(PortError) as caught:
        parse_patch("0001-x.patch", data)
    assert names in caught.value.message
    assert "0001-x.patch" in caught.value.message
    assert "\n" not in caught.value.message + caught.value.hint
