"""Where a patch lands, found in memory: surely, or not at all. And what of its bytes stays."""

import hashlib
from collections.abc import Callable
from difflib import unified_diff
from pathlib import Path

import pytest

from npuport.patch.apply import Tree, TreeFile, split_lines
from npuport.patch.mail import parse_patch
from npuport.patch.parts import Patch
from npuport.rebase.align import Alignment
from npuport.rebase.place import Placed, place
from worlds.port import MODEL, commit, edited, git, make_patch

TWICE = "a = 1\nb = 2\nc = 3\n" * 2


def tree(**files: str) -> Tree:
    return {
        name.replace("_py", ".py"): TreeFile("100644", split_lines(text.encode()))
        for name, text in files.items()
    }


def patch(old: str, new: str, path: str = "model.py", context: int = 3) -> Patch:
    """A patch of one file, as git writes it."""
    lines = list(
        unified_diff(old.splitlines(True), new.splitlines(True), "a/" + path, "b/" + path, n=context)
    )
    text = f"diff --git a/{path} b/{path}\nindex 1111111..2222222 100644\n" + "".join(lines)
    return parse_patch("0001-a.patch", make_patch(text))


CHANGE = patch(MODEL, edited(10, "'ten'"))
Placing = Callable[[Tree, Tree, Patch], Placed | None]


@pytest.fixture
def placing(tmp_path: Path) -> Placing:
    """`place`, with the two trees as commits of a repository."""

    def run(old: Tree, new: Tree, change: Patch) -> Placed | None:
        git(tmp_path, "init", "--quiet")
        ids = []
        for files in (old, new):
            git(tmp_path, "rm", "-r", "-f", "-q", "--ignore-unmatch", ".")
            ids.append(commit(tmp_path, {path: b"".join(file.lines or []) for path, file in files.items()}))
        return place(old, new, change, Alignment(tmp_path, ids[0], ids[1], old, new))

    return run


def test_untouched_file_is_clean_and_keeps_its_bytes(placing: Placing) -> None:
    placed = placing(tree(model_py=MODEL), tree(model_py=MODEL, other_py="x\n"), CHANGE)
    assert placed is not None
    assert placed.patch is CHANGE
    assert placed.offsets == ()


@pytest.mark.parametrize("count", [1, 200])
def test_moved_by_lines_above(placing: Placing, count: int) -> None:
    above = "".join(f"# {n}\n" for n in range(count))
    placed = placing(tree(model_py=MODEL), tree(model_py=above + MODEL), CHANGE)
    assert placed is not None
    assert [(o.path, o.hunk, o.lines) for o in placed.offsets] == [("model.py", 1, count)]
    hunk = placed.patch.changes[0].hunks[0]
    assert hunk.old_start == CHANGE.changes[0].hunks[0].old_start + count
    old, new = (p.data.split(b"\n") for p in (CHANGE, placed.patch))
    differ = [a for a, b in zip(old, new, strict=True) if a != b]
    assert [line.split(b" ")[0] for line in differ] == [b"index", b"@@"], "nothing else is rewritten"


def test_the_index_line_names_the_new_blobs(placing: Placing) -> None:
    """As git itself would hash them."""
    there = "# one\n" + MODEL
    placed = placing(tree(model_py=MODEL), tree(model_py=there), CHANGE)
    assert placed is not None
    after = there.replace("value_10 = 10\n", "value_10 = 'ten'\n")
    ids = [hashlib.sha1(f"blob {len(t)}\0{t}".encode()).hexdigest() for t in (there, after)]
    assert f"index {ids[0]}..{ids[1]} 100644" in placed.patch.data.decode()


def test_two_hunks_move_by_their_own_ways(placing: Placing) -> None:
    both = patch(MODEL, edited(3, "'x'").replace("value_18 = 18\n", "value_18 = 'y'\n"))
    there = MODEL.replace("value_10 = 10\n", "value_10 = 10\n# new\n# lines\n")
    placed = placing(tree(model_py=MODEL), tree(model_py=there), both)
    assert placed is not None
    assert [(o.hunk, o.lines) for o in placed.offsets] == [(2, 2)]
    assert placed.patch.changes[0].hunks[1].new_start == both.changes[0].hunks[1].new_start + 2


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        pytest.param(MODEL, edited(10, "0"), CHANGE, id="the line itself changed"),
        pytest.param(MODEL, edited(9, "0"), CHANGE, id="its context changed"),
        pytest.param(MODEL, MODEL + MODEL, CHANGE, id="it stands twice now"),
        pytest.param(
            TWICE, "# x\n" + TWICE, patch(TWICE, "a = 1\nb = 9\nc = 3\n" + TWICE[18:]), id="it stood twice"
        ),
        pytest.param(MODEL, MODEL + "end = 1\n", patch(MODEL, edited(20, "0")), id="no more at the end"),
    ],
)
def test_not_sure(placing: Placing, old: str, new: str, change: Patch) -> None:
    assert placing(tree(model_py=old), tree(model_py=new), change) is None


def test_a_copy_that_took_the_context_over(placing: Placing) -> None:
    """The hunk with its context stands once, but what it replaces stands twice: the copy is not meant."""
    body = "".join(f"    step_{n}()\n" for n in range(6))
    old = f"def one():\n{body}\n\ndef last():\n    pass\n"
    new = f"def one():\n{body}\n\ndef two():\n{body}\n\ndef last():\n    pass\n"
    change = patch(old, old.replace("    step_5()\n", "    step_5(None)\n"))
    assert placing(tree(model_py=old), tree(model_py=new), change) is None


def test_a_file_that_is_gone_or_of_another_mode(placing: Placing) -> None:
    assert placing(tree(model_py=MODEL), tree(other_py=MODEL), CHANGE) is None
    executable = {"model.py": TreeFile("100755", split_lines(MODEL.encode()))}
    assert placing(tree(model_py=MODEL), executable, CHANGE) is None
    link = {"model.py": TreeFile("120000", None)}
    assert placing(tree(model_py=MODEL), link, CHANGE) is None


def test_a_new_file(placing: Placing) -> None:
    text = (
        "diff --git a/new.py b/new.py\nnew file mode 100644\n--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+x\n"
    )
    added = parse_patch("0001-a.patch", make_patch(text))
    assert placing(tree(model_py=MODEL), tree(model_py=MODEL), added) is not None
    assert placing(tree(model_py=MODEL), tree(model_py=MODEL, new_py="y\n"), added) is None
    assert placing(tree(model_py=MODEL), tree(model_py=MODEL, new_py="x\n"), added) is None, (
        "for a merge to tell"
    )


STEP = """def train_step(model, batch):
    model.train()
    images, labels = batch
    images = images.cuda()
    labels = labels.cuda()
    with torch.cuda.amp.autocast():
        loss = model(images, labels)
    return loss
"""


def test_twin_of_a_place_that_upstream_changed(placing: Placing) -> None:
    """The block occurs once in each file, but it is another function's now: git stops here, and so do we."""
    change = patch(STEP, STEP.replace("torch.cuda.amp.autocast()", "torch.autocast(DEVICE)"))
    modern = STEP.replace("torch.cuda.amp.autocast()", 'torch.autocast("cuda")')
    modern = modern.replace("    return", "    opt.step()\n    return")
    new = f"{modern}\n\n{STEP.replace('train_step', 'eval_step').replace('train()', 'eval()')}"
    assert placing(tree(model_py=STEP), tree(model_py=new), change) is None
