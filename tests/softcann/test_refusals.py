"""What the simulator does not implement is refused by name; a fault of SOFTCANN_FAULT happens."""

import ctypes
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda x: x.flip(0), "aclnnFlip"),
        (lambda x: torch.atan2(x, x), "aclnnAtan2"),
        (lambda x: torch.roll(x, 1), "aclnnRoll"),
    ],
    ids=["flip", "atan2", "roll"],
)
def test_an_op_that_is_not_implemented_is_refused_by_name(
    function: Callable[[torch.Tensor], torch.Tensor], name: str
) -> None:
    x = torch.ones(4, device="npu")
    for _ in range(2):  # the second time as the first: nothing is remembered, nothing goes silent
        with pytest.raises(RuntimeError, match=f"{name} is not implemented by the simulator"):
            function(x).cpu()
    assert (x * 3).tolist() == [3.0] * 4


def test_a_graph_op_is_refused_by_name(run) -> None:
    done = run(
        """
        import torch, torch_npu
        torch_npu.npu.set_compile_mode(jit_compile=True)
        print(torch.ones(3, device="npu").tolist())
        torch.npu.synchronize()
        """
    )
    assert done.returncode == -signal.SIGABRT  # torch_npu's queue, once failed, gives garbage in silence
    assert re.search(r"aclopCompileAndExecute(V2)?: the graph op '\w+' is not simulated", done.stderr)


def test_graph_capture_is_refused_by_name(run) -> None:
    done = run(
        """
        import torch
        graph = torch.npu.NPUGraph()
        with torch.npu.graph(graph):
            torch.ones(3, device="npu") + 1
        """
    )
    assert done.returncode != 0
    assert "aclmdlRICaptureBegin is not implemented by the simulator" in done.stderr


def test_collectives_are_refused_by_name(run) -> None:
    done = run(
        """
        import os, torch, torch.distributed as dist
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="0", RANK="0", WORLD_SIZE="1")
        dist.init_process_group("hccl", store=dist.HashStore(), rank=0, world_size=1)
        dist.all_reduce(torch.ones(3, device="npu:0"))
        torch.npu.synchronize()
        """
    )
    assert done.returncode != 0
    assert re.search(r"Hccl\w+ is not implemented by the simulator", done.stderr)


def test_a_refusing_function_sets_the_recent_error(directory: Path) -> None:
    library = ctypes.CDLL(str(directory / "lib/libascendcl.so"))
    library.aclGetRecentErrMsg.restype = ctypes.c_char_p
    assert library.aclrtMapMem(None, 0, 0, None, 0) == 200001
    assert library.aclGetRecentErrMsg() == b"[softcann] aclrtMapMem is not implemented by the simulator"
    assert library.aclGetRecentErrMsg() is None


def test_an_op_can_be_made_to_fail(run) -> None:
    done = run(
        """
        import torch
        x = torch.ones(3, device="npu")
        print((x * 2).tolist())
        try:
            print((x * 2).tolist())
        except RuntimeError as error:
            print("aclnnMul" in str(error))
        print((x * 2).tolist())
        """,
        SOFTCANN_FAULT="error:op=aclnnMuls,call=2",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-3:] == ["[2.0, 2.0, 2.0]", "True", "[2.0, 2.0, 2.0]"]


def test_a_bit_of_an_output_can_be_flipped(run) -> None:
    done = run(
        """
        import torch
        x = torch.ones(3, device="npu")
        print((x * 2).tolist(), (x * 2).tolist())
        """,
        SOFTCANN_FAULT="flip:op=aclnnMuls,call=2,element=1,bit=31",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[2.0, 2.0, 2.0] [2.0, -2.0, 2.0]"


@pytest.mark.parametrize("text", ["flip", "oom:op=x", "error:call=2", "flip:op=x,bit=-1", "burn:op=x"])
def test_a_fault_that_cannot_be_read_is_refused(run, text: str) -> None:
    done = run("import torch; torch.ones(2, device='npu')", SOFTCANN_FAULT=text)
    assert done.returncode == 1
    assert f"SOFTCANN_FAULT='{text}': expected" in done.stderr


def test_calls_are_counted(run, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    done = run(
        "import torch; x = torch.ones(3, device='npu'); [(x * 2).cpu() for _ in range(5)]",
        SOFTCANN_TRACE=str(trace),
    )
    assert done.returncode == 0, done.stderr
    counts = {name: int(count) for count, name in (line.split(None, 1) for line in trace.open())}
    assert next(count for name, count in counts.items() if name.startswith("aclnnMuls")) == 5
