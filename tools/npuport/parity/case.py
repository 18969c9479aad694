"""What is run: an entry point, on a set of inputs, at a precision policy, of a model size."""

from dataclasses import dataclass

from npuport.adapter import EntryPoint

#: Random inputs in a batch: the figures are pooled over them, which evens out the luck of one.
COUNT = 8


@dataclass(frozen=True)
class Policy:
    """How precisely a run computes.

    Args:
        name: what the reports call it.
        tight: upstream's own low-precision steps are switched off, on both sides.
        conv_hf32: convolutions round their operands to HF32, as torch_npu lets the chip do by default.
        title: one line for a reader.
    """

    name: str
    tight: bool
    conv_hf32: bool
    title: str

    @property
    def mode(self) -> str:
        """The function that is computed, whatever the precision: policies of one mode share their golden."""
        return "tight" if self.tight else "shipped"


POLICIES = (
    Policy("tight", True, False, "upstream's low-precision steps off, HF32 off: carries the verdict"),
    Policy("shipped", False, False, "the model as shipped, HF32 off: coarse"),
    Policy("shipped-hf32", False, True, "the model as shipped, torch_npu's defaults: what a user gets"),
)


def policy(name: str) -> Policy:
    """The policy of a name."""
    return next(policy for policy in POLICIES if policy.name == name)


@dataclass(frozen=True)
class Case:
    """One entry point, on one set of inputs, at one policy, of one size."""

    size: str
    policy: Policy
    inputs: str
    entry: EntryPoint

    @property
    def id(self) -> str:
        """The case's name: `tiny-tight-random-get_clip_logits`."""
        return f"{self.size}-{self.policy.name}-{self.inputs}-{self.entry.name}"
