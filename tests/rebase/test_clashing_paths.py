"""What stands at a patch's path is no text, no file, or elsewhere now."""

from worlds.disagreement import SEEDED
from worlds.expect import clean, conflict, skipped
from worlds.rebase import World
from worlds.standin import NAME, Edit


def test_upstream_made_it_binary(world: World) -> None:
    """A conflict of that patch like any other; not the end of the rebase."""
    text = world.history.text(SEEDED)
    world.history.commit("Save as UTF-16", {SEEDED: text.encode("utf-16")})
    world.rebase(conflict(SEEDED, by="Save as UTF-16"))
    world.go_on("--skip", skipped(), clean(), clean(), clean())


def test_added_files_directory_is_a_file_upstream(world: World) -> None:
    world.carry([Edit("Add", {}, whole={"extra/more.py": "MORE = 1\n"}), NAME])
    world.history.commit("Keep it short", {"extra": "MORE = 2\n"})
    world.rebase(conflict("extra", by="Keep it short"))
    world.go_on("--skip", skipped(), clean())


def test_added_file_is_a_directory_upstream(world: World) -> None:
    world.carry([Edit("Add", {}, whole={"extra": "MORE = 1\n"}), NAME])
    world.history.commit("Make room", {"extra/more.py": "MORE = 2\n"})
    world.rebase(conflict("extra", by="Make room"))
    world.go_on("--skip", skipped(), clean())


def test_deleted_file_is_renamed_upstream(world: World) -> None:
    world.carry([Edit("Do without", {}, whole={SEEDED: None}), NAME])
    world.history.rename("Name it after what it does", SEEDED, "lumen/random.py")
    verdict = world.attempt().data["verdicts"][0]
    assert verdict["kind"] == "conflict"
    assert verdict["clashes"][0]["culprit"]["subject"] == "Name it after what it does"
    assert "lumen/random.py" in verdict["clashes"][0]["reason"]
    assert world.npuport("rebase", "--skip").data["published"]
    assert world.npuport("verify").code == 0
