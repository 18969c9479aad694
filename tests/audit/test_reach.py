"""Whether the entry points reach a finding; the adapter is read and never run."""

import pytest

from npuport.audit import audit
from npuport.audit.finding import Finding

ADAPTER = b"""\
raise SystemExit("an adapter is never run by an audit")

def _entry(name):
    return lambda model: getattr(model, name)()

class Adapter:
    entry_points = (_entry("encode"),)

    def build(self):
        from lib import Net
        return Net()

    def seed(self):
        from lib.util import seed
        seed(1)
"""
FILES = {
    "lib/__init__.py": "from .net import Net\n",
    "lib/net.py": """\
import torch
from .layers import Layer, REGISTRY
torch.backends.cuda.enable_flash_sdp(True)

class Base(torch.nn.Module):
    def unused(self):
        torch.cuda.nvtx.mark("unused")

    def helper(self):
        torch.cuda.nvtx.mark("helper")

class Net(Base):
    limit = torch.cuda.device_count()

    def __init__(self, device="cuda"):
        self.layer = Layer()
        self.other = REGISTRY["other"]()

    def encode(self):
        self.helper()
        return self.layer(1)

    def train_only(self):
        torch.cuda.synchronize()

if __name__ == "__main__":
    torch.cuda.init()
""",
    "lib/layers.py": """\
import torch

class Layer:
    def forward(self, x):
        def inner():
            return x.cuda()
        return inner()

    def extra(self):
        return self.cuda()

class Other:
    def __call__(self):
        return self.cuda(1)

REGISTRY = {"other": Other}
""",
    "lib/util.py": """\
import torch

def seed(n):
    torch.cuda.manual_seed(n)

def other():
    torch.cuda.seed()
""",
    "tools/eval.py": "import torch\nfrom lib import Net\ntorch.cuda.init()\n",
    "run.sh": "nvidia-smi\n",
}


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, str], Finding]:
    files = {path: text.encode() for path, text in FILES.items()}
    return {(f.path, f.code): f for f in audit(files, adapter=ADAPTER)}


@pytest.mark.parametrize(
    ("path", "code", "via"),
    [
        ("lib/net.py", 'torch.cuda.nvtx.mark("helper")', ("adapter.py", "Net.encode", "Base.helper")),
        ("lib/net.py", 'def __init__(self, device="cuda"):', ("adapter.py", "Net.__init__")),
        ("lib/layers.py", "return x.cuda()", ("adapter.py", "Net.__init__", "Layer.forward")),
        ("lib/layers.py", "return self.cuda(1)", ("adapter.py", "lib/net.py", "lib/layers.py")),
        ("lib/util.py", "torch.cuda.manual_seed(n)", ("adapter.py", "seed")),
    ],
)
def test_reached(found: dict[tuple[str, str], Finding], path: str, code: str, via: tuple[str, ...]) -> None:
    finding = found[path, code]
    assert finding.reach == "reached"
    assert finding.via[: len(via)] == via


def test_module_level_code_runs_on_import(found: dict[tuple[str, str], Finding]) -> None:
    for code in ("torch.backends.cuda.enable_flash_sdp(True)", "limit = torch.cuda.device_count()"):
        assert found["lib/net.py", code].reach == "imported"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("lib/net.py", 'torch.cuda.nvtx.mark("unused")'),
        ("lib/net.py", "torch.cuda.synchronize()"),
        ("lib/net.py", "torch.cuda.init()"),
        ("lib/layers.py", "return self.cuda()"),
        ("lib/util.py", "torch.cuda.seed()"),
        ("tools/eval.py", "torch.cuda.init()"),
        ("run.sh", "nvidia-smi"),
    ],
)
def test_not_reached(found: dict[tuple[str, str], Finding], path: str, code: str) -> None:
    assert found[path, code].reach == "no"
    assert not found[path, code].blocks


def test_without_entry_points_nothing_is_known() -> None:
    files = {"m.py": b"x.cuda()\n"}
    assert [f.reach for f in audit(files)] == ["unknown"]
    assert [f.reach for f in audit(files, adapter=b"from elsewhere import x\n")] == ["unknown"]
    assert [f.reach for f in audit(files, adapter=b"def (\n")] == ["unknown"]
    assert audit(files)[0].blocks
