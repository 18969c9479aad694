"""Single names of torch and of other packages: under which rule they fall, and what to write instead."""

from dataclasses import dataclass

from npuport.audit.finding import Level, Shim
from npuport.audit.rules import RULES


@dataclass(frozen=True)
class Api:
    """A name that assumes CUDA.

    Args:
        rule: the id of its rule.
        level: where it is another than the rule's.
        neutral: where it is another than the rule's.
        shim: where it is another than the rule's.
        accelerator: the function below `torch.` that may be written in its place, argument for argument.
        quiet: without any device it does nothing, while that function raises: it needs a condition.
    """

    rule: str
    level: Level = "error"
    neutral: str = ""
    shim: Shim = "yes"
    accelerator: str = ""
    quiet: bool = False


def _api(
    rule: str,
    neutral: str = "",
    level: Level | None = None,
    shim: Shim | None = None,
    accelerator: str = "",
    quiet: bool = False,
) -> Api:
    row = RULES[rule]
    condition = " where torch.accelerator.is_available()" if quiet else ""
    form = neutral or (f"torch.{accelerator}{condition}" if accelerator else row.neutral)
    return Api(rule, level or row.level, form, shim or row.shim, accelerator, quiet)


def _same(*names: str, level: Level | None = None, quiet: bool = False) -> dict[str, Api]:
    """Functions that `torch.accelerator` has under the same name."""
    return {
        f"torch.cuda.{name}": _api("cuda-api", level=level, accelerator=f"accelerator.{name}", quiet=quiet)
        for name in names
    }


_SEED = "torch.manual_seed, which seeds every accelerator as well"
_TRANSFORMS = (
    *("fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fft2", "ifft2", "rfft2", "irfft2", "hfft2", "ihfft2"),
    *("fftn", "ifftn", "rfftn", "irfftn", "hfftn", "ihfftn"),
)
_NAMES = {
    "torch.cuda": _api("cuda-api"),
    **_same("device_count", "synchronize", "reset_peak_memory_stats"),
    **_same("memory_allocated", "max_memory_allocated", "memory_reserved", quiet=True, level="warning"),
    **_same("max_memory_reserved", "memory_stats", "empty_cache", quiet=True, level="warning"),
    "torch.cuda.set_device": _api("cuda-api", accelerator="accelerator.set_device_index"),
    "torch.cuda.current_device": _api("cuda-api", accelerator="accelerator.current_device_index"),
    "torch.cuda.manual_seed": _api("cuda-api", _SEED, "warning"),
    "torch.cuda.manual_seed_all": _api("cuda-api", _SEED, "warning"),
    "torch.cuda.seed": _api("cuda-api", "torch.seed", "warning"),
    "torch.cuda.seed_all": _api("cuda-api", "torch.seed", "warning"),
    "torch.cuda.is_initialized": _api("cuda-api", level="warning"),
    "torch.cuda.is_bf16_supported": _api("cuda-api", level="warning"),
    "torch.cuda.ipc_collect": _api("cuda-api", "nothing: it is CUDA's own housekeeping", "warning"),
    "torch.cuda.is_available": _api("cuda-available", accelerator="accelerator.is_available"),
    "torch.has_cuda": _api("cuda-available"),
    "torch.backends.cuda.is_built": _api("cuda-available"),
    "torch.version.cuda": _api(
        "cuda-api", "torch.version is of the build; ask the device instead", "note", "no"
    ),
    "torch._C._cuda": _api("cuda-api", shim="no"),
    "torch.cuda.amp": _api("autocast-cuda"),
    "torch.cuda.amp.GradScaler": _api("grad-scaler", shim="yes"),
    "torch.cuda.amp.grad_scaler": _api("grad-scaler", shim="yes"),
    "torch.get_autocast_gpu_dtype": _api("autocast-cuda", "torch.get_autocast_dtype(device_type)"),
    "torch.set_autocast_gpu_dtype": _api("autocast-cuda", "torch.set_autocast_dtype(device_type, dtype)"),
    **{
        f"torch.cuda.{name}": _api("cuda-stream")
        for name in ("Stream", "Event", "stream", "streams", "StreamContext", "default_stream")
    },
    "torch.cuda.ExternalStream": _api("cuda-stream", shim="partly"),
    "torch.cuda.current_stream": _api("cuda-stream", accelerator="accelerator.current_stream"),
    "torch.cuda.set_stream": _api("cuda-stream", accelerator="accelerator.set_stream"),
    **{
        f"torch.cuda.{name}": _api("cuda-graph")
        for name in ("CUDAGraph", "graph", "graphs", "make_graphed_callables", "graph_pool_handle")
    },
    "torch.cuda.is_current_stream_capturing": _api("cuda-graph"),
    "torch.cuda.nvtx": _api("cuda-profiler", level="error", shim="no"),
    "torch.cuda.profiler": _api("cuda-profiler", level="error", shim="no"),
    "torch.autograd.profiler.emit_nvtx": _api("cuda-profiler", level="error", shim="no"),
    "torch.profiler.ProfilerActivity.CUDA": _api("cuda-profiler", shim="yes"),
    "torch.cuda.nccl": _api("nccl", shim="no"),
    "torch.distributed.is_nccl_available": _api(
        "nccl", "torch.distributed.is_backend_available(backend)", "warning", "yes"
    ),
    "torch.distributed.ProcessGroupNCCL": _api("nccl", shim="yes"),
    "torch.distributed.Backend.NCCL": _api("nccl", shim="partly"),
    "torch.backends.cudnn": _api("cudnn"),
    "torch.backends.cudnn.allow_tf32": _api("tf32"),
    "torch.backends.cudnn.conv.fp32_precision": _api("tf32"),
    "torch.backends.cudnn.rnn.fp32_precision": _api("tf32"),
    "torch.backends.cudnn.fp32_precision": _api("tf32"),
    "torch.backends.cuda": _api("cuda-backend"),
    "torch.backends.cuda.matmul.allow_tf32": _api("tf32"),
    "torch.backends.cuda.matmul.fp32_precision": _api("tf32"),
    "torch.nn.attention.SDPBackend.CUDNN_ATTENTION": _api("cudnn", level="warning"),
    "torch.utils.cpp_extension.CUDAExtension": _api("cuda-extension"),
    "torch.utils.cpp_extension.CUDA_HOME": _api("cuda-extension"),
    "torch.utils.cpp_extension.CUDNN_HOME": _api("cuda-extension"),
    "torch.complex": _api("complex"),
    "torch.polar": _api("complex"),
    "torch.view_as_complex": _api("complex"),
    "torch.stft": _api("complex"),
    "torch.istft": _api("complex"),
    **{f"torch.fft.{name}": _api("complex") for name in _TRANSFORMS},
}
#: Names of `torch.cuda` that `torch.npu` 2.13 lacks, so that the shim cannot give them.
_ABSENT = {
    *("CUDAPluggableAllocator", "ComplexDoubleStorage", "ComplexFloatStorage", "CudaError", "GreenContext"),
    *("DeferredCudaCallError", "caching_allocator_disabled", "caching_allocator_enable", "check_error"),
    *("clock_rate", "cudaStatus", "cudart", "current_solver_handle", "device_memory_used", "get_arch_list"),
    *("get_gencode_flags", "get_stream_from_external", "has_half", "has_magma", "is_tf32_supported"),
    *("jiterator", "list_gpu_processes", "memory_usage", "power_draw", "sparse", "temperature", "tunable"),
    *("comm", "nccl", "nvtx", "profiler"),
}

#: Packages by the first words of their module names.
_PACKAGES = {
    "triton": "triton",
    "flash_attn": "flash-attn",
    "flash_attn_interface": "flash-attn",
    "flash_attn_2_cuda": "flash-attn",
    "flash_attn_3": "flash-attn",
    "flashinfer": "flash-attn",
    "xformers": "xformers",
    "pynvml": "nvidia-smi",
    "py3nvml": "nvidia-smi",
    "nvidia_smi": "nvidia-smi",
    "nvsmi": "nvidia-smi",
    "GPUtil": "nvidia-smi",
    "gpustat": "nvidia-smi",
    "cuda.bindings": "cuda-library",
    "cuda.cuda": "cuda-library",
    "cuda.cudart": "cuda-library",
    "cuda.core": "cuda-library",
    "numba.cuda": "cuda-library",
    "nvidia": "cuda-library",
    **dict.fromkeys(
        (
            *("amp_C", "apex_C", "fused_layer_norm_cuda", "fused_adam_cuda", "selective_scan_cuda"),
            *("causal_conv1d_cuda", "dropout_layer_norm", "rotary_emb", "xentropy_cuda_lib"),
        ),
        "cuda-extension",
    ),
    **dict.fromkeys(
        (
            *("apex", "cupy", "pycuda", "tensorrt", "torch_tensorrt", "torch2trt", "bitsandbytes", "cudf"),
            *("cuml", "cugraph", "transformer_engine", "mamba_ssm", "causal_conv1d", "spconv", "torchsparse"),
            *("MinkowskiEngine", "nvdiffrast", "tinycudann", "sageattention", "pynvjitlink", "natten"),
        ),
        "cuda-library",
    ),
}


def lookup(name: str) -> Api | None:
    """What is known of a dotted name of torch, or of the nearest name above it."""
    if not name.startswith("torch."):
        return None
    if name.startswith("torch._C._cuda"):
        return _NAMES["torch._C._cuda"]
    words = name.split(".")
    for count in range(len(words), 1, -1):
        found = _NAMES.get(".".join(words[:count]))
        if found and (count == len(words) or not found.accelerator):
            if words[1] == "cuda" and len(words) > 2 and words[2] in _ABSENT and found.shim == "yes":
                return Api(found.rule, found.level, found.neutral, "no", found.accelerator)
            return found
    return None


def package(module: str) -> str:
    """The rule under which importing a module falls; empty where it needs no CUDA."""
    words = module.split(".")
    return next(
        (rule for n in (2, 1) if (rule := _PACKAGES.get(".".join(words[:n]), "")) and len(words) >= n), ""
    )
