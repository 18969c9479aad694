"""The rules of the audit, a row for each kind of CUDA assumption; docs/reference/audit.md shows them."""

from dataclasses import dataclass

from npuport.audit.finding import Finding, Fix, Level, Shim


@dataclass(frozen=True)
class Rule:
    """A kind of assumption.

    Args:
        id: its name in reports.
        level: of a finding without conditions around it; see `npuport.audit.finding.Level`.
        what: the code that it finds.
        why: what goes wrong on an NPU.
        neutral: the device-neutral form.
        shim: whether `torch_npu.contrib.transfer_to_npu` covers it.
        shim_why: what the shim does, or why it does not cover it.
        fix: what `--fix` drafts; empty if nothing.
    """

    id: str
    level: Level
    what: str
    why: str
    neutral: str
    shim: Shim
    shim_why: str
    fix: str = ""

    def finding(
        self,
        path: str,
        line: int,
        column: int,
        code: str,
        what: str,
        *,
        level: Level | None = None,
        neutral: str = "",
        shim: Shim | None = None,
        guarded: bool = False,
        scope: str = "",
        fix: Fix | None = None,
    ) -> Finding:
        """A finding of this rule; level, neutral and shim are the rule's own unless they are given."""
        return Finding(
            path,
            line,
            column,
            self.id,
            level or self.level,
            code,
            what,
            neutral or self.neutral,
            shim or self.shim,
            guarded,
            scope,
            fix,
        )


_TABLE = (
    Rule(
        "cuda-api",
        "error",
        "`torch.cuda.*`: devices, memory, seeds, properties; `torch.version.cuda`, CUDA tensor types",
        "torch on Ascend is built without CUDA: most of these raise, the others do nothing",
        "torch.accelerator.*, or torch.get_device_module(tensor.device.type).* for functions it lacks",
        "yes",
        "`torch.cuda` becomes `torch_npu.npu`, except a few names that torch_npu lacks",
        "functions that `torch.accelerator` has",
    ),
    Rule(
        "cuda-available",
        "warning",
        "`torch.cuda.is_available()` as a condition; an error if the program stops without CUDA",
        "false on an NPU: the CPU branch runs, or the program does not start",
        "torch.accelerator.is_available()",
        "yes",
        "`torch.cuda` becomes `torch_npu.npu`",
        "`torch.accelerator.is_available()`",
    ),
    Rule(
        "cuda-method",
        "error",
        "`.cuda()` of a tensor, module or storage",
        "raises: torch is not compiled with CUDA",
        ".to(device), the device chosen once with torch.accelerator.current_accelerator()",
        "yes",
        "`Tensor.cuda` and `Module.cuda` become `.npu`",
        "`.to(...)` of the accelerator that is present",
    ),
    Rule(
        "is-cuda",
        "warning",
        "`.is_cuda` of a tensor or storage",
        "false for a tensor on the NPU: the accelerator branch does not run",
        'tensor.device.type != "cpu", or compare with the intended device',
        "yes",
        "`is_cuda` becomes `is_npu`",
        '`.device.type != "cpu"`',
    ),
    Rule(
        "cuda-device",
        "error",
        'a device written as "cuda" or "cuda:N": in calls, defaults, argparse, dictionaries, YAML, shell',
        "the device does not exist: moving a tensor to it raises",
        "torch.accelerator.current_accelerator(), or tensor.device if there is a tensor",
        "partly",
        "translated if it reaches a patched function such as `.to`; the string itself stays",
        "the type of the accelerator that is present",
    ),
    Rule(
        "device-choice",
        "warning",
        '`"cuda" if torch.cuda.is_available() else "cpu"`',
        "never chooses the NPU",
        'torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else "cpu"',
        "yes",
        "the condition becomes true, and the string is translated when it is used",
        "the type of the accelerator that is present, else the CPU",
    ),
    Rule(
        "device-test",
        "warning",
        'a comparison with "cuda": `device.type == "cuda"`, `"cuda" in str(device)`, `startswith("cuda")`',
        "false for an NPU: the accelerator branch does not run",
        'device.type != "cpu", or device.type == torch.accelerator.current_accelerator().type',
        "no",
        "strings are not translated in comparisons",
    ),
    Rule(
        "autocast-cuda",
        "error",
        '`autocast("cuda")`, `torch.cuda.amp.autocast`, `custom_fwd`, `custom_bwd`, `*_autocast_gpu_dtype`',
        "autocasts nothing on an NPU: the precision differs, with a warning at most",
        "torch.autocast(device_type=tensor.device.type)",
        "yes",
        '`autocast` gets "npu" for "cuda", `torch.cuda.amp` becomes torch_npu\'s',
        "the type of the accelerator that is present",
    ),
    Rule(
        "grad-scaler",
        "error",
        "`torch.cuda.amp.GradScaler`; `torch.amp.GradScaler` for CUDA, which is its default",
        "disabled without CUDA, with a warning: float16 gradients are not scaled",
        "torch.amp.GradScaler(device_type)",
        "partly",
        "`torch.cuda.amp.GradScaler` becomes torch_npu's; `torch.amp.GradScaler` is left alone",
        "the type of the accelerator that is present",
    ),
    Rule(
        "nccl",
        "error",
        "NCCL: as backend of a process group, its defaults and tests, `torch.cuda.nccl`, `NCCL_*`",
        "an Ascend machine has HCCL instead of NCCL",
        "torch.distributed.get_default_backend_for_device(device): nccl, hccl or gloo",
        "partly",
        "`init_process_group` and `new_group` get hccl for nccl; comparisons and variables stay",
        "the default backend of the accelerator that is present",
    ),
    Rule(
        "cudnn",
        "note",
        "`torch.backends.cudnn.*`: benchmark, deterministic, enabled",
        "no effect on an NPU: the intended speed or determinism is missing",
        "torch.use_deterministic_algorithms(True) for determinism; nothing for benchmark",
        "no",
        "`torch.backends` is not patched",
    ),
    Rule(
        "tf32",
        "warning",
        "TF32 switches: `allow_tf32`, `fp32_precision`, `NVIDIA_TF32_OVERRIDE`",
        "no effect on an NPU, which has separate HF32 switches: other digits of the results differ",
        "torch.set_float32_matmul_precision for CUDA; torch.npu.matmul.allow_hf32 and conv's for the NPU",
        "no",
        "`torch.backends` is not patched",
    ),
    Rule(
        "cuda-backend",
        "warning",
        "`torch.backends.cuda.*` other than TF32: attention kernels, linear algebra library, plan cache",
        "no effect on an NPU, or raises",
        "torch.nn.attention.sdpa_kernel, or let torch choose",
        "no",
        "`torch.backends` is not patched",
    ),
    Rule(
        "pinned-memory",
        "note",
        "`pin_memory=True`, `.pin_memory()`",
        "pins for the accelerator that is present; without one, a warning and no pinning",
        "pin_memory=torch.accelerator.is_available()",
        "yes",
        "`pin_memory` is patched for a named device; without a name torch itself chooses the NPU",
    ),
    Rule(
        "cuda-stream",
        "error",
        "CUDA streams and events",
        "raises: torch is not compiled with CUDA",
        "torch.Stream, torch.Event, torch.accelerator.current_stream()",
        "yes",
        "`torch.cuda` becomes `torch_npu.npu`, which has streams and events",
        "`current_stream` and `set_stream`",
    ),
    Rule(
        "cuda-graph",
        "error",
        "CUDA graphs",
        "raises: torch is not compiled with CUDA",
        "torch.npu.NPUGraph after a test of the device, or no graph",
        "partly",
        "`CUDAGraph` becomes `NPUGraph`; the captured operators must support it",
    ),
    Rule(
        "cuda-profiler",
        "warning",
        "NVTX ranges, `torch.cuda.profiler`, `ProfilerActivity.CUDA`, nsys",
        "records nothing of the NPU; NVTX calls raise",
        "torch.profiler with the activities of torch.profiler.supported_activities()",
        "partly",
        "`torch.profiler.profile` becomes torch_npu's; `nvtx` is missing",
    ),
    Rule(
        "nvidia-smi",
        "error",
        "nvidia-smi, NVML and their Python packages",
        "missing on an Ascend machine: the count is 0, or the program stops",
        "torch.accelerator.device_count(); npu-smi for other queries",
        "no",
        "it is a program outside Python",
        "counting devices in shell",
    ),
    Rule(
        "cuda-visible-devices",
        "warning",
        "`CUDA_VISIBLE_DEVICES`, set or read, in Python and shell",
        "CANN ignores it: every NPU stays visible",
        "set ASCEND_RT_VISIBLE_DEVICES as well",
        "no",
        "environment variables are not translated",
        "in shell, `ASCEND_RT_VISIBLE_DEVICES` after it",
    ),
    Rule(
        "cuda-env",
        "note",
        "other CUDA variables: `CUDA_LAUNCH_BLOCKING`, `CUDA_HOME`, `PYTORCH_CUDA_ALLOC_CONF`",
        "no effect on an NPU",
        "the variable of the same purpose: ASCEND_LAUNCH_BLOCKING, PYTORCH_NPU_ALLOC_CONF, HCCL_*",
        "no",
        "environment variables are not translated",
    ),
    Rule(
        "triton",
        "error",
        "imports of triton",
        "the wheel has no Ascend back end; triton-ascend is a separate package with its own limits",
        "a path in plain torch that runs if triton is missing",
        "no",
        "the shim only reports to torch.compile that triton is missing",
    ),
    Rule(
        "flash-attn",
        "error",
        '`flash_attn` and `attn_implementation="flash_attention_2"`',
        "the package is CUDA only",
        "torch.nn.functional.scaled_dot_product_attention, which has its own kernel on the NPU",
        "no",
        "other packages are not translated",
    ),
    Rule(
        "xformers",
        "error",
        "imports of xformers",
        "its kernels are CUDA only",
        "torch.nn.functional.scaled_dot_product_attention",
        "no",
        "other packages are not translated",
    ),
    Rule(
        "cuda-library",
        "error",
        "other packages that need CUDA: apex, cupy, pycuda, numba.cuda, TensorRT, bitsandbytes, ...",
        "cannot be installed, or fail at import",
        "torch's own function, or a path without the package",
        "no",
        "other packages are not translated",
    ),
    Rule(
        "cuda-extension",
        "error",
        "extensions in CUDA C++: `CUDAExtension`, `load` and `load_inline` of .cu, the .cu files, nvcc",
        "cannot be built without CUDA's compiler",
        "operators of torch, or an Ascend C extension after a test of the device",
        "no",
        "sources are not translated",
    ),
    Rule(
        "float64",
        "note",
        "float64 on the device: `.double()`, `dtype=torch.float64`",
        "the NPU computes it in float32, with a warning",
        "float32, or float64 on the CPU",
        "partly",
        "`torch.cuda.DoubleTensor` becomes float32's; torch_npu casts the others",
    ),
    Rule(
        "complex",
        "note",
        "complex numbers on the device: complex dtypes, `view_as_complex`, `polar`, `torch.fft`",
        "the NPU has few kernels for them; the others run on the CPU, or raise",
        "real and imaginary parts, in real arithmetic",
        "no",
        "dtypes are not translated",
    ),
    Rule(
        "unparsed",
        "note",
        "a file that Python 3 cannot parse",
        "its assumptions are not detected",
        "read the file yourself",
        "no",
        "Python cannot import it",
    ),
)

#: Every rule by its id, in the order of the documentation.
RULES = {rule.id: rule for rule in _TABLE}
