"""A Python file's text for the mechanical changes: the bytes of a node, the names that a change may use."""

import ast
import re

from npuport.source.module import decoded
from npuport.source.names import Scope

#: The function that the changes call; it is added below a file's imports.
HELPER = '''def {name}(index=None):
    """The accelerator that is present (CUDA, NPU, ...), else the CPU."""
    found = {torch}.accelerator.current_accelerator(check_available=True)
    if found is None:
        return {torch}.device("cpu")
    return found if index is None else {torch}.device(f"{{found.type}}:{{index}}")
'''
_AMP = {"autocast", "GradScaler"}


class SourceText:
    """A file's bytes, by line and column as `ast` counts them.

    Args:
        data: the file.
        tree: its syntax.
        scope: its module's scope.
    """

    def __init__(self, data: bytes, tree: ast.Module, scope: Scope) -> None:
        self.data = data
        self.tree = tree
        self.sound = not data.startswith(b"\xef\xbb\xbf") and decoded(data).encode() == data
        self.starts = [0, *(match.end() for match in re.finditer(rb"\r\n|\r|\n", data))]
        bound = [name for name, meaning in scope.names.items() if meaning == "torch"]
        self.torch = bound[0] if bound else "torch"
        self.lacks_torch = not bound
        self.quote = "'" if data.count(b"'") > data.count(b'"') else '"'
        taken = re.search(rb"\b_accelerator\b", data) and not self.has_helper
        self.helper = "_present_accelerator" if taken else "_accelerator"
        self._amp: bool | None = None

    @property
    def has_helper(self) -> bool:
        """Whether the file has the helper from an earlier fix."""
        text = HELPER.format(name="_accelerator", torch=self.torch).encode()
        return text in self.data.replace(b"\r\n", b"\n")

    def span(self, node: ast.AST) -> tuple[int, int]:
        start = self.starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
        return start, self.starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]

    def holds(self, node: ast.expr) -> bool:
        """Whether the bytes of a node parse to that node; in f-strings Python's positions may be wrong."""
        start, end = self.span(node)
        try:
            parsed = ast.parse(b"(" + self.data[start:end] + b"\n)", mode="eval").body
        except (SyntaxError, ValueError):
            return False
        return ast.dump(parsed) == ast.dump(node)

    def amp_import(self) -> bool:
        """Whether `from torch.cuda.amp import ...` can move to torch.amp: every use is a call that can."""
        if self._amp is None:
            nodes = list(ast.walk(self.tree))
            calls = {id(n.func) for n in nodes if isinstance(n, ast.Call) and len(n.args) <= 1}
            imports = [n for n in nodes if isinstance(n, ast.ImportFrom) and n.module == "torch.cuda.amp"]
            names = [alias for statement in imports for alias in statement.names]
            uses = [n for n in nodes if isinstance(n, ast.Name) and n.id in _AMP]
            plain = all(alias.name in _AMP and not alias.asname for alias in names)
            self._amp = plain and all(id(use) in calls for use in uses)
        return self._amp
