"""The meaning of names in a module."""

import ast

import pytest

from npuport.source.names import Scope


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
