"""`--bisect`: the first upstream commit at which a patch stops applying, or a parity case is red."""

import json
import math

import pytest

from npuport.base.errors import PortError
from npuport.base.schema import to_json
from npuport.port.layout import Layout
from npuport.rebase.bisect import Bisection, bisect_parity, bisect_patch
from worlds.port import git
from worlds.rebase import World
from worlds.standin import SEED

SEEDED = "lumen/seeding.py"
ROTATED = "lumen/rotary.py"


def grow(world: World, count: int) -> None:
    """Commits that touch no file of the series."""
    for _ in range(count):
        world.history.commit(
            f"Note {len(world.history.files)}", {f"notes/{len(world.history.files)}.md": "Hm.\n"}
        )


def bisect(world: World, name: str = "1", ref: str | None = None) -> tuple[Bisection, list[str]]:
    world.history.write()
    lines: list[str] = []
    before = world.everything()
    bisection = bisect_patch(world.layout, name, ref, progress=lines.append)
    assert world.everything() == before
    tries = [line for line in lines if line.startswith("try ")]
    assert len(tries) == len(bisection.tries) <= bisection.most
    data = json.loads(json.dumps(to_json(bisection)))
    assert (data["what"], data["good"], len(data["tries"])) == (bisection.what, bisection.good, len(tries))
    return bisection, tries


def test_patch_that_applies_to_the_end_takes_one_try(world: World) -> None:
    grow(world, 40)
    bisection, lines = bisect(world)
    assert (bisection.first_bad, len(lines)) == (None, 1)
    assert bisection.last_good == bisection.new
    assert lines[0].startswith("try 1 of at most 7: ")
    assert lines[0].endswith(f"({bisection.new.date}): applies")
    assert bisection.text.splitlines()[-1] == "  first bad   none"


@pytest.mark.parametrize("place", [0, 1, 17, 38, 39])
def test_first_commit_that_conflicts(world: World, place: int) -> None:
    grow(world, place)
    world.history.edit(
        "Seed more", SEEDED, "    torch.cuda.manual_seed_all(seed)\n", "    torch.cuda.seed_all(seed)\n"
    )
    grow(world, 39 - place)
    bisection, lines = bisect(world)
    assert bisection.first_bad is not None
    assert bisection.first_bad.commit.subject == "Seed more"
    assert bisection.first_bad.commit.author
    assert bisection.first_bad.verdict is not None
    assert bisection.first_bad.verdict.kind == "conflict"
    assert bisection.first_bad.found.startswith(f"conflict: {SEEDED}, hunk 1: ")
    assert bisection.last_good is not None
    assert git(world.upstream, "rev-parse", f"{bisection.first_bad.commit.id}^") == bisection.last_good.id
    assert len(lines) <= 1 + math.ceil(math.log2(40))
    assert to_json(bisection)["first_bad"]["verdict"]["needs_person"]


def test_from_the_command_line(world: World) -> None:
    grow(world, 3)
    world.history.commit("Drop the seeds", {SEEDED: None})
    world.history.write()
    answer = world.npuport("rebase", "--bisect", "1")
    assert answer.code == 1
    assert answer.data["first_bad"]["commit"]["subject"] == "Drop the seeds"
    assert answer.data["last_good"]["subject"].startswith("Note")
    answer = world.npuport("rebase", "--bisect", "1", "--to", answer.data["last_good"]["id"])
    assert (answer.code, answer.data["good"], answer.data["first_bad"]) == (0, True, None)


def test_thousand_commits_take_eleven_tries(world: World) -> None:
    grow(world, 617)
    world.history.edit(
        "Seed more", SEEDED, "    torch.cuda.manual_seed_all(seed)\n", "    torch.cuda.seed_all(seed)\n"
    )
    grow(world, 382)
    bisection, lines = bisect(world)
    assert bisection.first_bad is not None
    assert bisection.first_bad.commit.subject == "Seed more"
    assert len(lines) <= 11
    assert lines[-1].startswith(f"try {len(lines)} of at most 11: ")


def test_patch_that_upstream_takes(world: World) -> None:
    grow(world, 3)
    tree = SEED.apply(world.history.files)
    world.history.commit("Seed what is there", {SEEDED: tree[SEEDED]})
    grow(world, 3)
    bisection, _ = bisect(world)
    assert bisection.first_bad is not None
    assert (
        bisection.first_bad.commit.subject,
        bisection.first_bad.verdict and bisection.first_bad.verdict.kind,
    ) == (
        "Seed what is there",
        "upstreamed",
    )
    assert bisection.first_bad.found.startswith("upstreamed: ")


def test_patch_behind_one_that_conflicts_first(world: World) -> None:
    """Only the patch that was asked for is judged."""
    grow(world, 2)
    world.history.edit(
        "Seed more", SEEDED, "    torch.cuda.manual_seed_all(seed)\n", "    torch.cuda.seed_all(seed)\n"
    )
    grow(world, 2)
    world.history.commit("Drop the rotary", {ROTATED: None})
    grow(world, 2)
    bisection, _ = bisect(world, "2")
    assert bisection.first_bad is not None
    assert bisection.first_bad.commit.subject == "Drop the rotary"
    assert bisection.first_bad.verdict is not None
    assert bisection.first_bad.verdict.kind == "deleted"


def test_merge_is_one_commit_of_the_line(world: World) -> None:
    """What a merge brought is bad from the merge on, whatever the branch it came from looked like."""
    grow(world, 3)
    world.history.branch("topic")
    world.history.edit(
        "Seed more", SEEDED, "    torch.cuda.manual_seed_all(seed)\n", "    torch.cuda.seed_all(seed)\n"
    )
    files = dict(world.history.files)
    world.history.switch("main")
    grow(world, 3)
    world.history.commit("Merge the topic", {SEEDED: files[SEEDED]}, merges="topic")
    grow(world, 3)
    bisection, _ = bisect(world)
    assert bisection.first_bad is not None
    assert bisection.first_bad.commit.subject == "Merge the topic"


def test_up_to_a_ref(world: World) -> None:
    grow(world, 4)
    world.history.write()
    before = git(world.upstream, "rev-parse", "main")
    world.history.commit("Drop the seeds", {SEEDED: None})
    assert bisect(world, ref=before)[0].first_bad is None
    bisection = bisect(world, ref="main")[0]
    assert bisection.first_bad is not None


def test_nothing_new(world: World) -> None:
    bisection, lines = bisect(world)
    assert (bisection.first_bad, bisection.last_good, lines, bisection.most) == (None, bisection.old, [], 0)


def test_no_such_patch(world: World) -> None:
    with pytest.raises(PortError, match="is not in the series"):
        bisect(world, "77")


@pytest.mark.slow
def test_first_commit_at_which_a_case_is_red(example: Layout) -> None:
    lines: list[str] = []
    bisection = bisect_parity(example, "decode", ["tiny"], "worse", progress=lines.append)
    tries = [line for line in lines if line.startswith("try ")]
    assert bisection.first_bad is not None
    assert bisection.first_bad.commit.subject.startswith("Say self.decoder")
    assert bisection.last_good is not None
    assert bisection.last_good.subject == "Say patch-tok"
    assert bisection.first_bad.found.startswith("fail: test_output[tiny-")
    assert 3 <= len(tries) <= 4
    assert tries[0].startswith("try 1 of at most 4: ")
    assert any(line.endswith(": passes") for line in tries)
    assert not (example.out / "rebase").exists()
    assert not (example.report).exists()


@pytest.mark.slow
def test_case_that_stays_green_takes_one_try(example: Layout) -> None:
    bisection = bisect_parity(example, "embed_text and tight", ["tiny"], "worse")
    assert (bisection.first_bad, len(bisection.tries)) == (None, 1)


@pytest.mark.slow
def test_series_that_does_not_apply_is_to_be_bisected_first(example: Layout) -> None:
    with pytest.raises(PortError, match=r"the series does not apply at .*: 0001-") as caught:
        bisect_parity(example, "decode", ["tiny"], "torn")
    assert caught.value.hint.startswith("npuport rebase --bisect 0001-")


@pytest.mark.slow
def test_case_that_is_none(example: Layout) -> None:
    with pytest.raises(PortError, match="no check of the suite matches 'no_such'"):
        bisect_parity(example, "no_such", ["tiny"], "worse")
