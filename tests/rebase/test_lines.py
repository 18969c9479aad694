"""Upstream changes lines around those of a patch: where it lands, what it keeps."""

from worlds.expect import Expected, clean, conflict, merged, moved
from worlds.lumen import SEEDING, Tree
from worlds.rebase import World
from worlds.standin import SEED, Edit

SEEDED = "lumen/seeding.py"
ROTATED = "lumen/rotary.py"
FUNCTION = SEEDING[SEEDING.index("def seed_everything") : SEEDING.index("def worker_seed")]
TWIN = FUNCTION.replace("seed_everything", "seed_for_training")


def test_nothing_of_it_touched(world: World) -> None:
    world.history.edit("Tell more", "README.md", "and back", "and back again")
    data = world.rebase(clean(), clean(), clean(), clean())
    assert [commit["subject"] for commit in data["log"]] == ["Tell more"]
    assert data["history"] == ""


def test_moved_by_200(world: World) -> None:
    world.history.insert("Explain", SEEDED, 200)
    world.rebase(moved(200), clean(), clean(), clean())


def test_hunks_moved_apart(world: World) -> None:
    world.history.insert("Explain", ROTATED, 10)
    world.history.insert("Explain more", ROTATED, 7, before="    def forward")
    world.rebase(clean(), moved(10, 17), clean(), clean())


def test_only_the_second_hunk_moved(world: World) -> None:
    world.history.insert("Explain", ROTATED, 5, before="    def forward")
    world.rebase(clean(), moved(5), clean(), clean())


def test_moved_upwards(world: World) -> None:
    text = world.history.text("tools/evaluate.py")
    world.history.commit("Say less", {"tools/evaluate.py": text.partition("\n\n")[2]})
    world.rebase(clean(), clean(), moved(-2), clean())


def test_one_file_of_two_moved(world: World) -> None:
    world.history.insert("Explain", "tools/rebuild.py", 3)
    world.rebase(clean(), clean(), moved(3), clean())


def test_function_moved_above_another(world: World) -> None:
    """git's merge sees a deletion and an insertion, and stops; the conflict names the lines' new place."""
    chunk = "        left, right = x.chunk(2, dim=-1)\n"
    world.carry([Edit("Copy", {ROTATED: ((chunk, chunk.replace("x.chunk", "x.contiguous().chunk")),)})])
    text = world.history.text(ROTATED)
    above, start, end = (text.index(f"    def {name}(") for name in ("table", "forward", "angles"))
    sorted_text = text[:above] + text[start:end] + text[above:start] + text[end:]
    world.history.commit("Sort", {ROTATED: sorted_text})
    now = text[:above].count("\n") + 1
    world.rebase(conflict(ROTATED, 1, by="Sort", elsewhere=f"{ROTATED}:{now}"))


def test_context_changed_beside(world: World) -> None:
    world.history.edit(
        "Seed the old way",
        SEEDED,
        "    np.random.seed(seed)\n    torch",
        "    np.random.seed(seed % 2**32)\n    torch",
    )
    world.rebase(merged(), clean(), clean(), clean())


def test_function_renamed_below(world: World) -> None:
    world.history.edit("Call it what it is", SEEDED, "def worker_seed(worker)", "def seed_worker(worker)")
    world.rebase(merged(), clean(), clean(), clean())


def test_function_renamed_around_it(world: World) -> None:
    world.history.edit("Call it what it is", SEEDED, "def seed_everything(seed)", "def seed_all(seed)")
    world.rebase(clean(), clean(), clean(), clean())


def test_identical_twin_above(world: World) -> None:
    """The hunk fits where it says, and that is the wrong place: it is the twin now."""
    world.history.commit("Seed for training", {SEEDED: SEEDING.replace(FUNCTION, TWIN + FUNCTION)})
    wanted = SEEDING.replace(FUNCTION, TWIN + guarded(FUNCTION))
    after = Expected(("moved", "merged"), (TWIN.count("\n"),))
    world.rebase(after, clean(), clean(), clean(), tree=with_file(world, SEEDED, wanted))


def test_identical_twin_below(world: World) -> None:
    world.history.commit("Seed for training", {SEEDED: SEEDING.replace(FUNCTION, FUNCTION + TWIN)})
    wanted = SEEDING.replace(FUNCTION, guarded(FUNCTION) + TWIN)
    # Its line number is the same, but what follows it is not: its context is written anew.
    world.rebase(merged(), clean(), clean(), clean(), tree=with_file(world, SEEDED, wanted))


def test_place_has_gone_and_its_twin_stays(world: World) -> None:
    """Now the hunk stands once upstream, in a function that it was never meant for."""
    world.history.commit("Seed for training", {SEEDED: SEEDING.replace(FUNCTION, FUNCTION + TWIN)})
    line = "    torch.cuda.manual_seed_all(seed)\n"
    world.carry(
        [
            Edit(
                "Seed twice",
                {},
                whole={SEEDED: SEEDING.replace(FUNCTION, FUNCTION.replace(line, 2 * line) + TWIN)},
            )
        ]
    )
    world.history.commit("Seed for training only", {SEEDED: SEEDING.replace(FUNCTION, TWIN)})
    world.rebase(conflict(SEEDED, 1, by="Seed for training only"))


def test_blanks_at_the_end_of_a_context_line(world: World) -> None:
    world.history.edit(
        "Save", SEEDED, "    np.random.seed(seed)\n    torch", "    np.random.seed(seed)  \n    torch"
    )
    world.rebase(merged(), clean(), clean(), clean())


def test_no_newline_at_the_end_any_more(world: World) -> None:
    """The last line is the hunk's last line of context."""
    world.carry([Edit("Mend", {"tools/rebuild.sh": (("set -e\n", "set -eu\n"),)})])
    world.history.commit("Save", {"tools/rebuild.sh": world.history.files["tools/rebuild.sh"].rstrip(b"\n")})
    world.rebase(merged())


def test_file_never_had_a_newline_at_the_end(world: World) -> None:
    world.history.commit(
        "Save", {"tools/evaluate.py": world.history.files["tools/evaluate.py"].rstrip(b"\n")}
    )
    world.carry(
        [Edit("Say how it went", {"tools/evaluate.py": (("    main()", "    raise SystemExit(main())"),)})]
    )
    assert b"\\ No newline at end of file" in next(iter(world.patches.values()))
    world.history.insert("Explain", "tools/evaluate.py", 4)
    world.rebase(moved(4))


def test_path_and_text_beyond_ascii(world: World) -> None:
    world.carry([Edit("Nenne das Gerät", {"docs/Übersicht.md": (("Gerät: CUDA", "Gerät: Ascend 昇腾"),)})])
    world.history.edit("Begrüßen", "docs/Übersicht.md", "Übersicht", "Grüß Gott\n\nÜbersicht")
    data = world.rebase(moved(2))
    assert data["verdicts"][0]["offsets"][0]["path"] == "docs/Übersicht.md"


def test_text_that_is_not_utf8_beside(world: World) -> None:
    """The patch is UTF-8, the file is not, further up and down; its bytes stay as they are."""
    text = world.history.files["tools/evaluate.py"] + b"# \xfcber\n"
    world.history.commit("Comment", {"tools/evaluate.py": text})
    world.carry(world.series[2:3])
    world.history.commit("Comment above", {"tools/evaluate.py": b"# \xe4\n" + text})
    world.rebase(moved(1))


def test_two_patches_on_one_hunk_moved(world: World) -> None:
    world.carry(twice())
    world.history.insert("Explain", SEEDED, 12)
    world.rebase(moved(12), moved(12))


def test_two_patches_on_one_hunk_merged(world: World) -> None:
    world.carry(twice())
    world.history.edit(
        "Seed the old way",
        SEEDED,
        "    np.random.seed(seed)\n    torch",
        "    np.random.seed(seed % 7)\n    torch",
    )
    world.rebase(merged(), merged())


def test_crlf_from_the_start(world: World) -> None:
    """A file with CRLF is a file like any other: its patch is carried, its line ends stay."""
    crlf = world.history.files["tools/evaluate.py"].replace(b"\n", b"\r\n")
    world.history.commit("Save on another system", {"tools/evaluate.py": crlf})
    world.carry(world.series[2:3])
    world.history.commit("Explain", {"tools/evaluate.py": b"# a\r\n# b\r\n" + crlf})
    world.rebase(moved(2))


def twice() -> list[Edit]:
    """A patch, and one that changes the same lines again."""
    line = "    torch.cuda.manual_seed_all(seed)\n"
    guard = f"    if torch.cuda.is_available():\n    {line}"
    return [
        Edit("Guard it", {SEEDED: ((line, guard),)}),
        Edit("Guard it better", {SEEDED: ((guard, guard.replace("if torch", "if seed and torch")),)}),
    ]


def guarded(text: str) -> str:
    """What the first patch makes of its function."""
    return SEED.apply({SEEDED: text.encode()})[SEEDED].decode()


def with_file(world: World, path: str, text: str) -> Tree:
    """What the other three patches make of upstream, and this file."""
    tree = dict(world.history.files)
    for edit in world.series[1:]:
        tree = edit.apply(tree)
    return tree | {path: text.encode()}
