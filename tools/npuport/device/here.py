"""The device loaded into this process, for the scripts of a bundle."""

import importlib
import os
import sys
from collections.abc import Callable

from npuport.base import child
from npuport.base.errors import PortError
from npuport.base.process import ProcessError
from npuport.device.choose import SIMULATED, WITHOUT_NPU, Device, processor


def onhand(wanted: str) -> Device:
    """The device of a kind, loaded into this process; call before torch is imported.

    Args:
        wanted: npu, cuda, cpu, or auto: an NPU, else a GPU, else the CPU. An NPU may be the simulator; its
            name then contains "simulated".

    Raises:
        PortError: there is no such device.
    """
    os.environ |= WITHOUT_NPU  # torch_npu is imported after torch
    import torch

    missing = _npu_missing() if wanted in ("auto", "npu") else ""
    if wanted in ("auto", "npu") and not missing:
        name: str = torch.npu.get_device_name(0)  # type: ignore[attr-defined]
        return Device("sim" if SIMULATED in name else "npu", name)
    if wanted == "npu":
        raise PortError(
            f"no NPU: {missing}", hint="--device auto; the NPU needs its driver, CANN and torch_npu"
        )
    if "torch_npu" not in sys.modules:
        sys.modules["torch_npu"] = None  # type: ignore[assignment]  # transformers imports what it finds
    if wanted in ("auto", "cuda") and torch.cuda.is_available():
        return Device("cuda", torch.cuda.get_device_name(0))
    if wanted == "cuda":
        raise PortError("no GPU: torch.cuda.is_available() is False", hint="--device auto")
    return Device("cpu", processor())


def ask(wanted: str) -> Device:
    """`onhand` in a child process, so that this one does not import torch."""
    try:
        answer = child.ask("npuport.device.here", {"wanted": wanted})
    except ProcessError as error:
        raise PortError(f"no device: {error}", hint="--device cpu") from error
    return Device(answer["kind"], answer["name"])


def _answer(request: child.Message, answer: Callable[[child.Message], None]) -> None:
    device = onhand(request["wanted"])
    answer({"kind": device.kind, "name": device.name})


def _npu_missing() -> str:
    import torch

    try:
        importlib.import_module("torch_npu")  # makes torch.npu
    except ModuleNotFoundError:
        return "torch_npu is not installed"
    except Exception as error:  # a library of CANN's that does not load, a torch that does not match
        return f"torch_npu: {error}"
    try:
        available = torch.npu.is_available()  # type: ignore[attr-defined]
    except Exception as error:
        return f"the driver: {error}"
    return "" if available else "torch.npu.is_available() is False"


if __name__ == "__main__":
    sys.exit(child.answering(_answer))
