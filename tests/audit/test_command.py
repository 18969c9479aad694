"""`npuport audit` as a user runs it: coverage, new findings, the draft, text, JSON, SARIF, exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest

from npuport.audit import new_assumptions
from npuport.audit.match import paired, renames
from npuport.audit.scan import scan_file
from npuport.cli import main
from npuport.edit.refresh import refresh
from npuport.patch.apply import apply_exactly, load_tree
from npuport.patch.mail import parse_patch
from npuport.port.series import read_series
from npuport.source.tree import read_commit
from worlds.port import SEED, Port, commit, diff_of, git, make_patch

GUARDED = SEED.replace(
    "    torch.cuda.m",
    "    if torch.cuda.is_available():\n        torch.cuda.m",
)
MOVE = "import torch\n\n\ndef move(x):\n    return x.cuda()\n"


@pytest.fixture
def world(port: Port) -> Port:
    """A port whose upstream moves to CUDA in `move.py`, unpatched, and whose adapter uses both helpers."""
    commit(port.upstream, {"move.py": MOVE, "README.md": "```python\nx.cuda()\n```\n"}, "Move")
    port.write_lock()
    port.write_series(make_patch(diff_of(port.upstream, {"tools/seed.py": GUARDED}), "Seed what is present"))
    port.layout.adapter.write_text("from tools.seed import seed\nfrom move import move\nmove(seed(1))\n")
    refresh(port.layout)
    return port


def run(port: Port, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = main(["audit", "--port", str(port.layout.root), "--json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def test_each_finding_has_its_reach_and_its_patch(world: Port, capsys: pytest.CaptureFixture[str]) -> None:
    code, data = run(world, capsys)
    found = {(f["path"], f["line"]): f for f in data["findings"]}
    assert found["tools/seed.py", 6]["covered_by"] == "0001-patch.patch"
    assert found["tools/seed.py", 6]["via"] == ["adapter.py", "seed"]
    assert found["move.py", 5]["covered_by"] == ""
    assert found["move.py", 5]["reach"] == "reached"
    assert found["README.md", 2]["level"] == "note"
    assert (code, data["good"], data["blocking"]) == (1, False, 1)
    assert data["counts"] == {"error": 1, "warning": 1, "note": 1}
    assert data["trees"] == [{"path": None, "commit": git(world.upstream, "rev-parse", "HEAD"), "files": 5}]


def test_a_patch_that_removes_the_line_covers_it(world: Port, capsys: pytest.CaptureFixture[str]) -> None:
    neutral = MOVE.replace(".cuda()", ".to(DEVICE)")
    world.write_series(make_patch(diff_of(world.upstream, {"move.py": neutral}), "Move anywhere"))
    refresh(world.layout)
    code, data = run(world, capsys)
    found = {(f["path"], f["line"]): f["covered_by"] for f in data["findings"]}
    assert found["move.py", 5] == "0001-patch.patch"
    assert found["tools/seed.py", 6] == ""
    assert code == 0  # what is left on the model path is a warning


def test_a_directory_needs_no_port(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    (tmp_path / "tree").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["audit", "--tree", "tree"]) == 0
    assert "nothing assumes CUDA" in capsys.readouterr().out
    (tmp_path / "tree/m.py").write_text("x.cuda()\n")
    assert main(["audit", "--tree", "tree"]) == 1
    text = capsys.readouterr().out
    assert "m.py\n  1  error    cuda-method\n     x.cuda()\n     -> .to(device)" in text
    assert "1 finding: 1 error; --fix drafts a change for 1" in text
    assert main(["audit", "--tree", "tree/m.py"]) == 1
    assert main(["audit", "--tree", "nowhere"]) == 1
    assert "nowhere: no such file or directory" in capsys.readouterr().err
    assert main(["audit"]) == 1
    assert main(["audit", "--tree", "tree", "--since", "main"]) == 1


def test_a_long_line_is_shown_where_it_matters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.py").write_text(
        f"loader = Loader({', '.join(f'a{n}=1' for n in range(40))}, pin_memory=True)\n"
    )
    assert main(["audit", "--tree", str(tmp_path)]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "..." in line)
    assert "pin_memory=True" in line
    assert len(line) < 110


def test_paths_start_with_their_tree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "m.py").write_text("x.cuda()\n")
    main(["audit", "--json", "--tree", str(tmp_path / "a"), "--tree", str(tmp_path / "b")])
    data = json.loads(capsys.readouterr().out)
    assert [f["path"] for f in data["findings"]] == [f"{tmp_path}/a/m.py", f"{tmp_path}/b/m.py"]


def test_the_ports_own_tree_has_entry_points_and_patches(
    world: Port, capsys: pytest.CaptureFixture[str]
) -> None:
    _, pinned = run(world, capsys)
    _, tree = run(world, capsys, "--tree", str(world.upstream))
    assert tree["findings"] == pinned["findings"]


class TestSince:
    def test_only_what_is_new(self, world: Port, capsys: pytest.CaptureFixture[str]) -> None:
        first = git(world.upstream, "rev-parse", "HEAD~1")
        code, data = run(world, capsys, "--since", first)
        assert [f["path"] for f in data["findings"]] == ["README.md", "move.py"]
        assert (code, data["since"]) == (1, first)
        code, data = run(world, capsys, "--since", "main")
        assert (code, data["findings"]) == (0, [])

    def test_moved_and_renamed_code_is_not_new(self, world: Port, capsys: pytest.CaptureFixture[str]) -> None:
        before = git(world.upstream, "rev-parse", "HEAD")
        files: dict[str, str | bytes | None] = {
            "tools/seed.py": None,
            "tools/random.py": "# Renamed, and moved down by a few lines.\n\n" + SEED,
            "move.py": "import torch\n\n\ndef still(x):\n    return x\n",
            "lib/moved.py": MOVE + "\n\ndef fresh(x):\n    return x.is_cuda\n",
        }
        commit(world.upstream, files, "Move about")
        world.write_lock()
        world.write_series()
        refresh(world.layout)
        _, data = run(world, capsys, "--since", before)
        assert [(f["path"], f["rule"]) for f in data["findings"]] == [("lib/moved.py", "is-cuda")]

    def test_a_second_one_of_the_same_is_new(self, upstream: Path) -> None:
        old = read_commit(upstream, "HEAD")
        new = old | {"tools/seed.py": old["tools/seed.py"] + b"    torch.cuda.manual_seed_all(n)\n"}
        lines = new_assumptions(old, new, b"from tools.seed import seed\nseed(1)\n")
        assert lines == (
            "tools/seed.py:7: warning: torch.cuda.manual_seed_all (cuda-api), on the model path: "
            "adapter.py > seed; write torch.manual_seed, which seeds every accelerator as well",
        )
        assert new_assumptions(new, old, b"") == ()
        assert new_assumptions(old, old, b"") == ()

    def test_an_unknown_ref_is_the_users_fault(self, world: Port, capsys: pytest.CaptureFixture[str]) -> None:
        code, data = run(world, capsys, "--since", "nowhere")
        assert code == 1
        assert data["error"].endswith("has no heads/nowhere") or data["error"].endswith("has no nowhere")


class TestFix:
    def test_the_draft_follows_the_series(self, world: Port, capsys: pytest.CaptureFixture[str]) -> None:
        _, data = run(world, capsys, "--fix")
        (patch,) = data["patches"]
        assert patch["files"] == ["move.py"]
        path = Path(patch["path"])
        assert path.parent == world.layout.out / "audit"
        assert path.name.startswith("0002-")
        drafted = parse_patch(path.name, path.read_bytes())
        series = [parse_patch(f.name, f.data) for f in read_series(world.layout.patches)]
        tree = load_tree(world.upstream, "HEAD", [*series, drafted])
        for one in [*series, drafted]:
            apply_exactly(tree, one)
        after = b"".join(tree["move.py"].lines or [])
        assert not scan_file("move.py", after)

    def test_patches_are_left_alone(self, world: Port, capsys: pytest.CaptureFixture[str]) -> None:
        before = sorted(path.name for path in world.layout.patches.iterdir())
        run(world, capsys, "--fix", "-o", str(world.layout.root / "draft.patch"))
        assert (world.layout.root / "draft.patch").exists()
        assert sorted(path.name for path in world.layout.patches.iterdir()) == before

    def test_git_takes_the_draft(
        self, world: Port, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        patch = tmp_path / "draft.patch"
        run(world, capsys, "--tree", str(world.upstream), "--fix", "-o", str(patch))
        git(world.upstream, "am", "--quiet", str(patch))
        assert "x.to(_accelerator())" in (world.upstream / "move.py").read_text()

    def test_no_change_is_reported(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "m.py").write_text("import flash_attn\n")
        assert main(["audit", "--tree", str(tmp_path), "--fix"]) == 1
        assert "no finding has a mechanical change" in capsys.readouterr().out

    def test_output_without_fix_is_refused(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["audit", "--tree", str(tmp_path), "-o", "x"]) == 1
        assert "add --fix" in capsys.readouterr().err


def test_sarif(world: Port, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "new/audit.sarif"
    _, data = run(world, capsys, "--sarif", str(path))
    (log,) = json.loads(path.read_text())["runs"]
    assert len(log["results"]) == len(data["findings"])
    result = next(r for r in log["results"] if r["ruleId"] == "cuda-method" and r["level"] == "error")
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "move.py"}, "region": {"startLine": 5, "startColumn": 12}}
    assert log["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "cuda-method"


def test_findings_are_paired_by_content() -> None:
    old = b"x.cuda()\ny.cuda()\nx.cuda()\n"
    new = b"import a\nz.cuda()\nx.cuda()\ny.cuda()\nx.cuda()\n"
    pairs = paired(scan_file("m.py", old), scan_file("m.py", new), old, new)
    assert pairs == {1: 0, 2: 1, 3: 2}


def test_renames_are_seen_by_content() -> None:
    body = b"".join(b"value_%d = %d\n" % (n, n) for n in range(20))
    old = {"a.py": body, "b.py": b"other = 1\n" * 3, "kept.py": body}
    new = {"c.py": body, "d.py": body.replace(b"value_3", b"changed"), "kept.py": body}
    assert renames(old, new)["c.py"] == "a.py"
    assert renames({"a.py": body}, {"d.py": new["d.py"]}) == {"d.py": "a.py"}
    assert renames({"a.py": body}, {"d.py": b"nothing = 'alike'\n" * 20}) == {}
