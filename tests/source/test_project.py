"""The modules of a tree: definitions of names through re-exports."""

from typing import ClassVar

import pytest

from npuport.source.project import Project


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

    def test_circles_of_star_imports_end_soon(self) -> None:
        names = [f"m{n}" for n in range(8)]
        stars = "".join(f"from {name} import *\n" for name in names)
        files = {f"{name}.py": stars.encode() for name in names}
        assert Project(files).find("m0.missing") is None
        files["m7.py"] += b"def present(): pass\n"
        symbol = Project(files).find("m0.present")
        assert symbol is not None
        assert symbol.module.path == "m7.py"
