"""Each implemented op has a test; each other op of the wheel is refused, or left out for a reason."""

import re
from pathlib import Path

import pytest
import torch
import torch_npu

from worlds.ops import NPU, implemented

HERE = Path(__file__).parent
OPAPI = HERE.parents[1] / "tools" / "softcann" / "opapi"


def test_each_implemented_op_has_a_test():
    tests = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py"))
    named = set(re.findall(r"\baclnn\w+", tests))
    assert set(implemented()) - named == set()


def test_each_implemented_op_is_one_that_torch_npu_calls():
    assert set(implemented()) - _wheel() == set()


def test_each_op_of_the_wheel_is_implemented_refused_or_left_out(directory):
    exported = (directory / "lib" / "libopapi.so").read_bytes()
    left_out = {
        name
        for name in _wheel()
        if f"\0{name}GetWorkspaceSize\0".encode() not in exported and name not in implemented()
    }
    probed = set(re.findall(r"^aclnn\w+", (OPAPI / "probed.txt").read_text(encoding="utf-8"), re.M))
    unexplained = {
        name
        for name in left_out - probed
        if not name.startswith("aclnnForeach") and re.sub(r"V\d+$", "", name) not in implemented()
    }
    assert unexplained == set()
    assert len(implemented()) > 100


def _wheel() -> set[str]:
    library = Path(torch_npu.__file__).parent / "lib" / "libtorch_npu.so"
    names = re.findall(rb"(?<!\w)aclnn\w+(?=\0)", library.read_bytes())
    return {name.decode().removesuffix("GetWorkspaceSize") for name in names}


REFUSED = {
    "aclnnAcos": torch.acos,
    "aclnnFlip": lambda x: x.flip(0),
    "aclnnRoll": lambda x: torch.roll(x, 1, 0),
}


@pytest.mark.parametrize("op", REFUSED)
def test_what_is_not_implemented_is_refused_by_name_and_the_device_goes_on(op):
    x = torch.ones(3, 3, device=NPU)
    with pytest.raises(RuntimeError, match=op):
        REFUSED[op](x)
    assert (x + 1).sum().item() == 18


def test_a_fallback_to_the_cpu_can_be_made_an_error(run):
    code = """
        import torch
        x = torch.ones(4, device="npu")
        try:
            print("ran", torch.special.i0e(x).device)
        except RuntimeError as error:
            print("raised", "i0e" in str(error))
    """
    assert run(code).stdout.splitlines()[-1] == "ran npu:0"
    assert run(code, TORCH_NPU_FALLBACK_CPU_DISABLE="1").stdout.splitlines()[-1] == "raised True"


def test_tensors_of_two_devices_do_not_mix(run):
    code = """
        import torch
        a, b = torch.ones(4, device="npu:0"), torch.ones(4, device="npu:1")
        for mix in (lambda: a + b, lambda: a * b, lambda: torch.where(a > 0, a, b), lambda: a.add_(b)):
            try:
                mix()
                print("mixed")
            except RuntimeError as error:
                print("device" in str(error))
        print((a + a).sum().item(), (b + b).sum().item())
    """
    lines = run(code, SOFTCANN_DEVICES="2").stdout.splitlines()
    assert lines[-5:] == ["True"] * 4 + ["8.0 8.0"]


def test_blocking_launches_give_the_same(run):
    code = "import torch; print((torch.arange(4., device='npu') @ torch.ones(4, device='npu')).item())"
    assert run(code, ASCEND_LAUNCH_BLOCKING="1").stdout.splitlines()[-1] == "6.0"


def test_a_flipped_bit_is_one_bit(run):
    code = "import torch; print((torch.ones(2, 3, device='npu') * 2).cpu().flatten().tolist())"
    result = run(code, SOFTCANN_FAULT="flip:op=aclnnMuls,element=4,bit=23")
    assert result.stdout.splitlines()[-1] == "[2.0, 2.0, 2.0, 2.0, 4.0, 2.0]", result.stderr


def test_an_error_asked_for_is_raised_with_the_ops_name(run):
    result = run("import torch; torch.ones(3, device='npu') * 2", SOFTCANN_FAULT="error:op=aclnnMuls")
    assert result.returncode != 0
    assert "aclnnMuls" in result.stderr
