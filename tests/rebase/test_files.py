"""Upstream renames, splits, deletes and replaces the files of a patch; patches do the same."""

from worlds.expect import Expected, clean, conflict, deleted, merged, moved, renamed, upstreamed
from worlds.lumen import ROTARY
from worlds.rebase import World
from worlds.standin import NAME, SEED, TABLES, TOOLS, Edit

SEEDED = "lumen/seeding.py"
ROTATED = "lumen/rotary.py"
ADDED = "lumen/accelerator.py"


def test_file_renamed(world: World) -> None:
    world.history.rename("Name it after what it does", SEEDED, "lumen/random.py")
    after = renamed({SEEDED: "lumen/random.py"}, by="Name it after what it does")
    world.rebase(after, clean(), clean(), clean())


def test_file_renamed_and_moved_down(world: World) -> None:
    world.history.rename("Name it after what it does", SEEDED, "lumen/random.py")
    world.history.insert("Explain", "lumen/random.py", 6)
    world.rebase(renamed({SEEDED: "lumen/random.py"}, 6), clean(), clean(), clean())


def test_file_renamed_twice(world: World) -> None:
    world.history.rename("Name it after what it does", SEEDED, "lumen/random.py")
    world.history.edit("Explain", "lumen/random.py", '"""Seeds."""', '"""Seeds of all kinds."""')
    world.history.rename("Say what is in it", "lumen/random.py", "lumen/generators.py")
    world.rebase(renamed({SEEDED: "lumen/generators.py"}), clean(), clean(), clean())


def test_file_renamed_and_an_old_name_taken_by_another(world: World) -> None:
    """What has the old name now is another file, and not to be patched."""
    history = world.history
    stub = "from lumen.random import seed_everything\n"
    history.commit("Name it anew", {SEEDED: stub, "lumen/random.py": history.files[SEEDED]})
    after = Expected(("renamed", "conflict"), None, {}, None)
    answer = world.attempt()
    assert answer.data["verdicts"][0]["kind"] in after.kinds
    if answer.code == 0:
        assert answer.data["verdicts"][0]["renames"][0]["new"] == "lumen/random.py"


def test_one_file_of_two_renamed(world: World) -> None:
    world.history.rename("Give the scripts a home", "tools/rebuild.py", "scripts/rebuild.py")
    after = renamed({"tools/rebuild.py": "scripts/rebuild.py"}, by="Give the scripts a home")
    world.rebase(clean(), clean(), after, clean())


def test_renamed_on_a_merged_branch(world: World) -> None:
    world.history.branch("topic")
    world.history.rename("Name it after what it does", SEEDED, "lumen/random.py")
    world.history.switch("main")
    world.history.edit("Tell more", "README.md", "and back", "and back again")
    world.history.merge("topic", "Merge topic", {SEEDED: None})
    after = renamed({SEEDED: "lumen/random.py"}, by="Name it after what it does")
    world.rebase(after, clean(), clean(), clean())


def test_directory_renamed(world: World) -> None:
    """A patch that adds a file adds it to the directory by its new name."""
    inside = [path for path in world.history.files if path.startswith("lumen/")]
    files = {path: world.history.files[path] for path in inside}
    new = {f"src/{path}": data for path, data in files.items()}
    world.history.commit("Give the package a home", {**dict.fromkeys(inside), **new})
    by = "Give the package a home"
    world.rebase(
        renamed({SEEDED: f"src/{SEEDED}"}, by=by),
        renamed({ROTATED: f"src/{ROTATED}"}, by=by),
        clean(),
        renamed({ADDED: f"src/{ADDED}"}),
    )


def test_file_turned_into_a_package(world: World) -> None:
    world.history.rename("Make room", ROTATED, "lumen/rotary/__init__.py")
    after = renamed({ROTATED: "lumen/rotary/__init__.py"}, by="Make room")
    world.rebase(clean(), after, clean(), clean())


def test_file_split(world: World) -> None:
    """Half of it stays, the other half, with one of the patch's two hunks, lives elsewhere now."""
    at = ROTARY.index("    def angles")
    rest = '"""Angles."""\n\nimport torch\n\n\nclass Angles:\n' + ROTARY[at:]
    world.history.commit("Split", {ROTATED: ROTARY[:at].rstrip("\n") + "\n", "lumen/angles.py": rest})
    world.rebase(clean(), conflict(ROTATED, 2, by="Split", elsewhere="lumen/angles.py:"))
    ours = TABLES.apply(world.history.files | {ROTATED: ROTARY.encode()})[ROTATED].decode()
    at = ours.index("    def angles")
    halves = {
        ROTATED: ours[:at].rstrip("\n") + "\n",
        "lumen/angles.py": rest.replace(ROTARY[ROTARY.index("    def angles") :], ours[at:]),
    }
    world.resolve(halves)
    tree = NAME.apply(TOOLS.apply(SEED.apply(world.history.files)))
    after = tree | {path: text.encode() for path, text in halves.items()}
    world.go_on("--continue", clean(), Expected(("resolved",)), clean(), clean(), tree=after)


def test_file_deleted(world: World) -> None:
    world.history.commit("Go without", {ROTATED: None})
    world.rebase(clean(), deleted(ROTATED, by="Go without"))
    world.go_on("--skip", clean(), Expected(("skipped",)), clean(), clean())


def test_file_deleted_and_its_text_elsewhere(world: World) -> None:
    """Too little is alike for a rename, but the lines exist."""
    text = world.history.text(SEEDED)
    at = text.index("def seed_everything")
    body = world.history.text("lumen/blocks.py") + "\n\n" + text[at:]
    world.history.commit("Put it together", {SEEDED: None, "lumen/blocks.py": body})
    world.rebase(deleted(SEEDED, by="Put it together", elsewhere="lumen/blocks.py:"))


def test_file_replaced_by_a_link(world: World) -> None:
    world.history.commit("Move", {"lumen/random.py": world.history.files[SEEDED] + b"\n# moved\n"})
    world.history.mode("Link", SEEDED, "120000", b"random.py")
    answer = world.attempt()
    kinds = [verdict["kind"] for verdict in answer.data["verdicts"]]
    assert (answer.code, kinds) in ((1, ["conflict"]), (1, ["deleted"])), answer.data
    assert answer.data["verdicts"][0]["clashes"][0]["culprit"]["subject"] == "Link"


def test_file_replaced_by_a_directory(world: World) -> None:
    files = {SEEDED: None, f"{SEEDED}/one": "1\n", f"{SEEDED}/two": "2\n"}
    world.history.commit("Be odd", files)
    world.rebase(deleted(SEEDED, by="Be odd"))


def test_upstream_made_it_executable(world: World) -> None:
    """The patch's diff names the old mode; the file keeps the new one."""
    world.history.mode("Let it run", "tools/rebuild.py", "100755")
    after = Expected(("merged", "moved"))
    world.rebase(clean(), clean(), after, clean())
    assert (world.layout.ported / "tools/rebuild.py").stat().st_mode & 0o111


def test_patch_makes_a_file_executable(world: World) -> None:
    world.carry([Edit("Let it run", {}, modes={"tools/rebuild.sh": "100755"}), SEED])
    world.history.insert("Explain", "tools/rebuild.sh", 3, before="set -e")
    world.rebase(clean(), clean())
    assert (world.layout.ported / "tools/rebuild.sh").stat().st_mode & 0o111


def test_added_file_is_there_now_the_same(world: World) -> None:
    world.history.commit("Name the accelerator", {ADDED: (NAME.whole or {})[ADDED]})
    world.rebase(clean(), clean(), clean(), upstreamed("Name the accelerator"))


def test_added_file_is_there_now_another(world: World) -> None:
    world.history.commit("Name the accelerator", {ADDED: "def accelerator():\n    return 'cuda'\n"})
    world.rebase(clean(), clean(), clean(), conflict(ADDED, by="Name the accelerator"))
    world.resolve({ADDED: "def accelerator():\n    return 'npu'\n"})
    tree = TOOLS.apply(TABLES.apply(SEED.apply(world.history.files)))
    after = tree | {ADDED: b"def accelerator():\n    return 'npu'\n"}
    world.go_on("--continue", clean(), clean(), clean(), Expected(("resolved",)), tree=after)


def test_patch_deletes_a_file_that_upstream_changed(world: World) -> None:
    world.carry([Edit("Do without the script", {}, whole={"tools/rebuild.sh": None}), SEED])
    world.history.edit("Be quiet", "tools/rebuild.sh", "echo done\n", "")
    world.rebase(conflict("tools/rebuild.sh", by="Be quiet"))
    world.resolve({"tools/rebuild.sh": None} if (world.tree / "tools/rebuild.sh").exists() else {})
    world.go_on("--continue", Expected(("resolved",)), clean())


def test_both_delete_a_file(world: World) -> None:
    world.carry([Edit("Do without the script", {}, whole={"tools/rebuild.sh": None}), SEED])
    world.history.commit("Do without it", {"tools/rebuild.sh": None})
    world.rebase(upstreamed("Do without it"), clean())


def test_patch_renames_a_file_that_upstream_moved_down(world: World) -> None:
    shorter = (("import torch\n\n\n", "import torch\n\nCUDA = False\n\n"),)
    edit = Edit("Name it", {"lumen/random.py": shorter}, renames={SEEDED: "lumen/random.py"})
    world.carry([edit, NAME])
    world.history.insert("Explain", SEEDED, 8)
    world.rebase(Expected(("moved", "merged"), (8,)), clean())


def test_patch_renames_a_file_and_nothing_else(world: World) -> None:
    world.carry([Edit("Name it", {}, renames={SEEDED: "lumen/random.py"}), NAME])
    world.history.edit("Explain", SEEDED, '"""Seeds."""', '"""Seeds of all kinds."""')
    world.rebase(clean(), clean())


def test_both_rename_a_file(world: World) -> None:
    world.carry([Edit("Name it", {}, renames={SEEDED: "lumen/random.py"})])
    world.history.rename("Name it otherwise", SEEDED, "lumen/generators.py")
    answer = world.attempt()
    assert (answer.code, answer.data["verdicts"][0]["kind"]) == (1, "conflict")
    assert "Name it otherwise" in str(answer.data["verdicts"][0]["clashes"])


def test_both_rename_a_file_alike(world: World) -> None:
    world.carry([Edit("Name it", {}, renames={SEEDED: "lumen/random.py"}), NAME])
    world.history.rename("Name it so", SEEDED, "lumen/random.py")
    world.rebase(upstreamed("Name it so"), clean())


def test_two_patches_follow_one_rename(world: World) -> None:
    second = Edit("Say more", {SEEDED: (('"""Seeds."""', '"""Seeds, on any accelerator."""'),)})
    world.carry([SEED, second])
    world.history.rename("Name it after what it does", SEEDED, "lumen/random.py")
    after = renamed({SEEDED: "lumen/random.py"})
    world.rebase(after, after)


def test_submodule_added(world: World) -> None:
    modules = '[submodule "LightningDiT"]\n\tpath = LightningDiT\n\turl = https://dit.example/dit\n'
    world.history.gitlink("Train with it", "LightningDiT", "1" * 40, {".gitmodules": modules})
    world.rebase(clean(), clean(), clean(), clean())


def test_reformatting_adds_lines_elsewhere_in_the_file(world: World) -> None:
    """What is reformatted lies beside the patch."""
    world.history.edit(
        "Wrap",
        "tools/rebuild.py",
        '    parser.add_argument("picture")\n',
        '    parser.add_argument(\n        "picture",\n    )\n',
    )
    world.rebase(clean(), clean(), merged(), clean())


def test_blank_lines_only(world: World) -> None:
    world.history.edit("Breathe", "tools/rebuild.py", "import argparse\n\n", "import argparse\n\n\n")
    world.rebase(clean(), clean(), moved(1), clean())


def test_context_and_rename_at_once(world: World) -> None:
    text = world.history.text(SEEDED).replace(
        "    np.random.seed(seed)\n    torch", "    np.random.seed(seed % 7)\n    torch"
    )
    world.history.rename("Name it after what it does", SEEDED, "lumen/random.py", text)
    world.rebase(renamed({SEEDED: "lumen/random.py"}), clean(), clean(), clean())
