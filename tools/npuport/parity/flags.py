"""The precision flags of torch_npu: what a policy asks for, what holds."""

from typing import Any

from npuport.parity.case import Policy


def set_flags(policy: Policy) -> None:
    """Let convolutions use HF32 or not; matrix products never do, which is torch_npu's default."""
    import torch

    npu: Any = torch.npu  # type: ignore[attr-defined]
    npu.conv.allow_hf32 = policy.conv_hf32
    npu.matmul.allow_hf32 = False


def flags() -> dict[str, bool]:
    """The precision flags that torch_npu holds now."""
    import torch

    npu: Any = torch.npu  # type: ignore[attr-defined]
    return {"conv.allow_hf32": npu.conv.allow_hf32, "matmul.allow_hf32": npu.matmul.allow_hf32}
