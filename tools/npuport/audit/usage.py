"""How a value is used: the nearest call, default, assignment, comparison or dictionary around it."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from npuport.source.names import defaults_of


@dataclass(frozen=True)
class Usage:
    """How a value is used.

    Args:
        kind: argument, keyword, default, assign, item, key, index, return, compare, none.
        name: of the parameter, variable, key or function; the number of an argument.
        node: the call, assignment, comparison, ... that uses the value.
        around: the whole value that is used: the f-string, the list, the choice.
    """

    kind: str
    name: str = ""
    node: ast.AST | None = None
    around: ast.AST | None = None

    @property
    def call(self) -> ast.Call | None:
        """The call that the value is an argument of."""
        return self.node if isinstance(self.node, ast.Call) else None


_NONE = Usage("none")
_MAKES_MANY = (ast.ListComp, ast.SetComp, ast.GeneratorExp)
_TRANSPARENT = (
    *(ast.IfExp, ast.BoolOp, ast.List, ast.Tuple, ast.Set, ast.Starred, ast.NamedExpr, ast.JoinedStr),
    *_MAKES_MANY,
)


def usage_of(node: ast.expr, ancestors: Sequence[ast.AST]) -> Usage:
    """The use of a value: climb through lists, choices and formatting to the node that uses it."""
    child: ast.AST = node
    element: ast.AST = node
    climbing = list(ancestors)
    while climbing:
        parent, before = climbing.pop(), child
        if isinstance(parent, ast.IfExp) and child is parent.test:
            return _NONE
        if isinstance(parent, _MAKES_MANY) and child is not parent.elt:
            return _NONE
        if isinstance(parent, _TRANSPARENT) or (isinstance(parent, ast.BinOp) and child is parent.left):
            child = parent
        elif isinstance(parent, ast.Attribute) and parent.attr == "format" and climbing:
            child = climbing.pop()  # "cuda:{}".format(rank)
        else:
            if isinstance(parent, ast.Assign) and (target := _unpacked(parent, child, element)):
                return Usage("assign", name_of(target), parent, element)
            return _usage(child, parent, climbing)
        if isinstance(parent, (ast.Tuple, ast.List)):
            element = before
    return _NONE


def _unpacked(statement: ast.Assign, value: ast.AST, element: ast.AST) -> ast.expr | None:
    """The target that an element of a tuple is assigned to, `device, dtype = "cuda", None`."""
    target = statement.targets[-1]
    if isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
        pairs = zip(target.elts, value.elts, strict=False)
        return next((name for name, given in pairs if given is element), None)
    return None


def _usage(child: ast.AST, parent: ast.AST, above: list[ast.AST]) -> Usage:
    if isinstance(parent, ast.keyword):
        return Usage("keyword", parent.arg or "", above[-1] if above else None, child)
    if isinstance(parent, ast.Call) and child in parent.args:
        return Usage("argument", str(parent.args.index(child)), parent, child)
    if isinstance(parent, ast.arguments):
        name = next((arg.arg for arg, value in defaults_of(parent) if value is child), "")
        return Usage("default", name, parent, child)
    if isinstance(parent, (ast.Assign, ast.AnnAssign)) and child is parent.value:
        target = parent.targets[-1] if isinstance(parent, ast.Assign) else parent.target
        return Usage("assign", name_of(target), parent, child)
    if isinstance(parent, ast.Dict):
        if child in parent.keys:
            return Usage("key", "", parent, child)
        key = next(key for key, value in zip(parent.keys, parent.values, strict=True) if value is child)
        return Usage("item", name_of(key), parent, child)
    if isinstance(parent, ast.Return):
        functions = [n.name for n in above if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
        return Usage("return", functions[-1] if functions else "", parent, child)
    if isinstance(parent, (ast.Compare, ast.MatchValue)):
        return Usage("compare", "", parent, child)
    if isinstance(parent, ast.Subscript) and child is parent.slice:
        return Usage("index", name_of(parent.value), parent, child)
    return _NONE


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
