"""Upstream changed the very lines of a patch: the reasons, and the commits that they name."""

from worlds.expect import Expected, clean, conflict, merged, moved, renamed, resolved, skipped
from worlds.lumen import Tree
from worlds.rebase import World
from worlds.standin import NAME, SEED, TABLES, TOOLS, Edit

SEEDED = "lumen/seeding.py"
ROTATED = "lumen/rotary.py"
LINE = "    torch.cuda.manual_seed_all(seed)\n"
OTHER = "    torch.cuda.manual_seed(seed)\n"


def rest(tree: Tree) -> Tree:
    """What the other three patches make of a tree."""
    return NAME.apply(TOOLS.apply(TABLES.apply(tree)))


def test_line_changed(world: World) -> None:
    world.history.edit("Seed one GPU", SEEDED, LINE, OTHER)
    answer = world.rebase(conflict(SEEDED, 1, by="Seed one GPU"))
    clash = answer["verdicts"][0]["clashes"][0]
    assert OTHER.rstrip("\n") in clash["upstream"]
    assert LINE.rstrip("\n") in clash["expected"]
    assert "        torch.npu.manual_seed_all(seed)" in clash["wanted"]
    assert clash["line"] > 0
    text = world.history.text(SEEDED).replace(OTHER, "    torch.accelerator.manual_seed_all(seed)\n")
    world.resolve({SEEDED: text})
    after = rest(world.history.files | {SEEDED: text.encode()})
    world.go_on("--continue", resolved(), clean(), clean(), clean(), tree=after)


def test_culprit_among_many(world: World) -> None:
    """Sixty commits in the file, one of them in the patch's lines."""
    for number in range(30):
        world.history.insert(f"Explain {number}", SEEDED, 1)
    world.history.edit("Seed one GPU", SEEDED, LINE, OTHER)
    for number in range(30, 60):
        world.history.insert(f"Explain {number}", SEEDED, 1)
    world.rebase(conflict(SEEDED, 1, by="Seed one GPU"))


def test_culprit_is_who_took_the_expected_lines_away(world: World) -> None:
    """Not the commit that changed the replacement again."""
    world.history.edit("Seed one GPU", SEEDED, LINE, OTHER)
    world.history.edit("Seed it late", SEEDED, OTHER, "    torch.cuda.manual_seed(seed + 1)\n")
    world.history.insert("Explain", SEEDED, 5)
    world.rebase(conflict(SEEDED, 1, by="Seed one GPU"))


def test_culprit_deleted_the_lines(world: World) -> None:
    world.history.edit("Seed no GPU", SEEDED, LINE, "")
    answer = world.rebase(conflict(SEEDED, 1, by="Seed no GPU"))
    assert LINE.rstrip("\n") not in answer["verdicts"][0]["clashes"][0]["upstream"]


def test_culprit_inside_a_merged_branch(world: World) -> None:
    """The merge changed nothing of its own."""
    world.history.branch("topic")
    world.history.edit("Seed one GPU", SEEDED, LINE, OTHER)
    world.history.insert("Explain", ROTATED, 2)
    world.history.switch("main")
    world.history.edit("Tell more", "README.md", "and back", "and back again")
    world.history.merge("topic", "Merge topic")
    world.rebase(conflict(SEEDED, 1, by="Seed one GPU"))


def test_culprit_is_an_evil_merge(world: World) -> None:
    """No parent of the merge has the line that it brought."""
    world.history.branch("topic")
    world.history.insert("Explain", ROTATED, 2)
    world.history.switch("main")
    world.history.edit("Tell more", "README.md", "and back", "and back again")
    evil = world.history.text(SEEDED).replace(LINE, OTHER)
    world.history.merge("topic", "Merge topic", {SEEDED: evil})
    world.rebase(conflict(SEEDED, 1, by="Merge topic"))


def test_culprit_before_a_rename(world: World) -> None:
    world.history.edit("Seed one GPU", SEEDED, LINE, OTHER)
    world.history.rename("Name it after what it does", SEEDED, "lumen/random.py")
    answer = world.attempt()
    verdict = answer.data["verdicts"][0]
    assert (answer.code, verdict["kind"]) == (1, "conflict"), verdict
    clash = verdict["clashes"][0]
    assert (clash["path"], clash["culprit"]["subject"]) == ("lumen/random.py", "Seed one GPU")
    assert verdict["renames"][0]["new"] == "lumen/random.py"


def test_culprit_after_a_rename(world: World) -> None:
    world.history.rename("Name it after what it does", SEEDED, "lumen/random.py")
    world.history.edit("Seed one GPU", "lumen/random.py", LINE, OTHER)
    answer = world.attempt()
    clash = answer.data["verdicts"][0]["clashes"][0]
    assert (clash["path"], clash["culprit"]["subject"]) == ("lumen/random.py", "Seed one GPU")


def test_two_culprits_in_two_hunks(world: World) -> None:
    world.history.edit("Count on the CPU", ROTATED, 'count, device="cuda")', "count)")
    world.history.edit("Lay out on the CPU", ROTATED, 'rows, device="cuda")', "rows)")
    answer = world.rebase(clean(), conflict(ROTATED, 1))
    found = {clash["hunk"]: clash["culprit"]["subject"] for clash in answer["verdicts"][1]["clashes"]}
    assert found == {1: "Count on the CPU", 2: "Lay out on the CPU"}


def test_second_hunk_only(world: World) -> None:
    world.history.insert("Explain", ROTATED, 20)
    world.history.edit("Lay out on the CPU", ROTATED, 'rows, device="cuda")', "rows)")
    answer = world.rebase(clean(), conflict(ROTATED, 2, by="Lay out on the CPU"))
    assert {clash["hunk"] for clash in answer["verdicts"][1]["clashes"]} == {2}


def test_reindented(world: World) -> None:
    narrow = world.history.text(SEEDED).replace("    ", "  ")
    world.history.commit("Save blanks", {SEEDED: narrow})
    world.rebase(conflict(SEEDED, 1, by="Save blanks"))
    world.go_on("--skip", skipped(), clean(), clean(), clean())


def test_tabs(world: World) -> None:
    world.history.commit("Use tabs", {SEEDED: world.history.text(SEEDED).replace("    ", "\t")})
    world.rebase(conflict(SEEDED, 1, by="Use tabs"))


def test_converted_to_crlf(world: World) -> None:
    """Nothing but line ends: the patch is carried, and its lines have the file's."""
    crlf = world.history.files[SEEDED].replace(b"\n", b"\r\n")
    world.history.commit("Save on another system", {SEEDED: crlf})
    seeded = SEED.apply(world.history.files | {SEEDED: crlf.replace(b"\r\n", b"\n")})[SEEDED]
    after = rest(world.history.files | {SEEDED: seeded.replace(b"\n", b"\r\n")})
    world.rebase(merged(), clean(), clean(), clean(), tree=after)


def test_renamed_and_converted_to_crlf(world: World) -> None:
    """The patch changes its own lines in the renamed file, whose line ends stay upstream's."""
    new, text = "lumen/seeds.py", world.history.files[SEEDED]
    world.history.rename("Save on another system", SEEDED, new, text.replace(b"\n", b"\r\n"))
    seeded = SEED.apply(world.history.files | {SEEDED: text})[SEEDED]
    after = rest(world.history.files | {new: seeded.replace(b"\n", b"\r\n")})
    world.rebase(renamed({SEEDED: new}), clean(), clean(), clean(), tree=after)


def test_file_that_has_marker_lines_of_its_own(world: World) -> None:
    """A heading is underlined with `=======`; that is no marker of ours."""
    world.history.edit("Seed one GPU", SEEDED, LINE, OTHER)
    world.history.edit("Document", SEEDED, OTHER, f"{OTHER}# Seeds\n=======\n")
    world.rebase(conflict(SEEDED, 1))
    text = world.history.text(SEEDED).replace(OTHER, "    pass\n")
    world.resolve({SEEDED: text})
    after = rest(world.history.files | {SEEDED: text.encode()})
    world.go_on("--continue", resolved(), clean(), clean(), clean(), tree=after)


def test_converted_from_crlf(world: World) -> None:
    crlf = world.history.text(SEEDED).replace("\n", "\r\n")
    world.history.commit("Save on another system", {SEEDED: crlf})
    world.carry([Edit("Seed", {SEEDED: ((LINE.replace("\n", "\r\n"), OTHER.replace("\n", "\r\n")),)})])
    world.history.commit("Save on ours", {SEEDED: crlf.replace("\r\n", "\n")})
    after = world.history.files | {SEEDED: world.history.files[SEEDED].replace(LINE.encode(), OTHER.encode())}
    world.rebase(merged(), tree=after)


def test_converted_to_crlf_and_changed(world: World) -> None:
    crlf = world.history.text(SEEDED).replace(LINE, OTHER).replace("\n", "\r\n")
    world.history.commit("Save on another system", {SEEDED: crlf})
    world.rebase(conflict(SEEDED, by="Save on another system"))


def test_reformatted(world: World) -> None:
    """Every line of the file is another."""
    text = world.history.text(ROTATED)
    other = (
        text.replace('"', "'")
        .replace("    ", "  ")
        .replace("(self, ", "( self, ")
        .replace(", device", " , device")
    )
    world.history.commit("Reformat", {ROTATED: other})
    answer = world.rebase(clean(), conflict(ROTATED, by="Reformat"))
    assert {clash["hunk"] for clash in answer["verdicts"][1]["clashes"]} <= {0, 1, 2}


def test_two_patches_on_the_same_hunk(world: World) -> None:
    """The first needs a decision; when it is resolved, the second meets the resolution."""
    guard = Edit("Guard", {SEEDED: ((LINE, f"    if torch.cuda.is_available():\n    {LINE}"),)})
    better = Edit("Guard better", {SEEDED: (("    if torch.cuda", "    if seed and torch.cuda"),)})
    world.carry([guard, better, NAME])
    world.history.edit("Seed one GPU", SEEDED, LINE, OTHER)
    world.rebase(conflict(SEEDED, 1, by="Seed one GPU"))
    text = world.history.text(SEEDED).replace(OTHER, f"    if torch.cuda.is_available():\n    {OTHER}")
    world.resolve({SEEDED: text})
    wanted = NAME.apply(better.apply(world.history.files | {SEEDED: text.encode()}))
    # Beside what the second changes stands the line that upstream changed.
    answer = world.npuport("rebase", "--continue")
    if answer.code:
        assert [v["kind"] for v in answer.data["verdicts"]] == ["resolved", "conflict"]
        world.resolve({SEEDED: better.apply({SEEDED: text.encode()})[SEEDED]})
        answer = world.npuport("rebase", "--continue")
    assert answer.data["published"], answer
    assert world.npuport("port").code == 0
    assert world.ported() == wanted


def test_in_the_middle_of_twenty(world: World) -> None:
    """Ten go through, one needs a decision, nine wait; then they go through too."""
    parts = [f"lumen/part_{number:02}.py" for number in range(20)]
    body = "".join(f"step_{line} = {line}\n" for line in range(30))
    world.history.commit("Add parts", dict.fromkeys(parts, body))
    edits = [
        Edit(f"Change part {n}", {path: (("step_15 = 15\n", f"step_15 = {n}00\n"),)})
        for n, path in enumerate(parts)
    ]
    world.carry(edits)
    for number, path in enumerate(parts):
        if number % 3 == 0:
            world.history.insert(f"Explain {number}", path, number + 1)
        if number % 3 == 1 and number != 10:
            world.history.edit(f"Change {number}", path, "step_13 = 13\n", "step_13 = 14\n")
    world.history.edit("Change ten", parts[10], "step_15 = 15\n", "step_15 = 16\n")
    wanted = [moved(n + 1) if n % 3 == 0 else merged() if n % 3 == 1 else clean() for n in range(20)]
    answer = world.rebase(*wanted[:10], conflict(parts[10], 1, by="Change ten"))
    assert len(answer["waiting"]) == 9
    world.resolve({parts[10]: world.history.text(parts[10]).replace("step_15 = 16\n", "step_15 = 1000\n")})
    tree = world.history.files
    for number, edit in enumerate(edits):
        tree = tree if number == 10 else edit.apply(tree)
    tree = tree | {parts[10]: (world.tree / parts[10]).read_bytes()}
    world.go_on("--continue", *wanted[:10], resolved(), *wanted[11:], tree=tree)


def test_every_patch_in_turn(world: World) -> None:
    """A decision at every stop: skip, then resolve, then keep what upstream has."""
    world.history.edit("Seed one GPU", SEEDED, LINE, OTHER)
    world.history.edit("Count on the CPU", ROTATED, 'count, device="cuda")', "count)")
    world.history.edit("Use gloo", "tools/evaluate.py", '"nccl"', '"gloo"')
    world.rebase(conflict(SEEDED, by="Seed one GPU"))
    world.go_on("--skip", skipped(), conflict(ROTATED, 1, by="Count on the CPU"))
    rotary = world.history.text(ROTATED).replace('"cuda"', "accelerator()")
    world.resolve({ROTATED: rotary})
    world.go_on("--continue", skipped(), resolved(), conflict("tools/evaluate.py", 1, by="Use gloo"))
    world.go_on(
        "--skip",
        skipped(),
        resolved(),
        skipped(),
        clean(),
        tree=NAME.apply(world.history.files | {ROTATED: rotary.encode()}),
    )


def test_conflict_of_two_files_of_one_patch(world: World) -> None:
    world.history.edit("Default to the CPU", "tools/rebuild.py", 'default="cuda")', 'default="cpu")')
    world.history.edit("Use gloo", "tools/evaluate.py", '"nccl"', '"gloo"')
    answer = world.rebase(clean(), clean(), conflict("tools/rebuild.py", 1))
    errors = {clash["path"]: clash["culprit"]["subject"] for clash in answer["verdicts"][2]["clashes"]}
    assert errors == {"tools/rebuild.py": "Default to the CPU", "tools/evaluate.py": "Use gloo"}


def test_conflict_in_one_file_and_a_rename_of_another(world: World) -> None:
    world.history.rename("Give the scripts a home", "tools/rebuild.py", "scripts/rebuild.py")
    world.history.edit("Use gloo", "tools/evaluate.py", '"nccl"', '"gloo"')
    answer = world.attempt()
    verdict = answer.data["verdicts"][2]
    assert verdict["kind"] == "conflict"
    assert {clash["path"] for clash in verdict["clashes"]} == {"tools/evaluate.py"}
    assert b"hccl" not in (world.tree / "scripts/rebuild.py").read_bytes()
    assert b'default="npu"' in (world.tree / "scripts/rebuild.py").read_bytes()


def test_conflict_markers_name_their_sides(world: World) -> None:
    """The markers say which side is upstream's and which the patch's."""
    world.history.edit("Seed one GPU", SEEDED, LINE, OTHER)
    world.rebase(Expected(("conflict",), path=SEEDED))
    text = (world.tree / SEEDED).read_text()
    ours = text[text.index("<<<<<<<") : text.index("=======")]
    assert OTHER in ours
    assert world.series[0].subject in text[text.index(">>>>>>>") :].splitlines()[0]


def test_markers_that_upstream_itself_holds(world: World) -> None:
    """A file of upstream's that documents conflict markers is no conflict of ours."""
    marked = "How a conflict looks:\n<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n"
    world.history.commit("Explain conflicts", {"docs/conflicts.md": marked})
    world.history.edit("Seed one GPU", SEEDED, LINE, OTHER)
    world.rebase(conflict(SEEDED, 1, by="Seed one GPU"))
    text = world.history.text(SEEDED).replace(OTHER, "    pass\n")
    world.resolve({SEEDED: text})
    after = rest(world.history.files | {SEEDED: text.encode()})
    world.go_on("--continue", resolved(), clean(), clean(), clean(), tree=after)
