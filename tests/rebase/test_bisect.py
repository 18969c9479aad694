"""`--bisect`: the first upstream commit at which a patch stops applying, or a parity case is red."""

import json
import math

import pytest

from npuport.base.errors import PortError
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
    said: list[str] = []
    before = world.everything()
    found = bisect_patch(world.layout, name, ref, progress=said.append)
    assert world.everything() == before
    tries = [line for line in said if line.startswith("try ")]
    assert len(tries) == len(found.tries) <= found.most
    data = json.loads(json.dumps(found.as_json()))
    assert (data["what"], data["good"], len(data["tries"])) == (found.what, found.bad is None, len(tries))
    return found, tries


def test_patch_that_applies_to_the_end_takes_one_try(world: World) -> None:
    grow(world, 40)
    found, said = bisect(world)
    assert (found.bad, len(said)) == (None, 1)
    assert found.good == found.new
    assert said[0].startswith("try 1 of at most 7: ")
    assert said[0].endswith(f"({found.new.date}): applies")
    assert found.text.splitlines()[-1] == "  first bad   none"


@pytest.mark.parametrize("place", [0, 1, 17, 38, 39])
def test_first_commit_that_conflicts(world: World, place: int) -> None:
    grow(world, place)
    world.history.edit(
        "Seed more", SEEDED, "    torch.cuda.manual_seed_all(seed)\n", "    torch.cuda.seed_all(seed)\n"
    )
    grow(world, 39 - place)
    found, said = bisect(world)
    assert found.bad is not None
    assert found.bad.commit.subject == "Seed more"
    assert found.bad.commit.author
    assert found.bad.verdict is not None
    assert found.bad.verdict.kind == "conflict"
    assert found.bad.found.startswith(f"conflict: {SEEDED}, hunk 1: ")
    assert found.good is not None
    assert git(world.upstream, "rev-parse", f"{found.bad.commit.id}^") == found.good.id
    assert len(said) <= 1 + math.ceil(math.log2(40))
    assert found.as_json()["first_bad"]["verdict"]["needs_person"]


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
    found, said = bisect(world)
    assert found.bad is not None
    assert found.bad.commit.subject == "Seed more"
    assert len(said) <= 11
    assert said[-1].startswith(f"try {len(said)} of at most 11: ")


def test_patch_that_upstream_takes(world: World) -> None:
    grow(world, 3)
    tree = SEED.apply(world.history.files)
    world.history.commit("Seed what is there", {SEEDED: tree[SEEDED]})
    grow(world, 3)
    found, _ = bisect(world)
    assert found.bad is not None
    assert (found.bad.commit.subject, found.bad.verdict and found.bad.verdict.kind) == (
        "Seed what is there",
        "upstreamed",
    )
    assert found.bad.found.startswith("upstreamed: ")


def test_patch_behind_one_that_conflicts_first(world: World) -> None:
    """Only the patch that was asked for is judged."""
    grow(world, 2)
    world.history.edit(
        "Seed more", SEEDED, "    torch.cuda.manual_seed_all(seed)\n", "    torch.cuda.seed_all(seed)\n"
    )
    grow(world, 2)
    world.history.commit("Drop the rotary", {ROTATED: None})
    grow(world, 2)
    found, _ = bisect(world, "2")
    assert found.bad is not None
    assert found.bad.commit.subject == "Drop the rotary"
    assert found.bad.verdict is not None
    assert found.bad.verdict.kind == "deleted"


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
    found, _ = bisect(world)
    assert found.bad is not None
    assert found.bad.commit.subject == "Merge the topic"


def test_up_to_a_ref(world: World) -> None:
    grow(world, 4)
    world.history.write()
    before = git(world.upstream, "rev-parse", "main")
    world.history.commit("Drop the seeds", {SEEDED: None})
    assert bisect(world, ref=before)[0].bad is None
    found = bisect(world, ref="main")[0]
    assert found.bad is not None


def test_nothing_new(world: World) -> None:
    found, said = bisect(world)
    assert (found.bad, found.good, said, found.most) == (None, found.old, [], 0)


def test_no_such_patch(world: World) -> None:
    with pytest.raises(PortError, match="is not in the series"):
        bisect(world, "77")


@pytest.mark.slow
def test_first_commit_at_which_a_case_is_red(example: Layout) -> None:
    said: list[str] = []
    found = bisect_parity(example, "decode", ["tiny"], "worse", progress=said.append)
    tries = [line for line in said if line.startswith("try ")]
    assert found.bad is not None
    assert found.bad.commit.subject.startswith("Say self.decoder")
    assert found.good is not None
    assert found.good.subject == "Say patch-tok"
    assert found.bad.found.startswith("fail: test_output[tiny-")
    assert 3 <= len(tries) <= 4
    assert tries[0].startswith("try 1 of at most 4: ")
    assert any(line.endswith(": passes") for line in tries)
    assert not (example.out / "rebase").exists()
    assert not (example.report).exists()


@pytest.mark.slow
def test_case_that_stays_green_takes_one_try(example: Layout) -> None:
    found = bisect_parity(example, "embed_text and tight", ["tiny"], "worse")
    assert (found.bad, len(found.tries)) == (None, 1)


@pytest.mark.slow
def test_series_that_does_not_apply_is_to_be_bisected_first(example: Layout) -> None:
    with pytest.raises(PortError, match=r"the series does not apply at .*: 0001-") as caught:
        bisect_parity(example, "decode", ["tiny"], "torn")
    assert caught.value.hint.startswith("npuport rebase --bisect 0001-")


@pytest.mark.slow
def test_case_that_is_none(example: Layout) -> None:
    with pytest.raises(PortError, match="no check of the suite matches 'no_such'"):
        bisect_parity(example, "no_such", ["tiny"], "worse")
