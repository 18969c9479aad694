"""Upstream has taken a patch, whole, in part, or not really."""

from worlds.expect import clean, conflict, merged, moved, resolved, skipped, upstreamed
from worlds.rebase import World
from worlds.standin import NAME, SEED, TABLES, TOOLS, Edit

SEEDED = "lumen/seeding.py"
ROTATED = "lumen/rotary.py"
GUARD = Edit(
    "Guard the guard",
    {SEEDED: (("    if torch.cuda.is_available():\n", "    if seed and torch.cuda.is_available():\n"),)},
)


def take(world: World, subject: str, *edits: Edit) -> None:
    """Upstream commits what patches do."""
    tree = world.history.files
    for edit in edits:
        tree = edit.apply(tree)
    world.history.commit(subject, {p: d for p, d in tree.items() if world.history.files.get(p) != d})


def test_as_is(world: World) -> None:
    take(world, "Seed what is there", SEED)
    world.history.edit("Tell more", "README.md", "and back", "and back again")
    world.rebase(upstreamed("Seed what is there"), clean(), clean(), clean())


def test_a_patch_of_two_files(world: World) -> None:
    take(world, "Take what the port does", TOOLS)
    world.rebase(clean(), clean(), upstreamed("Take what the port does"), clean())


def test_a_patch_of_two_files_in_two_commits(world: World) -> None:
    """The second brought the rest."""
    tree = TOOLS.apply(world.history.files)
    for name in ("rebuild", "evaluate"):
        world.history.commit(f"Free {name} of CUDA", {f"tools/{name}.py": tree[f"tools/{name}.py"]})
    world.rebase(clean(), clean(), upstreamed("Free evaluate of CUDA"), clean())


def test_a_patch_of_one_file_in_two_commits(world: World) -> None:
    half = Edit("", {ROTATED: TABLES.texts[ROTATED][:1]})
    rest = Edit("", {ROTATED: TABLES.texts[ROTATED][1:]})
    take(world, "One half", half)
    take(world, "The other half", rest)
    world.rebase(clean(), upstreamed("The other half"), clean(), clean())


def test_all_of_the_series(world: World) -> None:
    """What is left is a port without patches."""
    for edit in world.series:
        take(world, f"Take: {edit.subject}", edit)
    world.rebase(*(upstreamed(f"Take: {edit.subject}") for edit in world.series))
    assert world.patches == {}


def test_two_patches_in_one_commit(world: World) -> None:
    take(world, "Take it all", SEED, TOOLS)
    world.rebase(upstreamed("Take it all"), clean(), upstreamed("Take it all"), clean())


def test_with_more_beside_it_since(world: World) -> None:
    take(world, "Seed what is there", SEED)
    world.history.insert("Explain", SEEDED, 9)
    world.history.edit(
        "Old seeds", SEEDED, "    np.random.seed(seed)\n    torch", "    np.random.seed(seed % 9)\n    torch"
    )
    world.rebase(upstreamed("Seed what is there"), clean(), clean(), clean())


def test_in_a_renamed_file(world: World) -> None:
    take(world, "Seed what is there", SEED)
    world.history.rename("Name it after what it does", SEEDED, "lumen/random.py")
    answer = world.attempt()
    verdict = answer.data["verdicts"][0]
    assert (answer.code, verdict["kind"]) == (0, "upstreamed"), verdict
    assert verdict["commit"]["subject"] == "Seed what is there"


def test_on_a_merged_branch(world: World) -> None:
    world.history.branch("topic")
    take(world, "Seed what is there", SEED)
    world.history.switch("main")
    world.history.edit("Tell more", "README.md", "and back", "and back again")
    world.history.merge("topic", "Merge topic")
    world.rebase(upstreamed("Seed what is there"), clean(), clean(), clean())


def test_and_reverted(world: World) -> None:
    before = world.history.files[SEEDED]
    take(world, "Seed what is there", SEED)
    world.history.commit('Revert "Seed what is there"', {SEEDED: before})
    world.rebase(clean(), clean(), clean(), clean())


def test_reverted_and_moved(world: World) -> None:
    before = world.history.files[SEEDED]
    take(world, "Seed what is there", SEED)
    world.history.commit('Revert "Seed what is there"', {SEEDED: before})
    world.history.insert("Explain", SEEDED, 3)
    world.rebase(moved(3), clean(), clean(), clean())


def test_reverted_and_taken_again(world: World) -> None:
    before = world.history.files[SEEDED]
    take(world, "Seed what is there", SEED)
    world.history.commit('Revert "Seed what is there"', {SEEDED: before})
    take(world, "Seed what is there after all", SEED)
    world.rebase(upstreamed("Seed what is there after all"), clean(), clean(), clean())


def test_differently(world: World) -> None:
    """The same end by other means is for the user to judge."""
    line = "    torch.cuda.manual_seed_all(seed)\n"
    world.history.edit("Seed any device", SEEDED, line, "    torch.accelerator.manual_seed_all(seed)\n")
    answer = world.rebase(conflict(SEEDED, 1, by="Seed any device"))
    clash = answer["verdicts"][0]["clashes"][0]
    assert "    torch.accelerator.manual_seed_all(seed)" in clash["upstream"]
    assert line.rstrip("\n") in clash["expected"]
    assert any("torch.npu.manual_seed_all" in text for text in clash["wanted"])
    world.go_on("--skip", skipped(), clean(), clean(), clean())


def test_one_file_of_two(world: World) -> None:
    """What upstream has not taken stays a patch."""
    tree = TOOLS.apply(world.history.files)
    world.history.commit("Use hccl", {"tools/evaluate.py": tree["tools/evaluate.py"]})
    rest = Edit("", {"tools/rebuild.py": TOOLS.texts["tools/rebuild.py"]})
    wanted = NAME.apply(rest.apply(TABLES.apply(SEED.apply(world.history.files))))
    world.rebase(clean(), clean(), merged(), clean(), tree=wanted)
    third = list(world.patches.values())[2]
    assert b"b/tools/rebuild.py" in third
    assert b"b/tools/evaluate.py" not in third


def test_one_hunk_of_two(world: World) -> None:
    take(world, "One half", Edit("", {ROTATED: TABLES.texts[ROTATED][:1]}))
    rest = Edit("", {ROTATED: TABLES.texts[ROTATED][1:]})
    wanted = NAME.apply(TOOLS.apply(rest.apply(SEED.apply(world.history.files))))
    world.rebase(clean(), merged(), clean(), clean(), tree=wanted)
    second = list(world.patches.values())[1]
    assert second.count(b"\n@@ ") == 1


def test_later_patch_stands_on_it(world: World) -> None:
    world.carry([SEED, GUARD, NAME])
    take(world, "Seed what is there", SEED)
    world.rebase(upstreamed("Seed what is there"), clean(), clean())


def test_later_patch_stands_on_it_further_down(world: World) -> None:
    world.carry([SEED, GUARD, NAME])
    take(world, "Seed what is there", SEED)
    world.history.insert("Explain", SEEDED, 4)
    world.rebase(upstreamed("Seed what is there"), moved(4), clean())


def test_later_patch_stands_on_a_skipped_one(world: World) -> None:
    """Without the first there is nothing to guard: the second needs a decision too."""
    world.carry([SEED, GUARD, NAME])
    line = "    torch.cuda.manual_seed_all(seed)\n"
    world.history.edit("Seed any device", SEEDED, line, "    torch.accelerator.manual_seed_all(seed)\n")
    world.rebase(conflict(SEEDED, by="Seed any device"))
    world.go_on("--skip", skipped(), conflict(SEEDED))
    text = world.history.text(SEEDED).replace("    torch.acc", "    if seed:\n        torch.acc")
    world.resolve({SEEDED: text})
    after = NAME.apply(world.history.files) | {SEEDED: text.encode()}
    world.go_on("--continue", skipped(), resolved(), clean(), tree=after)


def test_same_lines_by_chance_elsewhere(world: World) -> None:
    """Upstream has the patch's new lines in another function: that is not the patch's change."""
    again = f"\n\ndef seed_again(seed):\n{SEED.texts[SEEDED][0][1]}".encode()
    seeded = SEED.apply(world.history.files)[SEEDED] + again
    world.history.commit("Seed again", {SEEDED: world.history.files[SEEDED] + again})
    wanted = NAME.apply(TOOLS.apply(TABLES.apply(world.history.files | {SEEDED: seeded})))
    world.rebase(clean(), clean(), clean(), clean(), tree=wanted)


def test_function_that_ends_like_the_one_above(world: World) -> None:
    """What surrounds the insertion still stands, once, behind the inserted lines: no place for it again."""
    above = "    return seed\n\n\ndef worker_seed"
    taken = f"    return seed\n\n\ndef loader_seed(seed):\n    np.random.seed(seed)\n{above}"
    text = world.history.text(SEEDED).replace("    torch.cuda.manual_seed_all(seed)\n", "    return seed\n")
    world.history.commit("Return it", {SEEDED: text})
    world.carry([Edit("Seed the loader", {SEEDED: ((above, taken),)}), NAME])
    take(world, "Seed the loader, too", world.series[0])
    world.rebase(upstreamed("Seed the loader, too"), clean())
