"""`--fix`: the draft applies exactly, keeps the file's format, removes its findings, and runs."""

import importlib.util
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from npuport.audit import audit
from npuport.audit.draft import Draft, draft
from npuport.audit.scan import scan_file
from npuport.base.places import HARNESS
from npuport.patch.apply import TreeFile, apply_exactly, split_lines
from npuport.patch.mail import parse_patch

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def drafted(files: dict[str, bytes]) -> Draft | None:
    found = audit(files)
    return draft(files, found, number=4, author=("Ada", "ada@example.org"), modes={}, today=NOON)


def fixed(text: str, path: str = "m.py") -> str:
    """A file after its draft, which is applied exactly; unchanged without one."""
    files = {path: text.encode()}
    made = drafted(files)
    if made is None:
        return text
    tree = {path: TreeFile("100644", split_lines(text.encode()))}
    apply_exactly(tree, parse_patch(made.name, made.data))
    assert b"".join(tree[path].lines or []) == made.files[path]
    return made.files[path].decode()


def body(text: str) -> str:
    """A fixed file without the helper and the imports."""
    lines = fixed(text).split("\n")
    start = next((n for n, line in enumerate(lines) if line.startswith("def _accelerator")), None)
    if start is not None:
        del lines[start : start + 6]
    return "\n".join(line for line in lines if line.strip() and not line.startswith(("import ", "from ")))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("torch.cuda.synchronize()", "torch.accelerator.synchronize()"),
        ("torch.cuda.set_device(rank)", "torch.accelerator.set_device_index(rank)"),
        ("n = torch.cuda.device_count()", "n = torch.accelerator.device_count()"),
        ("i = torch.cuda.current_device()", "i = torch.accelerator.current_device_index()"),
        ("assert torch.cuda.is_available()", "assert torch.accelerator.is_available()"),
        ("x = x.cuda()", "x = x.to(_accelerator())"),
        ("x = x . cuda ( )", "x = x . cuda ( )"),
        ("x = x.cuda(non_blocking=True)", "x = x.to(_accelerator(), non_blocking=True)"),
        ("x = x.cuda(0)", "x = x.to(_accelerator(0))"),
        ("x = x.cuda(rank, non_blocking=True)", "x = x.to(_accelerator(rank), non_blocking=True)"),
        ("x = x.cuda(device)", "x = x.cuda(device)"),
        ("x = (a + b).cuda().eval()", "x = (a + b).to(_accelerator()).eval()"),
        ("if not x.is_cuda: pass", 'if x.device.type == "cpu": pass'),
        ("if x.is_cuda and y: pass", 'if x.device.type != "cpu" and y: pass'),
        ("a = x.is_cuda == y.is_cuda", "a = x.is_cuda == y.is_cuda"),
        ('x = x.to("cuda")', "x = x.to(_accelerator().type)"),
        ('x = x.to("cuda:1")', "x = x.to(str(_accelerator(1)))"),
        ('d = torch.device("cuda")', "d = _accelerator()"),
        ('d = torch.device("cuda:0")', "d = _accelerator(0)"),
        ("d = torch.device(f'cuda:{rank}')", "d = _accelerator(rank)"),
        ('device = f"cuda:{args.gpu + 1}"', "device = str(_accelerator(args.gpu + 1))"),
        ('d = f"cuda:{rank:02}"', 'd = f"cuda:{rank:02}"'),
        (
            'd = torch.device(f"cuda:{rank % torch.cuda.device_count()}")',
            "d = _accelerator(rank % torch.accelerator.device_count())",
        ),
        ('d = "cuda" if torch.cuda.is_available() else "cpu"', "d = _accelerator().type"),
        ('d = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")', "d = _accelerator(0)"),
        ('def f(device="cuda"): pass', "def f(device=_accelerator().type): pass"),
        (
            'p.add_argument("--device", default="cuda")',
            'p.add_argument("--device", default=_accelerator().type)',
        ),
        ('with torch.autocast("cuda"): pass', "with torch.autocast(_accelerator().type): pass"),
        ("with torch.cuda.amp.autocast(): pass", "with torch.autocast(_accelerator().type): pass"),
        (
            "with torch.cuda.amp.autocast(fp16, dtype=d): pass",
            "with torch.autocast(_accelerator().type, enabled=fp16, dtype=d): pass",
        ),
        ("s = torch.cuda.amp.GradScaler(2.0)", "s = torch.amp.GradScaler(_accelerator().type, 2.0)"),
        ("s = torch.amp.GradScaler()", "s = torch.amp.GradScaler(_accelerator().type)"),
        (
            'torch.distributed.init_process_group("nccl")',
            "torch.distributed.init_process_group"
            "(torch.distributed.get_default_backend_for_device(_accelerator()))",
        ),
    ],
)
def test_python(before: str, after: str) -> None:
    assert body(f"import torch\n{before}\n") == after


@pytest.mark.parametrize(
    "text",
    [
        "ok = torch.cuda.is_available()\nif ok:\n    torch.cuda.nvtx.mark('x')\n",
        "if torch.cuda.is_available():\n    torch.cuda.nvtx.mark('x')\n",
        "d = 1 if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else 2\n",
        "def f():\n    if not torch.cuda.is_available():\n        return\n    torch.cuda.nvtx.mark('x')\n",
        "if x.is_cuda:\n    import flash_attn\n",
        "import os\nif torch.cuda.is_available():\n    os.system('nvidia-smi')\n",
    ],
)
def test_a_condition_stays_if_code_in_it_fails_on_an_npu(text: str) -> None:
    assert fixed("import torch\n" + text) == "import torch\n" + text


def test_what_does_nothing_on_a_cpu_needs_its_condition() -> None:
    bare = "import torch\ntorch.cuda.empty_cache()\n"
    assert fixed(bare) == bare
    kept = "import torch\nif torch.cuda.is_available():\n    torch.cuda.empty_cache()\n"
    assert fixed(kept) == kept.replace("cuda", "accelerator")


def test_a_condition_changes_with_all_the_code_in_it() -> None:
    before = "import torch\nif torch.cuda.is_available():\n    torch.cuda.synchronize()\n"
    assert fixed(before) == before.replace("cuda", "accelerator")


def test_a_condition_changes_around_a_neutral_command() -> None:
    before = "import os\nimport torch\nif torch.cuda.is_available():\n    os.system('ls')\n"
    assert fixed(before) == before.replace("cuda", "accelerator")


def test_a_program_in_a_command_is_not_changed() -> None:
    program = "from torch.amp import GradScaler; GradScaler()"
    before = f"import os\nos.system(\"python -c '{program}'\")\n"
    assert [f.rule for f in scan_file("m.py", before.encode())] == ["grad-scaler"]
    assert fixed(before) == before


def test_the_import_of_amp_moves_with_its_uses() -> None:
    before = "from torch.cuda.amp import autocast, GradScaler\ns = GradScaler()\nwith autocast():\n    pass\n"
    after = fixed(before)
    assert after.startswith("from torch.amp import autocast, GradScaler\nimport torch\n\n\ndef _accelerator(")
    assert "GradScaler(_accelerator().type)" in after
    assert "with autocast(_accelerator().type):" in after
    kept = "from torch.cuda.amp import autocast\n@autocast\ndef f(): pass\n"
    assert fixed(kept) == kept


def test_the_file_keeps_its_form() -> None:
    before = (
        "import torch as th\r\n\r\n\r\nclass A:\r\n\tdef f(self, x):\r\n\t\treturn x.cuda() if 'a' else 'b'"
    )
    after = fixed(before)
    assert "\n" not in after.replace("\r\n", "")
    assert "\r\n\tfound = th.accelerator" in after
    assert "th.device('cpu')" in after
    assert after.endswith("\t\treturn x.to(_accelerator()) if 'a' else 'b'")


def test_the_helper_stands_below_the_imports_once() -> None:
    before = '"""Doc."""\n\nimport os\nimport torch\n\nX = 1\n\n\ndef f(x):\n    return x.cuda()\n'
    after = fixed(before)
    assert after.index("import torch") < after.index("def _accelerator") < after.index("X = 1")
    again = fixed(after.replace("return x", "y = x.cuda()\n    return x"))
    assert again.count("def _accelerator") == 1


def test_a_name_that_is_taken_is_left_alone() -> None:
    after = fixed("import torch\n_accelerator = 1\nx.cuda()\n")
    assert "def _present_accelerator(" in after
    assert "x.to(_present_accelerator())" in after


def test_what_is_needed_before_the_imports_end_is_not_drafted() -> None:
    before = "import torch\nd = torch.device('cuda')\nimport os\n"
    assert fixed(before) == before


def test_shell() -> None:
    before = "#!/bin/sh\nN=$(nvidia-smi -L | wc -l)\nCUDA_VISIBLE_DEVICES=0,1 python x.py\nnvidia-smi\n"
    assert fixed(before, "run.sh") == (
        "#!/bin/sh\nN=$(python -c 'import torch; print(torch.accelerator.device_count())')\n"
        "CUDA_VISIBLE_DEVICES=0,1 ASCEND_RT_VISIBLE_DEVICES=0,1 python x.py\nnvidia-smi\n"
    )


def test_the_draft_removes_the_findings_that_it_lists() -> None:
    choice = "d = 'cuda' if torch.cuda.is_available() else 'cpu'\n"
    text = f"import torch\n{choice}torch.cuda.nvtx.mark('x')\nx.cuda()\n"
    made = drafted({"m.py": text.encode()})
    assert made is not None
    assert {f.rule for f in made.findings} == {"device-choice", "cuda-method"}
    assert [f.rule for f in scan_file("m.py", made.files["m.py"])] == ["cuda-profiler"]


def test_the_patch_is_ready_for_a_series() -> None:
    made = drafted({"a.py": b"x.cuda()\n", "b.py": b"y = 1\n", "c.py": b"import torch\nx.cuda()"})
    assert made is not None
    patch = parse_patch(made.name, made.data)
    assert made.name == "0004-Choose-the-accelerator-that-is-present.patch"
    assert [change.path for change in patch.changes] == ["a.py", "c.py"]
    assert patch.fields["forwarded"] == "no"
    assert patch.fields["from"] == "Ada <ada@example.org>"
    assert "torch.accelerator" in patch.reason


def test_nothing_to_fix_is_no_draft() -> None:
    assert drafted({"m.py": b"import flash_attn\n", "bad.py": b"x = (\n"}) is None


PROGRAM = """\
import torch
import torch.distributed as dist

def run(device="cuda"):
    x = torch.ones(2, 3)
    if not x.is_cuda:
        x = x.cuda()
    layer = torch.nn.Linear(3, 3).to(torch.device("cuda:0"))
    rank = 0
    with torch.autocast("cuda", dtype=torch.bfloat16):
        y = layer(x.to(f"cuda:{rank}"))
    scaler = torch.amp.GradScaler("cuda")
    if torch.cuda.is_available():
        torch.cuda.set_device(0)
        torch.cuda.synchronize()
    dist.init_process_group("nccl", init_method="tcp://127.0.0.1:29517", rank=0, world_size=1)
    print(y.device.type, y.dtype, dist.get_backend(), device, torch.device(device).type)

run()
"""


def needs(package: str) -> pytest.MarkDecorator:
    """Skip if a package is missing; the package is not imported."""
    return pytest.mark.skipif(importlib.util.find_spec(package) is None, reason=f"{package} is not installed")


@pytest.mark.slow
@needs("torch")
def test_what_is_drafted_runs_on_the_cpu(tmp_path: Path) -> None:
    assert run_fixed(tmp_path, [sys.executable]) == "cpu torch.bfloat16 gloo cpu cpu"


@pytest.mark.slow
@needs("torch_npu")
def test_what_is_drafted_chooses_the_npu(tmp_path: Path) -> None:
    program = tmp_path / "m.py"
    program.write_text(
        fixed(PROGRAM).split("    dist.init")[0] + "    print(y.device.type, y.dtype)\n\nrun()\n"
    )
    simulated = [sys.executable, "-m", "npuport", "sim", "exec", "--", sys.executable]
    done = subprocess.run(
        [*simulated, program],
        env=os.environ | {"PYTHONPATH": str(HARNESS / "tools")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[-2] == "npu torch.bfloat16"


def run_fixed(directory: Path, command: list[str]) -> str:
    program = directory / "m.py"
    program.write_text(fixed(PROGRAM))
    environment = os.environ | {"TORCH_DEVICE_BACKEND_AUTOLOAD": "0"}
    done = subprocess.run([*command, program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
