"""Whether the model path reaches a finding: from the port's adapter, along references; nothing is run.

The graph errs on the side of reaching. A function is reached that a reached function refers to, called or
not; a method, when its class is reached and its name is used anywhere on the way; what Python or torch call
by themselves (`__init__`, `forward`, ...), with its class.
"""

import ast
import re
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import replace

from npuport.audit.finding import Finding
from npuport.source.module import uncollected
from npuport.source.project import Module, Project, References, Symbol, read_module

ADAPTER = "adapter.py"
#: Methods that a framework calls by itself.
_HOOK = re.compile(
    r"__\w+__|forward|_init_weights|init_weights|reset_parameters|extra_repr|backward|setup_context"
)
_Node = tuple[str, str]


class Reached:
    """What the entry points of a tree reach.

    Args:
        files: the tree.
        adapter: the port's adapter, read and never run.
    """

    def __init__(self, files: Mapping[str, bytes], adapter: bytes) -> None:
        self.project = Project(files)
        self.loaded: dict[str, _Node | None] = {}
        self.functions: dict[_Node, _Node | None] = {}
        self.classes: dict[_Node, _Node | None] = {}
        self.used: set[str] = set()
        self.known = False
        self._waiting: deque[tuple[References, _Node | None]] = deque()
        self._unused: dict[str, list[tuple[Module, str]]] = defaultdict(list)
        module = read_module(ADAPTER, adapter)
        if module:
            with uncollected():
                self._start(module)

    def judge(self, finding: Finding) -> Finding:
        """The finding with what is known of its reach."""
        if not self.known:
            return finding
        node = (finding.path, self._function(finding))
        if node in self.functions:
            return replace(finding, reach="reached", via=self._way(node))
        module = self.project.module(finding.path) if finding.path in self.loaded else None
        if module and not node[1] and module.runs_on_import(finding.line):
            return replace(finding, reach="imported", via=self._way((finding.path, "")))
        return replace(finding, reach="no")

    def _function(self, finding: Finding) -> str:
        """The function that a finding is in; empty where it is in none, or in a class's own body."""
        module = self.project.module(finding.path) if finding.path.endswith(".py") else None
        return finding.scope if module and finding.scope in module.functions else ""

    def _start(self, adapter: Module) -> None:
        strings = {
            n.value
            for n in ast.walk(adapter.tree)
            if isinstance(n, ast.Constant) and isinstance(n.value, str)
        }
        self.used |= {text for text in strings if text.isidentifier()}
        for references in adapter.references.values():
            self._waiting.append((references, None))
        self._run()
        self.known = bool(self.loaded)

    def _run(self) -> None:
        while self._waiting:
            references, origin = self._waiting.popleft()
            for name in sorted(references.modules | references.names):
                if symbol := self.project.find(name):
                    self._meet(symbol, origin, imported=name not in references.names)
            self._use(references.attributes, origin)

    def _meet(self, symbol: Symbol, origin: _Node | None, *, imported: bool) -> None:
        self._load(symbol.module, origin)
        if imported:  # an import alone runs nothing but the module
            return
        if symbol.kind == "function":
            self._reach(symbol.module, symbol.qualified, origin)
        elif symbol.kind == "class":
            self._instantiate(symbol, origin)

    def _load(self, module: Module, origin: _Node | None) -> None:
        if module.path in self.loaded:
            return
        self.loaded[module.path] = origin
        for path in self.project.parents(module):
            if parent := self.project.module(path):
                self._load(parent, origin)
        if "" in module.references:
            self._waiting.append((module.references[""], (module.path, "")))

    def _reach(self, module: Module, qualified: str, origin: _Node | None) -> None:
        node = (module.path, qualified)
        if node not in self.functions:
            self.functions[node] = origin
            self._waiting.append((module.references.get(qualified, References()), node))

    def _instantiate(self, symbol: Symbol, origin: _Node | None) -> None:
        node = (symbol.module.path, symbol.qualified)
        if node in self.classes:
            return
        self.classes[node] = origin
        definition = symbol.module.classes[symbol.qualified]
        for base in definition.bases:
            name = ast.unparse(base)
            local = symbol.module.meanings.get(name.partition(".")[0])
            full = ".".join([local, *name.split(".")[1:]]) if local else f"{symbol.module.name}.{name}"
            if (found := self.project.find(full)) and found.kind == "class":
                self._load(found.module, origin)
                self._instantiate(found, origin)
        for name, qualified in _methods(symbol):
            if name in self.used or _HOOK.fullmatch(name):
                self._reach(symbol.module, qualified, origin)
            else:
                self._unused[name].append((symbol.module, qualified))

    def _use(self, attributes: Iterable[str], origin: _Node | None) -> None:
        fresh = set(attributes) - self.used
        self.used |= fresh
        for name in sorted(fresh & self._unused.keys()):
            for module, method in self._unused.pop(name):
                self._reach(module, method, origin)

    def _way(self, node: _Node) -> tuple[str, ...]:
        """The way from the adapter to a function or module, by the names of what lies on it."""
        way: list[str] = []
        at: _Node | None = node
        while at and len(way) < 50:
            way.append(at[1] or at[0])
            at = self.functions.get(at) if at[1] else self.loaded.get(at[0])
        return (ADAPTER, *reversed(way))


def _methods(symbol: Symbol) -> list[tuple[str, str]]:
    """Name and qualified name of the methods that a class defines itself."""
    return [(name, f"{symbol.qualified}.{name}") for name in symbol.module.methods.get(symbol.qualified, ())]
