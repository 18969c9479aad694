"""The names of torch that assume CUDA: the rule of each, and what to write instead."""

from dataclasses import dataclass, replace

from npuport.audit.finding import Level, Shim
from npuport.audit.rules import RULES


@dataclass(frozen=True)
class Api:
    """A name that assumes CUDA.

    Args:
        rule: the id of its rule.
        form: what to write instead; empty for the accelerator's function, or else the rule's.
        level: None for the rule's.
        shim: None for the rule's.
        accelerator: the function of `torch.accelerator` that takes the same arguments and can replace it.
        quiet: without a device it does nothing, but that function raises, so that it needs a condition.
    """

    rule: str
    form: str = ""
    level: Level | None = None
    shim: Shim | None = None
    accelerator: str = ""
    quiet: bool = False

    @property
    def neutral(self) -> str:
        """What to write instead; empty for the rule's."""
        condition = " if torch.accelerator.is_available()" if self.quiet else ""
        return self.form or (f"torch.accelerator.{self.accelerator}{condition}" if self.accelerator else "")


def _same(names: str, level: Level | None = None, quiet: bool = False) -> dict[str, Api]:
    """Functions that have the same name in `torch.accelerator`."""
    return {
        f"torch.cuda.{name}": Api("cuda-api", level=level, accelerator=name, quiet=quiet)
        for name in names.split()
    }


_SEED = "torch.manual_seed, which seeds every accelerator as well"
#: Names for which the level, the neutral form and the shim are the rule's own.
_PLAIN = {
    "cuda-api": "torch.cuda",
    "cuda-available": "torch.has_cuda torch.backends.cuda.is_built",
    "autocast-cuda": "torch.cuda.amp",
    "cuda-stream": "torch.cuda.Stream torch.cuda.Event torch.cuda.stream torch.cuda.streams"
    " torch.cuda.StreamContext torch.cuda.default_stream",
    "cuda-graph": "torch.cuda.CUDAGraph torch.cuda.graph torch.cuda.graphs torch.cuda.make_graphed_callables"
    " torch.cuda.graph_pool_handle torch.cuda.is_current_stream_capturing",
    "cudnn": "torch.backends.cudnn",
    "tf32": "torch.backends.cudnn.allow_tf32 torch.backends.cudnn.fp32_precision"
    " torch.backends.cudnn.conv.fp32_precision torch.backends.cudnn.rnn.fp32_precision"
    " torch.backends.cuda.matmul.allow_tf32 torch.backends.cuda.matmul.fp32_precision",
    "cuda-backend": "torch.backends.cuda",
    "cuda-extension": "torch.utils.cpp_extension.CUDAExtension torch.utils.cpp_extension.CUDA_HOME"
    " torch.utils.cpp_extension.CUDNN_HOME",
    "complex": "torch.complex torch.polar torch.view_as_complex torch.stft torch.istft",
}
_TRANSFORMS = "fft ifft rfft irfft hfft ihfft"
_NAMES = {
    **{name: Api(rule) for rule, names in _PLAIN.items() for name in names.split()},
    **{f"torch.fft.{name}{n}": Api("complex") for name in _TRANSFORMS.split() for n in ("", "2", "n")},
    **_same("device_count synchronize reset_peak_memory_stats"),
    **_same("memory_allocated max_memory_allocated memory_reserved", "warning", quiet=True),
    **_same("max_memory_reserved memory_stats empty_cache", "warning", quiet=True),
    "torch.cuda.set_device": Api("cuda-api", accelerator="set_device_index"),
    "torch.cuda.current_device": Api("cuda-api", accelerator="current_device_index"),
    "torch.cuda.manual_seed": Api("cuda-api", _SEED, "warning"),
    "torch.cuda.manual_seed_all": Api("cuda-api", _SEED, "warning"),
    "torch.cuda.seed": Api("cuda-api", "torch.seed", "warning"),
    "torch.cuda.seed_all": Api("cuda-api", "torch.seed", "warning"),
    "torch.cuda.is_initialized": Api("cuda-api", level="warning"),
    "torch.cuda.is_bf16_supported": Api("cuda-api", level="warning"),
    "torch.cuda.ipc_collect": Api("cuda-api", "nothing: only CUDA needs it", "warning"),
    "torch.cuda.is_available": Api("cuda-available", accelerator="is_available"),
    "torch.version.cuda": Api(
        "cuda-api", "the properties of the device; torch.version describes the build", "note", "no"
    ),
    "torch._C._cuda": Api("cuda-api", shim="no"),
    "torch.cuda.amp.GradScaler": Api("grad-scaler", shim="yes"),
    "torch.cuda.amp.grad_scaler": Api("grad-scaler", shim="yes"),
    "torch.get_autocast_gpu_dtype": Api("autocast-cuda", "torch.get_autocast_dtype(device_type)"),
    "torch.set_autocast_gpu_dtype": Api("autocast-cuda", "torch.set_autocast_dtype(device_type, dtype)"),
    "torch.cuda.ExternalStream": Api("cuda-stream", shim="partly"),
    "torch.cuda.current_stream": Api("cuda-stream", accelerator="current_stream"),
    "torch.cuda.set_stream": Api("cuda-stream", accelerator="set_stream"),
    "torch.cuda.nvtx": Api("cuda-profiler", level="error", shim="no"),
    "torch.cuda.profiler": Api("cuda-profiler", level="error", shim="no"),
    "torch.autograd.profiler.emit_nvtx": Api("cuda-profiler", level="error", shim="no"),
    "torch.profiler.ProfilerActivity.CUDA": Api("cuda-profiler", shim="yes"),
    "torch.cuda.nccl": Api("nccl", shim="no"),
    "torch.distributed.is_nccl_available": Api(
        "nccl", "torch.distributed.is_backend_available(backend)", "warning", "yes"
    ),
    "torch.distributed.ProcessGroupNCCL": Api("nccl", shim="yes"),
    "torch.distributed.Backend.NCCL": Api("nccl", shim="partly"),
    "torch.nn.attention.SDPBackend.CUDNN_ATTENTION": Api("cudnn", level="warning"),
}
#: Names of `torch.cuda` that `torch.npu` 2.13 lacks; the shim does not cover them.
_ABSENT = {
    *("CUDAPluggableAllocator", "ComplexDoubleStorage", "ComplexFloatStorage", "CudaError", "GreenContext"),
    *("DeferredCudaCallError", "caching_allocator_disabled", "caching_allocator_enable", "check_error"),
    *("clock_rate", "cudaStatus", "cudart", "current_solver_handle", "device_memory_used", "get_arch_list"),
    *("get_gencode_flags", "get_stream_from_external", "has_half", "has_magma", "is_tf32_supported"),
    *("jiterator", "list_gpu_processes", "memory_usage", "power_draw", "sparse", "temperature", "tunable"),
    *("comm", "nccl", "nvtx", "profiler"),
}


def lookup(name: str) -> Api | None:
    """The entry of a dotted name of torch, or of the nearest name above it; None if there is none."""
    if not name.startswith("torch."):
        return None
    if name.startswith("torch._C._cuda"):
        return _NAMES["torch._C._cuda"]
    words = name.split(".")
    for count in range(len(words), 1, -1):
        api = _NAMES.get(".".join(words[:count]))
        if api and (count == len(words) or not api.accelerator):
            shim = api.shim or RULES[api.rule].shim
            absent = words[1] == "cuda" and not _ABSENT.isdisjoint(words[2:3])
            return replace(api, shim="no") if absent and shim == "yes" else api
    return None
