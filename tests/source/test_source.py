"""The sources of a tree: its files, what names mean, who refers to whom."""

import ast
from pathlib import Path
from typing import ClassVar

import pytest

from npuport.source.names import Scope
from npuport.source.project import Project
from npuport.source.shell import commands
from npuport.source.tree import LARGEST, read_commit, read_directory
from worlds.port import commit, git


class TestTree:
    FILES: ClassVar[dict[str, str | bytes | None]] = {
        "a.py": "x = 1\n",
        "run": "#!/bin/sh\ntrue\n",
        "README": "no ending, no script\n",
        "data.bin": b"\0\1",
        "sub/b.sh": "true\n",
        "conf.yaml": "a: 1\n",
        "requirements.txt": "torch\n",
        "notes.txt": "cuda\n",
        "node_modules/x.py": "x = 1\n",
        "big.py": b"#" * (LARGEST + 1),
    }
    READ: ClassVar[list[str]] = ["a.py", "conf.yaml", "requirements.txt", "run", "sub/b.sh"]

    @pytest.fixture
    def repository(self, tmp_path: Path) -> Path:
        git(tmp_path, "init", "--quiet", "--initial-branch=main")
        commit(tmp_path, self.FILES)
        (tmp_path / "run").chmod(0o755)
        (tmp_path / "link.py").symlink_to("a.py")
        (tmp_path / "gone.py").symlink_to("nowhere")
        commit(tmp_path, {})
        return tmp_path

    def test_a_directory_and_its_commit_are_the_same(self, repository: Path) -> None:
        files = read_directory(repository)
        assert list(files) == self.READ
        assert read_commit(repository, "HEAD") == files

    def test_an_environment_in_the_tree_is_left_out(self, repository: Path) -> None:
        environment = repository / "myenv"
        environment.mkdir()
        (environment / "pyvenv.cfg").touch()
        (environment / "x.py").touch()
        assert list(read_directory(repository)) == self.READ

    def test_a_loop_of_links_ends(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        (tmp_path / "a/up").symlink_to(tmp_path)
        (tmp_path / "a/b.py").touch()
        assert list(read_directory(tmp_path)) == ["a/b.py"]


def meaning(text: str, expression: str, package: str = "pkg") -> str | None:
    tree = ast.parse(text)
    scope = Scope(None, tree, f"{package}.m", package)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            scope = Scope(scope, node, f"{package}.m", package)
    return scope.resolve(ast.parse(expression, mode="eval").body)


@pytest.mark.parametrize(
    ("text", "expression", "expected"),
    [
        ("import torch as t", "t.cuda.x", "torch.cuda.x"),
        ("import a.b.c", "a.b.c.d", "a.b.c.d"),
        ("from torch import cuda as c", "c.x", "torch.cuda.x"),
        ("from . import x", "x.y", "pkg.x.y"),
        ("from ..a import x", "x", "pkg.a.x"),
        ("from .a import x", "x", "pkg.sub.a.x"),
        ("import torch\nc = torch.cuda", "c.x", "torch.cuda.x"),
        ("import torch", "getattr(torch, 'cuda').x", "torch.cuda.x"),
        ("import importlib", "importlib.import_module('torch.cuda').x", "torch.cuda.x"),
        ("try:\n    import a\nexcept ImportError:\n    a = None", "a.x", "a.x"),
        ("x = 1", "x.y", None),
        ("", "print", "builtins.print"),
        ("", "torch.cuda", "torch.cuda"),
        ("def f(torch): pass", "torch.cuda", None),
        ("import torch\ndef f():\n    torch = 1", "torch.cuda", None),
        ("import torch\ndef f():\n    for torch in x: pass", "torch.cuda", None),
        ("import torch\ndef f():\n    global torch\n    torch = 2", "torch.cuda", "torch.cuda"),
        ("def f():\n    import torch", "torch.cuda", "torch.cuda"),
        ("def g(): pass", "g", "pkg.m.g"),
    ],
)
def test_names_mean_what_python_makes_of_them(text: str, expression: str, expected: str | None) -> None:
    package = "pkg.sub" if ".sub." in (expected or "") or "..a" in text else "pkg"
    assert meaning(text, expression, package) == expected


class TestProject:
    FILES: ClassVar[dict[str, bytes]] = {
        "src/lib/__init__.py": b"from .core import Net as Model\nfrom .more import *\n",
        "src/lib/core.py": b"class Net:\n    def forward(self): pass\n",
        "src/lib/more.py": b"def helper(): pass\n",
        "src/lib/bad.py": b"def (\n",
        "tools/run.py": b"import util\n",
        "tools/util.py": b"def go(): pass\n",
    }

    @pytest.mark.parametrize(
        ("name", "kind", "path", "qualified"),
        [
            ("lib.Model", "class", "src/lib/core.py", "Net"),
            ("src.lib.core.Net.forward", "function", "src/lib/core.py", "Net.forward"),
            ("lib.helper", "function", "src/lib/more.py", "helper"),
            ("lib.core", "module", "src/lib/core.py", ""),
            ("util.go", "function", "tools/util.py", "go"),
        ],
    )
    def test_names_lead_to_definitions(self, name: str, kind: str, path: str, qualified: str) -> None:
        symbol = Project(self.FILES).find(name)
        assert symbol is not None
        assert (symbol.kind, symbol.module.path, symbol.qualified) == (kind, path, qualified)

    @pytest.mark.parametrize("name", ["torch.nn", "lib.bad.x", "lib.nothing", "nothing"])
    def test_others_lead_nowhere(self, name: str) -> None:
        found = Project(self.FILES).find(name)
        assert found is None or found.kind == "module"

    def test_circles_end(self) -> None:
        files = {"a.py": b"from b import x\n", "b.py": b"from a import x\nfrom a import *\n"}
        assert Project(files).find("a.x") is None


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a b c", [["a", "b", "c"]]),
        ("a; b && c | d &", [["a"], ["b"], ["c"], ["d"]]),
        ("a 'b c' \"d $e\" f\\ g", [["a", "b c", "d $e", "f g"]]),
        ("a $(b c) `d`", [["b", "c"], ["d"], ["a", "$()", "$()"]]),
        ('a "$(b | c)"', [["b"], ["c"], ["a", "$()"]]),
        ("a=${b:-$(c)}", [["c"], ["a=${b:-$()}"]]),
        ("if a; then b; else c; fi", [["a"], ["b"], ["c"]]),
        ("a > b 2>&1 < c d", [["a", "d"]]),
        ("a # b\nc#d", [["a"], ["c#d"]]),
        ("cat <<EOF\na $(b)\nEOF\nc", [["cat"], ["c"]]),
        ("cat <<-'E' | d\n\ta\n\tE\nc", [["cat"], ["d"], ["c"]]),
        ("a \\\n  b", [["a", "b"]]),
        ("f() { a; }", [["f"], ["a"]]),
        ("a <<< b c", [["a", "c"]]),
    ],
)
def test_shell_words(script: str, expected: list[list[str]]) -> None:
    assert [[word.text for word in command.words] for command in commands(script.encode())] == expected


def test_shell_tells_what_is_expanded_and_assigned() -> None:
    (command,) = commands(b"A=1 B=\"$C\" run '$D' ${E} \\$F")
    assert command.name == "run"
    assert [word.assignment for word in command.assignments] == [("A", "1"), ("B", "$C")]
    assert [name for word in command.words for name in word.expands] == ["C", "E"]
