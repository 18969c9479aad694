"""Packages as installers name them."""

import re

from npuport.audit.finding import Level

_NAMES = {
    "flash-attn": "flash-attn",
    "flash-attn-3": "flash-attn",
    "flashinfer-python": "flash-attn",
    "xformers": "xformers",
    "triton": "triton",
    "pytorch-triton": "triton",
    "pynvml": "nvidia-smi",
    "nvidia-ml-py": "nvidia-smi",
    "nvidia-ml-py3": "nvidia-smi",
    "gputil": "nvidia-smi",
    "gpustat": "nvidia-smi",
    **dict.fromkeys(
        (
            *(
                "apex",
                "bitsandbytes",
                "tensorrt",
                "torch-tensorrt",
                "transformer-engine",
                "mamba-ssm",
                "pycuda",
            ),
            *("causal-conv1d", "cudf", "cuml", "cuda-python", "onnxruntime-gpu", "faiss-gpu", "nvdiffrast"),
            *(
                "tinycudann",
                "pytorch-cuda",
                "cudatoolkit",
                "cudnn",
                "cuda-toolkit",
                "sageattention",
                "natten",
            ),
        ),
        "cuda-library",
    ),
}
_FAMILIES = re.compile(
    r"(?:cupy|spconv|nvidia|dgl|cuda)-(?:cu|cuda)\w*|nvidia-(?:cu|nccl|dali|nv)\w*(?:-cu\d+)?|cupy"
)
_WHEELS = re.compile(r"/whl/(?:nightly/)?cu\d+|\+cu\d{2,3}\b")


def judge_requirement(text: str) -> tuple[str, Level] | None:
    """Rule and level of a requirement such as `flash-attn==2.5`, or of an index of CUDA wheels."""
    if _WHEELS.search(text):
        return "cuda-library", "warning"
    name = re.match(r"\s*([A-Za-z0-9][\w.-]*)", text)
    plain = re.sub(r"[-_.]+", "-", name[1]).lower() if name else ""
    if rule := _NAMES.get(plain):
        return rule, "error"
    return ("cuda-library", "error") if _FAMILIES.fullmatch(plain) else None
