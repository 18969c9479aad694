"""The versions that a report names."""

import importlib.metadata
import platform

from npuport import __version__

#: torch_npu fits one torch; the others are what models, checkpoints and pictures are read with.
PACKAGES = (
    *("torch", "torch_npu", "transformers", "safetensors", "numpy", "pillow"),
    *("omegaconf", "regex", "huggingface_hub"),
)


def versions() -> dict[str, str | None]:
    """npuport, Python and the packages that models are run with; None for what is absent."""
    found: dict[str, str | None] = {"npuport": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found
