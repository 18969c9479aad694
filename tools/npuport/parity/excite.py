"""Weights with which every fault changes an output.

At its initial values a transformer hides faults: attention is uniform, biases are zero, norm weights are one,
so that leaving them out changes nothing. With excited weights every parameter matters.
"""

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import nn

#: Standard deviation of excited norm weights around one.
NORM = 0.2
#: Standard deviation of excited biases and scalars around their initial value.
BIAS = 0.1
#: Standard deviation of the attention logits: far from uniform, not yet one-hot.
LOGIT = 2.6


def excite(model: "nn.Module", seed: int, attention: tuple[str, ...] = ()) -> None:
    """Move every parameter of `model` off its initial value, in place.

    Norm weights become 1 ± 0.2, biases and scalars move by 0.1, matrices and kernels are drawn again with
    variance 1 / fan-in so that the output of every layer has the scale of its input.

    Args:
        model: on the CPU, its parameters float32, freshly built.
        seed: the same seed gives the same weights.
        attention: endings of the names of the weights that compute queries and keys; they are scaled so that
            the logits of normalised inputs have a standard deviation of about 2.6.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim >= 2:
                fan_in = parameter[0].numel()
                gain = LOGIT**0.5 if name.endswith(attention) else 1.0
                parameter.copy_(noise * gain / fan_in**0.5)
            elif parameter.ndim == 1 and bool((parameter == 1).all()):
                parameter.copy_(1 + NORM * noise)
            else:
                parameter.add_(BIAS * noise)
