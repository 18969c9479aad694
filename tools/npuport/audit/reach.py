"""Whether the model path reaches a finding: follow references from the port's adapter. No code is executed.

The graph includes too much rather than too little. A reached function reaches each function that it refers
to, called or not; a class, when reached, reaches each of its methods whose name is used in reached code, and
those that Python or torch call themselves (`__init__`, `forward`, ...).
"""

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import replace

from npuport.audit.finding import Finding
from npuport.source.module import gc_paused
from npuport.source.project import Module, Project, References, Symbol, read_module

ADAPTER = "adapter.py"
#: Methods that Python or a framework calls.
_HOOK = re.compile(
    r"__\w+__|forward|_init_weights|init_weights|reset_parameters|extra_repr|backward|setup_context"
)
_Node = tuple[str, str]


class Reached:
    """The functions, classes and modules of a tree that the entry points reach.

    Args:
        files: the tree.
        adapter: the port's adapter, read and never executed.
    """

    def __init__(self, files: Mapping[str, bytes], adapter: bytes) -> None:
        self.project = Project(files)
        self.loaded: dict[str, _Node | None] = {}
        self.functions: dict[_Node, _Node | None] = {}
        self.classes: set[_Node] = set()
        self.used: set[str] = set()
        self._waiting: deque[tuple[References, _Node | None]] = deque()
        self._unused: dict[str, list[tuple[Module, str]]] = defaultdict(list)
        if module := read_module(ADAPTER, adapter):
            self.used |= {text for text in module.strings if text.isidentifier()}
            self._waiting += [(references, None) for references in module.references.values()]
            with gc_paused():
                self._run()

    def judge(self, finding: Finding) -> Finding:
        """The finding with its reach; unchanged if the adapter refers to nothing of the tree."""
        if not self.loaded:
            return finding
        module = self.project.module(finding.path) if finding.path.endswith(".py") else None
        function = finding.scope if module and finding.scope in module.functions else ""
        node = (finding.path, function)
        if node in self.functions:
            return replace(finding, reach="reached", via=self._way(node))
        if module and finding.path in self.loaded and not function and module.runs_on_import(finding.line):
            return replace(finding, reach="imported", via=self._way((finding.path, "")))
        return replace(finding, reach="no")

    def _run(self) -> None:
        while self._waiting:
            references, origin = self._waiting.popleft()
            for name in sorted(references.modules | references.names):
                if symbol := self.project.find(name):
                    self._load(symbol.module, origin)
                    if name in references.names:  # an import alone runs only the module
                        self._refer(symbol, origin)
            self._use(references.attributes, origin)

    def _refer(self, symbol: Symbol, origin: _Node | None) -> None:
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
        module, node = symbol.module, (symbol.module.path, symbol.qualified)
        if node in self.classes:
            return
        self.classes.add(node)
        for base in self.project.bases(symbol):
            self._load(base.module, origin)
            self._instantiate(base, origin)
        for name in module.methods.get(symbol.qualified, ()):
            qualified = f"{symbol.qualified}.{name}"
            if name in self.used or _HOOK.fullmatch(name):
                self._reach(module, qualified, origin)
            else:
                self._unused[name].append((module, qualified))

    def _use(self, attributes: Iterable[str], origin: _Node | None) -> None:
        fresh = set(attributes) - self.used
        self.used |= fresh
        for name in sorted(fresh & self._unused.keys()):
            for module, method in self._unused.pop(name):
                self._reach(module, method, origin)

    def _way(self, node: _Node) -> tuple[str, ...]:
        """The path from the adapter to a function or module, by the names on it."""
        way: list[str] = []
        at: _Node | None = node
        while at and len(way) < 50:
            way.append(at[1] or at[0])
            at = self.functions.get(at) if at[1] else self.loaded.get(at[0])
        return (ADAPTER, *reversed(way))
