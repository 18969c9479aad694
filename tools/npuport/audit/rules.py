"""The kinds of CUDA assumption that the audit knows: one row each, the source of docs/reference/audit.md."""

from dataclasses import dataclass

from npuport.audit.finding import Level, Shim


@dataclass(frozen=True)
class Rule:
    """A kind of assumption.

    Args:
        id: its name in reports.
        level: what a plain case of it is; see `npuport.audit.finding.Level`.
        what: what is looked for.
        why: what goes wrong on an NPU.
        neutral: the device-neutral form.
        shim: whether `torch_npu.contrib.transfer_to_npu` covers it.
        shim_why: what the shim does, or why it cannot.
        fix: what `--fix` drafts; empty where a person must think.
    """

    id: str
    level: Level
    what: str
    why: str
    neutral: str
    shim: Shim
    shim_why: str
    fix: str = ""


_TABLE = (
    Rule(
        "cuda-api",
        "error",
        "`torch.cuda.*`: devices, memory, seeds, properties; `torch.version.cuda`, CUDA tensor types",
        "torch on Ascend is built without CUDA: most of these raise, the rest do nothing",
        "torch.accelerator.*, or torch.get_device_module(tensor.device.type).* for what it lacks",
        "yes",
        "`torch.cuda` becomes `torch_npu.npu`; not the few names that torch_npu lacks",
        "functions that `torch.accelerator` has",
    ),
    Rule(
        "cuda-available",
        "warning",
        "`torch.cuda.is_available()` as a condition; an error where the program ends without CUDA",
        "false on an NPU: the CPU's branch is taken, or the program refuses to start",
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
        "false for a tensor on the NPU: the branch for the accelerator is not taken",
        'tensor.device.type != "cpu", or compare with the device that is meant',
        "yes",
        "`is_cuda` becomes `is_npu`",
        '`.device.type != "cpu"`',
    ),
    Rule(
        "cuda-device",
        "error",
        'a device written as "cuda" or "cuda:N": in calls, defaults, argparse, dictionaries, YAML, shell',
        "the device is not there: whatever is moved to it raises",
        "torch.accelerator.current_accelerator(), or tensor.device where a tensor is at hand",
        "partly",
        "translated where it reaches a patched function such as `.to`; the string itself stays",
        "the type of the accelerator that is present",
    ),
    Rule(
        "device-choice",
        "warning",
        '`"cuda" if torch.cuda.is_available() else "cpu"`',
        "never chooses the NPU",
        'torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else "cpu"',
        "yes",
        "the condition becomes true, and the string is translated where it is used",
        "the type of the accelerator that is present, else the CPU",
    ),
    Rule(
        "device-test",
        "warning",
        'a comparison with "cuda": `device.type == "cuda"`, `"cuda" in str(device)`, `startswith("cuda")`',
        "false for an NPU: the branch for the accelerator is not taken",
        'device.type != "cpu", or device.type == torch.accelerator.current_accelerator().type',
        "no",
        "strings are not translated in comparisons",
    ),
    Rule(
        "autocast-cuda",
        "error",
        '`autocast("cuda")`, `torch.cuda.amp.autocast`, `custom_fwd`, `custom_bwd`, `*_autocast_gpu_dtype`',
        "autocasts nothing on an NPU: the precision is another one, with a warning at most",
        "torch.autocast(device_type=tensor.device.type)",
        "yes",
        '`autocast` gets "npu" for "cuda", `torch.cuda.amp` becomes torch_npu\'s',
        "the type of the accelerator that is present",
    ),
    Rule(
        "grad-scaler",
        "error",
        "`torch.cuda.amp.GradScaler`; `torch.amp.GradScaler` for CUDA, which is its default",
        "switches itself off without CUDA, with a warning: float16 gradients are not scaled",
        "torch.amp.GradScaler(device_type)",
        "partly",
        "`torch.cuda.amp.GradScaler` becomes torch_npu's; `torch.amp.GradScaler` is left alone",
        "the type of the accelerator that is present",
    ),
    Rule(
        "nccl",
        "error",
        "NCCL: as backend of a process group, its defaults and tests, `torch.cuda.nccl`, `NCCL_*`",
        "there is no NCCL on an Ascend, HCCL is its like",
        "torch.distributed.get_default_backend_for_device(device): nccl, hccl or gloo",
        "partly",
        "`init_process_group` and `new_group` get hccl for nccl; comparisons and variables stay",
        "the default backend of the accelerator that is present",
    ),
    Rule(
        "cudnn",
        "note",
        "`torch.backends.cudnn.*`: benchmark, deterministic, enabled",
        "without effect on an NPU: what was meant (speed, determinism) is not had",
        "torch.use_deterministic_algorithms(True) for determinism; nothing for benchmark",
        "no",
        "`torch.backends` is not patched",
    ),
    Rule(
        "tf32",
        "warning",
        "TF32 switches: `allow_tf32`, `fp32_precision`, `NVIDIA_TF32_OVERRIDE`",
        "without effect on an NPU, whose HF32 has switches of its own: results differ in other digits",
        "torch.set_float32_matmul_precision for CUDA; torch.npu.matmul.allow_hf32 and conv's for the NPU",
        "no",
        "`torch.backends` is not patched",
    ),
    Rule(
        "cuda-backend",
        "warning",
        "`torch.backends.cuda.*` other than TF32: attention kernels, linear algebra library, plan cache",
        "without effect on an NPU, or raises",
        "torch.nn.attention.sdpa_kernel, or let torch choose",
        "no",
        "`torch.backends` is not patched",
    ),
    Rule(
        "pinned-memory",
        "note",
        "`pin_memory=True`, `.pin_memory()`",
        "pins for the accelerator that is present; where there is none, a warning and no pinning",
        "pin_memory=torch.accelerator.is_available()",
        "yes",
        "`pin_memory` is patched for a named device; without one torch does right by itself",
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
        "torch.npu.NPUGraph behind a test of the device, or no graph",
        "partly",
        "`CUDAGraph` becomes `NPUGraph`; what it captures must be supported there",
    ),
    Rule(
        "cuda-profiler",
        "warning",
        "NVTX ranges, `torch.cuda.profiler`, `ProfilerActivity.CUDA`, nsys",
        "nothing of the NPU is recorded; NVTX calls raise",
        "torch.profiler with the activities that supported_activities() names",
        "partly",
        "`torch.profiler.profile` becomes torch_npu's; `nvtx` is missing",
    ),
    Rule(
        "nvidia-smi",
        "error",
        "nvidia-smi, NVML and their Python packages",
        "not there on an Ascend: the count is 0, or the program ends",
        "torch.accelerator.device_count(); npu-smi for what else is asked",
        "no",
        "it is a program outside Python",
        "counting devices in shell",
    ),
    Rule(
        "cuda-visible-devices",
        "warning",
        "`CUDA_VISIBLE_DEVICES`, set or read, in Python and shell",
        "CANN does not heed it: every NPU stays visible",
        "ASCEND_RT_VISIBLE_DEVICES beside it",
        "no",
        "environment variables are not translated",
        "in shell, `ASCEND_RT_VISIBLE_DEVICES` beside it",
    ),
    Rule(
        "cuda-env",
        "note",
        "other variables of CUDA's: `CUDA_LAUNCH_BLOCKING`, `CUDA_HOME`, `PYTORCH_CUDA_ALLOC_CONF`",
        "without effect on an NPU",
        "the variable of the same purpose: ASCEND_LAUNCH_BLOCKING, PYTORCH_NPU_ALLOC_CONF, HCCL_*",
        "no",
        "environment variables are not translated",
    ),
    Rule(
        "triton",
        "error",
        "imports of triton",
        "the wheel has no Ascend back end; triton-ascend is another package with limits of its own",
        "a path in plain torch, taken where triton is missing",
        "no",
        "the shim reports triton as missing to torch.compile, no more",
    ),
    Rule(
        "flash-attn",
        "error",
        '`flash_attn` and `attn_implementation="flash_attention_2"`',
        "the package is CUDA only",
        "torch.nn.functional.scaled_dot_product_attention, which has a kernel of its own on the NPU",
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
        "what torch itself has of it, or a path that does without",
        "no",
        "other packages are not translated",
    ),
    Rule(
        "cuda-extension",
        "error",
        "extensions in CUDA C++: `CUDAExtension`, `load` and `load_inline` of .cu, the .cu files, nvcc",
        "cannot be built without CUDA's compiler",
        "operators of torch, or an Ascend C extension behind a test of the device",
        "no",
        "sources are not translated",
    ),
    Rule(
        "float64",
        "note",
        "float64 on the device: `.double()`, `dtype=torch.float64`",
        "an NPU computes it in float32, with a warning",
        "float32, or float64 on the CPU",
        "partly",
        "`torch.cuda.DoubleTensor` becomes float32's; the rest is cast by torch_npu",
    ),
    Rule(
        "complex",
        "note",
        "complex numbers on the device: complex dtypes, `view_as_complex`, `polar`, `torch.fft`",
        "an NPU has few kernels for them; the others run on the CPU, or raise",
        "real and imaginary parts, in real arithmetic",
        "no",
        "dtypes are not translated",
    ),
    Rule(
        "unparsed",
        "note",
        "a file that Python 3 does not read",
        "whatever it assumes is not seen",
        "look at it by hand",
        "no",
        "it is not imported either",
    ),
)

#: Every rule by its id, in the order of the documentation.
RULES = {rule.id: rule for rule in _TABLE}
