"""The precision flags of torch_npu: set them for a policy, read them."""

from typing import Any

from npuport.parity.case import Policy


def set_flags(policy: Policy) -> None:
    """Set whether convolutions use HF32. Matrix products never do, which is torch_npu's default."""
    import torch

    npu: Any = torch.npu  # type: ignore[attr-defined]
    npu.conv.allow_hf32 = policy.conv_hf32
    npu.matmul.allow_hf32 = False


def flags() -> dict[str, bool]:
    """The current precision flags of torch_npu."""
    import torch

    npu: Any = torch.npu  # type: ignore[attr-defined]
    return {"conv.allow_hf32": npu.conv.allow_hf32, "matmul.allow_hf32": npu.matmul.allow_hf32}
