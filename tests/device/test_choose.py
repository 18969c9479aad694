"""Choosing the device: the NPU only where one answers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from npuport.base.errors import PortError
from npuport.device.choose import ALL, probe, resolve

no_driver = pytest.mark.skipif(
    any(Path("/dev").glob("davinci*")), reason="an Ascend driver is installed here"
)


@no_driver
def test_what_is_missing_first_is_named() -> None:
    answer = probe()

    assert not answer.name
    assert answer.missing.startswith("driver: ")


@no_driver
def test_a_missing_npu_is_an_error_with_a_hint() -> None:
    with pytest.raises(PortError) as caught:
        resolve("npu")

    assert "no NPU: driver" in caught.value.message
    assert "doctor" in caught.value.hint


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(PortError, match="device 'gpu' cannot be used here"):
        resolve("gpu")


def test_parity_does_not_run_on_the_cpu() -> None:
    with pytest.raises(PortError, match="device 'cpu' cannot be used here"):
        resolve("cpu")


def test_the_cpu_has_a_name_and_hides_torch_npu() -> None:
    device = resolve("cpu", among=ALL)
    assert (device.kind, device.torch, device.simulated) == ("cpu", "cpu", False)
    assert device.name
    assert device.environment["TORCH_DEVICE_BACKEND_AUTOLOAD"] == "0"


def test_a_missing_gpu_is_an_error() -> None:
    code = "import torch; print(torch.cuda.is_available())"
    environment = {**os.environ, "TORCH_DEVICE_BACKEND_AUTOLOAD": "0"}
    if subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True).stdout == b"True\n":
        pytest.skip("this machine has a GPU")
    with pytest.raises(PortError, match="no GPU"):
        resolve("cuda", among=ALL)
