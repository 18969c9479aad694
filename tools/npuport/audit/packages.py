"""Packages and environment variables that belong to CUDA: the rule of each."""

import re

from npuport.audit.finding import Level

#: The first words of module names, by rule.
_MODULES = {
    "triton": "triton",
    "flash-attn": "flash_attn flash_attn_interface flash_attn_2_cuda flash_attn_3 flashinfer",
    "xformers": "xformers",
    "nvidia-smi": "pynvml py3nvml nvidia_smi nvsmi GPUtil gpustat",
    "cuda-extension": "amp_C apex_C fused_layer_norm_cuda fused_adam_cuda selective_scan_cuda"
    " causal_conv1d_cuda dropout_layer_norm rotary_emb xentropy_cuda_lib",
    "cuda-library": "cuda.bindings cuda.cuda cuda.cudart cuda.core numba.cuda nvidia apex cupy pycuda"
    " tensorrt torch_tensorrt torch2trt bitsandbytes cudf cuml cugraph transformer_engine mamba_ssm"
    " causal_conv1d spconv torchsparse MinkowskiEngine nvdiffrast tinycudann sageattention"
    " pynvjitlink natten",
}
#: The names that installers use, by rule.
_REQUIREMENTS = {
    "flash-attn": "flash-attn flash-attn-3 flashinfer-python",
    "xformers": "xformers",
    "triton": "triton pytorch-triton",
    "nvidia-smi": "pynvml nvidia-ml-py nvidia-ml-py3 gputil gpustat",
    "cuda-library": "apex bitsandbytes tensorrt torch-tensorrt transformer-engine mamba-ssm pycuda"
    " causal-conv1d cudf cuml cuda-python onnxruntime-gpu faiss-gpu nvdiffrast tinycudann pytorch-cuda"
    " cudatoolkit cudnn cuda-toolkit sageattention natten",
}
MODULES = {name: rule for rule, names in _MODULES.items() for name in names.split()}
_NAMES = {name: rule for rule, names in _REQUIREMENTS.items() for name in names.split()}
_FAMILIES = re.compile(
    r"(?:cupy|spconv|nvidia|dgl|cuda)-(?:cu|cuda)\w*|nvidia-(?:cu|nccl|dali|nv)\w*(?:-cu\d+)?|cupy"
)
_WHEELS = re.compile(r"/whl/(?:nightly/)?cu\d+|\+cu\d{2,3}\b")
#: The environment variables that CUDA and its libraries read.
VARIABLE = re.compile(r"(?:CUDA|NCCL|TORCH_NCCL|TORCH_CUDA|PYTORCH_CUDA|CUBLAS|CUDNN|NVIDIA)_[A-Z0-9_]+")


def rule_of_module(module: str) -> str:
    """The rule that an import of a module breaks; empty if it needs no CUDA."""
    words = module.split(".")
    return MODULES.get(".".join(words[:2])) or MODULES.get(words[0], "")


def judge_requirement(text: str) -> tuple[str, Level] | None:
    """Rule and level of a requirement such as `flash-attn==2.5`, or of an index of CUDA wheels."""
    if _WHEELS.search(text):
        return "cuda-library", "warning"
    name = re.match(r"\s*([A-Za-z0-9][\w.-]*)", text)
    plain = re.sub(r"[-_.]+", "-", name[1]).lower() if name else ""
    if rule := _NAMES.get(plain):
        return rule, "error"
    return ("cuda-library", "error") if _FAMILIES.fullmatch(plain) else None


def judge_variable(name: str) -> tuple[str, Level] | None:
    """Rule and level of an environment variable; None if it is not one of CUDA's."""
    if not VARIABLE.fullmatch(name):
        return None
    if name == "CUDA_VISIBLE_DEVICES":
        return "cuda-visible-devices", "warning"
    if name == "NVIDIA_TF32_OVERRIDE":
        return "tf32", "warning"
    return "nccl" if "NCCL" in name else "cuda-env", "note"
