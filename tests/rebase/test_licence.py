"""Upstream's licence changes on the way: whether we may go on under it is not for a program to say."""

from worlds.disagreement import LINE, SEEDED
from worlds.expect import clean
from worlds.rebase import World
from worlds.standin import Edit


def test_licence_changed(world: World) -> None:
    """The rebase waits for --accept-license; with the option from the start, it does not."""
    world.history.commit("Ask for money", {"LICENSE": "Pay.\n" + world.history.text("LICENSE")})
    world.history.write()
    before = world.state()
    answer = world.npuport("rebase", "--to", "main")
    assert (answer.code, answer.data["published"]) == (1, False)
    assert world.state() == before
    licence = answer.data["license"]
    assert (licence["path"], licence["old"] != licence["new"]) == ("LICENSE", True)
    assert "+Pay.\n" in licence["diff"]
    assert any("LICENSE" in line or "licence" in line for line in answer.data["decisions"])
    assert world.npuport("rebase", "--continue").code == 1
    assert world.state() == before
    answer = world.npuport("rebase", "--continue", "--accept-license")
    assert (answer.code, answer.data["published"]) == (0, True), answer
    assert world.npuport("verify").code == 0


def test_licence_accepted_at_once(world: World) -> None:
    world.history.commit("Ask for money", {"LICENSE": "Pay.\n" + world.history.text("LICENSE")})
    answer = world.attempt("--accept-license")
    assert (answer.code, answer.data["published"]) == (0, True), answer
    assert "+Pay.\n" in answer.data["license"]["diff"]


def test_licence_gone(world: World) -> None:
    world.history.commit("Have none", {"LICENSE": None})
    answer = world.attempt()
    assert (answer.code, answer.data.get("published", False)) == (1, False)
    assert "LICENSE" in str(answer.data)


def test_licence_changed_and_a_conflict(world: World) -> None:
    world.history.commit("Ask for money", {"LICENSE": "Pay.\n"})
    world.history.edit("Seed one GPU", SEEDED, LINE, "    torch.cuda.manual_seed(seed)\n")
    answer = world.attempt()
    assert answer.code == 1
    assert len(answer.data["decisions"]) >= 2
    answer = world.npuport("rebase", "--skip")
    assert (answer.code, answer.data["published"]) == (1, False)
    answer = world.npuport("rebase", "--continue", "--accept-license")
    assert (answer.code, answer.data["published"]) == (0, True), answer


def test_patch_of_the_licence(world: World) -> None:
    """A patch may add to it; what is compared is upstream's own."""
    world.carry(
        [Edit("Say what we changed", {"LICENSE": (("as you please.\n", "as you please.\nChanged.\n"),)})]
    )
    world.history.insert("Explain", SEEDED, 5)
    world.rebase(clean())
