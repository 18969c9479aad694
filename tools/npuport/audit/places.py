"""Where a value stands: the nearest call, default, assignment, comparison or dictionary around it."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where a value stands.

    Args:
        kind: argument, keyword, default, assign, item, key, index, return, compare, start, none.
        name: of the parameter, variable, key or function.
        node: the call or comparison.
        around: the value as it stands there: the f-string, the list, the choice.
    """

    kind: str
    name: str = ""
    node: ast.AST | None = None
    around: ast.AST | None = None


_NOWHERE = Place("none")
_MAKES_MANY = (ast.ListComp, ast.SetComp, ast.GeneratorExp)
_TRANSPARENT = (
    ast.IfExp,
    ast.BoolOp,
    ast.List,
    ast.Tuple,
    ast.Set,
    ast.Starred,
    ast.NamedExpr,
    ast.JoinedStr,
    *_MAKES_MANY,
)


def place_of(node: ast.expr, ancestors: Sequence[ast.AST]) -> Place:
    """Where a value stands: climb through lists, choices and formatting to what uses it."""
    child: ast.AST = node
    element: ast.AST = node
    climbing = list(ancestors)
    while climbing:
        parent, before = climbing.pop(), child
        if isinstance(parent, ast.IfExp) and child is parent.test:
            return _NOWHERE
        if isinstance(parent, _MAKES_MANY) and child is not parent.elt:
            return _NOWHERE
        if isinstance(parent, _TRANSPARENT) or (isinstance(parent, ast.BinOp) and child is parent.left):
            child = parent
        elif isinstance(parent, ast.Attribute) and parent.attr == "format" and climbing:
            child = climbing.pop()  # "cuda:{}".format(rank)
        else:
            if isinstance(parent, ast.Assign) and (target := _unpacked(parent, child, element)):
                return Place("assign", name_of(target), parent, element)
            return _place(child, parent, climbing)
        if isinstance(parent, (ast.Tuple, ast.List)):
            element = before
    return _NOWHERE


def _unpacked(statement: ast.Assign, value: ast.AST, element: ast.AST) -> ast.expr | None:
    """The target that an element of a tuple goes to, `device, dtype = "cuda", None`."""
    target = statement.targets[-1]
    if isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
        pairs = zip(target.elts, value.elts, strict=False)
        return next((name for name, given in pairs if given is element), None)
    return None


def _place(child: ast.AST, parent: ast.AST, above: list[ast.AST]) -> Place:
    if isinstance(parent, ast.keyword):
        return Place("keyword", parent.arg or "", above[-1] if above else None, child)
    if isinstance(parent, ast.Call) and child in parent.args:
        return Place("argument", str(parent.args.index(child)), parent, child)
    if isinstance(parent, ast.arguments):
        return Place("default", _parameter(parent, child), parent, child)
    if isinstance(parent, (ast.Assign, ast.AnnAssign)) and child is parent.value:
        target = parent.targets[-1] if isinstance(parent, ast.Assign) else parent.target
        return Place("assign", name_of(target), parent, child)
    if isinstance(parent, ast.Dict):
        if child in parent.keys:
            return Place("key", "", parent, child)
        return Place("item", name_of(parent.keys[parent.values.index(child)]), parent, child)  # type: ignore[arg-type]
    if isinstance(parent, ast.Return):
        functions = [n.name for n in above if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
        return Place("return", functions[-1] if functions else "", parent, child)
    if isinstance(parent, (ast.Compare, ast.MatchValue)):
        return Place("compare", "", parent, child)
    if isinstance(parent, ast.Subscript) and child is parent.slice:
        return Place("index", name_of(parent.value), parent, child)
    return _NOWHERE


def _parameter(arguments: ast.arguments, default: ast.AST) -> str:
    """The parameter that a default belongs to."""
    plain = [*arguments.posonlyargs, *arguments.args]
    named = [*zip(plain[len(plain) - len(arguments.defaults) :], arguments.defaults, strict=True)]
    named += [
        (arg, value) for arg, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value
    ]
    return next((arg.arg for arg, value in named if value is default), "")


def name_of(node: ast.AST | None) -> str:
    """The last name of a variable, attribute, item or key."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        return name_of(node.slice)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ""
