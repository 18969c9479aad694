"""For tests of the simulator's ops: a case, its variants, and the table of implemented ops."""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.testing import assert_close

NPU = torch.device("npu:0")
FLOATS = (torch.float32, torch.float16, torch.bfloat16)
INTS = (torch.int64, torch.int32)
BOOL = (torch.bool,)


def normal(*shapes: tuple[int, ...]) -> Callable[[torch.dtype], list[torch.Tensor]]:
    """A function that makes inputs of these shapes: normal numbers, integers or booleans, always the same."""

    def make(dtype: torch.dtype) -> list[torch.Tensor]:
        generator = torch.Generator().manual_seed(20)
        values = [torch.randn(shape, generator=generator) * 3 for shape in shapes]
        return [value > 0 if dtype == torch.bool else value.to(dtype) for value in values]

    return make


def positive(*shapes: tuple[int, ...]) -> Callable[[torch.dtype], list[torch.Tensor]]:
    """A function that makes the same inputs, all of them at least 1."""
    return lambda dtype: [tensor.abs() + 1 for tensor in normal(*shapes)(dtype)]


Inputs = Callable[[torch.dtype], list[torch.Tensor]]
PAIR: Inputs = normal((4, 5), (4, 5))
"""The inputs of most ops with two tensors."""


@dataclass(frozen=True)
class Case:
    """One op, reached through PyTorch.

    Args:
        op: the aclnn function that must run.
        run: the call; gets the inputs and returns a tensor or a tuple of them.
        inputs: makes the inputs of a type.
        dtypes: the types to test.
        atol, rtol: the tolerances against the CPU's result; bit for bit by default.
    """

    op: str
    run: Callable[..., Any]
    inputs: Inputs = PAIR
    dtypes: tuple[torch.dtype, ...] = FLOATS
    atol: float = 0.0
    rtol: float = 0.0
    variants: tuple[str, ...] = field(default=("plain", "transposed", "empty", "scalar"))

    def __str__(self) -> str:
        return self.op


SHAPED = ("plain", "transposed")
"""The variants of an op whose inputs need fixed numbers of dimensions."""


def vary(tensors: list[torch.Tensor], variant: str) -> list[torch.Tensor]:
    """The inputs unchanged, with other strides, without elements, or without dimensions."""
    if variant == "plain":
        return tensors
    if variant == "transposed":
        return [tensor.mT.contiguous().mT if tensor.dim() > 1 else spread(tensor) for tensor in tensors]
    if variant == "empty":
        return [tensor[:0] for tensor in tensors]
    return [tensor.flatten()[0] for tensor in tensors]


def spread(tensor: torch.Tensor) -> torch.Tensor:
    """The same values at twice the stride."""
    return tensor.repeat_interleave(2, 0)[::2] if tensor.dim() else tensor


def combinations(cases: list[Case]) -> list[Any]:
    """A pytest parameter for each case, type and variant, named after the op."""
    return [
        pytest.param(case, dtype, variant, id=f"{case.op}-{str(dtype).removeprefix('torch.')}-{variant}")
        for case in cases
        for dtype in case.dtypes
        for variant in case.variants
    ]


def check(case: Case, dtype: torch.dtype, variant: str) -> None:
    """Check that the op runs on the device and returns what it returns on the CPU."""
    on_cpu = vary(case.inputs(dtype), variant)
    on_npu = [to_npu(tensor) for tensor in on_cpu]
    before = calls(case.op)
    actual = case.run(*on_npu)
    torch.npu.synchronize()
    assert calls(case.op) > before or variant == "empty", f"{case.op} did not run"
    expected = case.run(*on_cpu)
    assert_same(actual, expected, atol=case.atol, rtol=case.rtol)


def to_npu(tensor: torch.Tensor) -> torch.Tensor:
    """A copy of the tensor on the device, with the same strides."""
    if tensor.is_contiguous():
        return tensor.to(NPU)
    storage = torch.as_strided(tensor, (tensor.untyped_storage().nbytes() // tensor.element_size(),), (1,), 0)
    return storage.to(NPU).as_strided(tensor.size(), tensor.stride(), tensor.storage_offset())


def assert_same(actual: Any, expected: Any, *, atol: float = 0.0, rtol: float = 0.0) -> None:
    """Check that the device's result has the CPU's values, types and shapes."""
    if isinstance(expected, torch.Tensor):
        assert actual.device == NPU
        assert_close(actual.cpu(), expected, atol=atol, rtol=rtol, equal_nan=True)
    elif isinstance(expected, (tuple, list)):
        assert len(actual) == len(expected)
        for one, other in zip(actual, expected, strict=True):
            assert_same(one, other, atol=atol, rtol=rtol)
    else:
        assert actual == expected


@contextmanager
def allow_hf32(*, conv: bool, matmul: bool) -> Iterator[None]:
    """Set torch_npu's two switches of HF32, and restore them afterwards."""
    before = torch.npu.conv.allow_hf32, torch.npu.matmul.allow_hf32
    torch.npu.conv.allow_hf32, torch.npu.matmul.allow_hf32 = conv, matmul
    try:
        yield
    finally:
        torch.npu.conv.allow_hf32, torch.npu.matmul.allow_hf32 = before


@cache
def _library() -> ctypes.CDLL:
    lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    path = next(line.split()[-1] for line in lines if "libopapi.so" in line)
    library = ctypes.CDLL(path)
    library.softcann_op_name.restype = ctypes.c_char_p
    library.softcann_op_name.argtypes = [ctypes.c_size_t]
    library.softcann_op_calls.restype = ctypes.c_uint64
    library.softcann_op_calls.argtypes = [ctypes.c_size_t]
    return library


@cache
def implemented() -> dict[str, int]:
    """The simulator's ops, each with its position in the table of ops."""
    names: dict[str, int] = {}
    while name := _library().softcann_op_name(len(names)):
        names[name.decode()] = len(names)
    return names


def calls(op: str) -> int:
    """The number of calls of an op in this process."""
    return int(_library().softcann_op_calls(implemented()[op]))
