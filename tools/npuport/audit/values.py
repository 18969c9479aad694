"""Words in a program: which string is a device, a back end or a variable, and which is only a word.

The same text may be a device (`x.to("cuda")`) or nothing (`print("cuda")`). What decides is where it stands:
the nearest call, default, assignment, comparison or dictionary around it.
"""

import ast
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from npuport.audit.finding import Level, Shim
from npuport.audit.guards import Resolve, speaks_of_npu
from npuport.audit.places import Place, name_of, place_of
from npuport.audit.rules import RULES

_DEVICE = re.compile(r"cuda(?::(?:\d+|\{\w*\}|%[ds])?)?")
_NCCL = re.compile(r"nccl|(?:\w+:\w+,)*cuda:nccl(?:,\w+:\w+)*", re.I)
_TENSOR = re.compile(r"torch\.cuda\.\w*Tensor")
_FLASH = re.compile(r"(?:kernels-community/|paged\|)?flash_attention_[23]|flash_attn_?[23]?")
_ENV = re.compile(r"(?:CUDA|NCCL|TORCH_NCCL|TORCH_CUDA|PYTORCH_CUDA|CUBLAS|CUDNN|NVIDIA)_[A-Z0-9_]+")
_TOOL = re.compile(r"(?:\S*/)?(?:nvidia-smi|nvcc|nsys|ncu)(?:\s|$)")
_LIBRARY = re.compile(r"(?:\S*/)?lib(?:cuda|cudart|nccl|cublas|cudnn|nvrtc|cufft|nvidia-ml)\b[^ ]*\.so")
_SORT = re.compile(r"(?:self_)?(?:cuda|device)?_?cuda_(?:time(?:_total)?|memory_usage)")
#: A string that none of them matches is only a word, wherever it stands.
_ANY = (
    _DEVICE,
    _NCCL,
    _TENSOR,
    _FLASH,
    _ENV,
    _TOOL,
    _LIBRARY,
    _SORT,
    re.compile("gpu|CUDAExecutionProvider"),
)
_DEVICE_WORD = re.compile(r"dev|map_location|accelerator|^loc(?:ation)?$|^to$", re.I)
_LIKE_DEVICE = re.compile(r"dev|location|^loc$|backend|accelerator|platform|target|^type$|gpu", re.I)
#: Parameters and keys whose value is read by people.
_PROSE = re.compile(
    r"help|desc|metavar|title|label|name|messages?|msg|text|doc|prefix|suffix|reason|summary|tags?|url|dest"
    r"|epilog|prog|usage|ids?|group|caption|legend|extras?|classifiers?|keywords?|topics?|color|style|token"
)
#: Functions that only talk, look at text, or name things.
_TALK = re.compile(
    r"print|pprint|format|debug|info|warn(?:ing)?|error|exception|critical|log|fail|write|writelines|echo|split|rsplit"
    r"|partition|find|rfind|index|count|replace|strip|lstrip|rstrip|join|removeprefix|removesuffix|encode|match"
    r"|search|fullmatch|sub|compile|getattr|setattr|delattr|hasattr|isinstance|open|exists|glob|Path|title"
    r"|xlabel|ylabel|label|legend|text|add_parser|add_argument_group|add_mutually_exclusive_group|import_module"
    r"|find_spec|version|getLogger|get_logger|get|pop|ord|input|add_label|TypeVar|NewType|namedtuple"
    r"|endswith|skip|xfail|skipif|skipUnless|skipIf|deprecated|register\w*|Extension|find_package\w*|span|record_function"
    r"|\w*(?:Error|Exception|Warning)"
)
_AUTOCAST = {
    *("torch.autocast", "torch.amp.autocast", "torch.amp.autocast_mode.autocast", "torch.amp.custom_fwd"),
    *("torch.amp.custom_bwd", "torch.is_autocast_enabled", "torch.get_autocast_dtype"),
    *("torch.set_autocast_dtype", "torch.set_autocast_enabled", "torch.amp.is_autocast_available"),
}
SCALERS = {"torch.amp.GradScaler", "torch.amp.grad_scaler.GradScaler", "torch.GradScaler"}
_TAKES_DEVICE = {
    *("torch.device", "torch.set_default_device", "torch.Generator", "torch.load", "torch.jit.load"),
    *("torch.get_device_module", "torch.distributed.device_mesh.init_device_mesh", "torch.Stream"),
    *("torch.distributed.init_device_mesh", "torch.distributed.device_mesh.DeviceMesh", "torch.Event"),
}
_GROUP = re.compile(r"torch\.distributed\.(?:\w+\.)*(?:init_process_group|new_group|new_subgroups|Backend)")
_KNOWN = re.compile(r"(?:cpu|cuda|mps|xpu|npu|hpu|xla|hip|rocm|mtia|meta|auto)(?::\d+)?")
#: Modules whose functions take no device: the standard library's, but for what hands arguments on.
_PLAIN = sys.stdlib_module_names - {"builtins", "functools", "os", "dataclasses", "argparse"}
#: Longer collections are tables; nobody lists so many devices.
_LONG = 100
_BACKENDS = re.compile(r"gloo|mpi|ucc|hccl|xccl")
_SHELLS = re.compile(
    r"os\.(?:system|popen)|subprocess\.\w+|asyncio\.create_subprocess_\w+|commands\.getoutput"
)


@dataclass(frozen=True)
class Hit:
    """What a rule says of a node, before guards are looked at."""

    node: ast.expr | ast.stmt | ast.alias
    rule: str
    what: str
    level: Level
    neutral: str = ""
    shim: Shim | None = None


def judge_text(node: ast.Constant, text: str, ancestors: Sequence[ast.AST], resolve: Resolve) -> Hit | None:
    """What a string constant assumes; None where it is only a word.

    Args:
        text: the constant's value.
    """
    if len(text) > 200 or not any(pattern.match(text) for pattern in _ANY):
        return None
    if _TOOL.match(text) and ancestors and name_of(ancestors[-1]) == "split":
        return _tool(node, text)  # "nvidia-smi -L".split()
    place = place_of(node, ancestors)
    hit = _judge(node, text, place, ancestors, resolve) if place.kind != "none" else None
    return None if hit and _beside_npu(node, place) else hit


def _beside_npu(node: ast.expr, place: Place) -> bool:
    """Whether it is one of several, the NPU among them."""
    if place.around is None or place.around is node:
        return False
    return len(getattr(place.around, "elts", ())) < _LONG and speaks_of_npu(place.around)


def _judge(
    node: ast.Constant, text: str, place: Place, ancestors: Sequence[ast.AST], resolve: Resolve
) -> Hit | None:
    call = place.node if isinstance(place.node, ast.Call) else None
    callee = (resolve(call.func) or "") if call else ""
    called = name_of(call.func) if call else ""
    shown = ast.unparse(place.around) if isinstance(place.around, (ast.JoinedStr, ast.BinOp)) else repr(text)
    if _ENV.fullmatch(text):
        return _judge_variable(node, text, place, called)
    if _TOOL.match(text):
        runs = called == "split" or not _TALK.fullmatch(called)
        return _tool(node, text) if runs and place.kind in ("argument", "assign", "keyword") else None
    if _LIBRARY.match(text):
        loads = place.kind == "argument" and not _TALK.fullmatch(called)
        return Hit(node, "cuda-extension", text, "error") if loads else None
    if _DEVICE.fullmatch(text):
        loose = text.endswith(":") and not isinstance(ancestors[-1], (ast.JoinedStr, ast.BinOp))
        if loose and called != "startswith":
            return None
        return _judge_device(node, shown, place, callee, called, ancestors)
    if _NCCL.fullmatch(text):
        return _judge_nccl(node, shown, place, callee, called)
    if _TENSOR.fullmatch(text) and not _TALK.fullmatch(called):
        rule = "device-test" if place.kind == "compare" else "cuda-api"
        return Hit(node, rule, shown, RULES[rule].level, shim="no" if rule == "device-test" else "partly")
    if _FLASH.fullmatch(text) and re.search("attn|attention", place.name):
        return Hit(node, "flash-attn", shown, "error", 'attn_implementation="sdpa"')
    if _SORT.fullmatch(text) and place.name in ("sort_by", "metric"):
        return Hit(node, "cuda-profiler", shown, "warning", "sort by the column of the device that ran")
    if text == "CUDAExecutionProvider" and place.kind != "compare" and not _TALK.fullmatch(called):
        return Hit(node, "cuda-device", shown, "warning", '"CANNExecutionProvider" before it', "no")
    if text == "gpu" and place.name == "accelerator" and re.fullmatch(r"\w*(?:Trainer|Fabric)", called):
        return Hit(node, "cuda-device", "accelerator='gpu'", "error", 'accelerator="auto"', "no")
    return None


def _judge_device(
    node: ast.expr, shown: str, place: Place, callee: str, called: str, ancestors: Sequence[ast.AST]
) -> Hit | None:
    if place.kind == "compare":
        return _judge_test(node, shown, place)
    if called == "startswith":
        assert isinstance(place.node, ast.Call)
        looks = isinstance(place.node.func, ast.Attribute) and _like_device(place.node.func.value)
        return Hit(node, "device-test", f"startswith({shown})", "warning") if looks else None
    if place.kind in ("index", "key"):
        return Hit(node, "cuda-device", shown, "warning") if _maps_devices(place) else None
    if place.kind in ("argument", "keyword"):
        if callee in _AUTOCAST or (called.endswith("autocast") and place.name in ("0", "device_type")):
            return Hit(node, "autocast-cuda", f"{called}({shown})", "error")
        if callee in SCALERS:
            return Hit(node, "grad-scaler", f"{called}({shown})", "error", shim="no")
        if _only_names(place, callee, called):
            return None
    if place.kind == "argument":
        sure = callee in _TAKES_DEVICE or called == "to"
        return Hit(node, "cuda-device", shown, "error" if sure else "warning")
    if _PROSE.fullmatch(place.name.lower()) or _in_words(node, place, _KNOWN) or _in_enum(ancestors):
        return None
    sure = place.kind == "default" or place.name == "default" or bool(_DEVICE_WORD.search(place.name))
    return Hit(node, "cuda-device", shown, "error" if sure else "warning")


def _only_names(place: Place, callee: str, called: str) -> bool:
    """Whether a call takes the word as a name or a message; a default of `get` it does not."""
    if called in ("add_argument", "add_option"):
        return place.kind == "argument"
    if called in ("setattr", "getattr"):
        return place.name != "2"
    if place.kind == "argument" and callee.partition(".")[0] in _PLAIN:
        return True
    second = called in ("get", "pop", "getenv", "setdefault") and place.name not in ("0", "")
    return bool(_TALK.fullmatch(called)) and not second


def _maps_devices(place: Place) -> bool:
    """Whether it is a key of a dictionary from devices to devices, as `map_location` takes."""
    if place.kind != "key" or not isinstance(place.node, ast.Dict):
        return False
    return len(place.node.keys) < _LONG and all(map(_is_device, [*place.node.keys, *place.node.values]))


def _in_enum(ancestors: Sequence[ast.AST]) -> bool:
    """Whether it is a member of an enumeration: a vocabulary."""
    inner = next((n for n in reversed(ancestors) if isinstance(n, (ast.ClassDef, ast.FunctionDef))), None)
    return isinstance(inner, ast.ClassDef) and any("Enum" in name_of(base) for base in inner.bases)


def _in_words(node: ast.expr, place: Place, known: re.Pattern[str]) -> bool:
    """Whether it is one of many words, none of the others known as its like."""
    if not isinstance(place.around, (ast.List, ast.Tuple, ast.Set)) or _DEVICE_WORD.search(place.name):
        return False
    if not isinstance(node, ast.Constant) or ":" in str(node.value) or place.kind in ("argument", "keyword"):
        return False
    others = [n.value for n in ast.walk(place.around) if isinstance(n, ast.Constant) and n is not node]
    return not any(isinstance(value, str) and known.fullmatch(value) for value in others)


def _is_device(node: ast.expr | None) -> bool:
    if isinstance(node, ast.JoinedStr) and node.values:
        return _is_device(node.values[0])
    return isinstance(node, ast.Constant) and bool(
        re.fullmatch(r"(?:cuda|cpu|npu)(?::\d*)?", str(node.value))
    )


def _judge_test(node: ast.expr, shown: str, place: Place) -> Hit | None:
    if isinstance(place.node, ast.Compare):
        ops = place.node.ops
        member = any(isinstance(op, (ast.In, ast.NotIn)) for op in ops) and place.node.left is node
        if member and not any(_like_device(side) for side in place.node.comparators):
            return None
        return Hit(node, "device-test", ast.unparse(place.node)[:60], "warning")
    return Hit(node, "device-test", f"case {shown}", "warning")


def _like_device(node: ast.expr) -> bool:
    """Whether a value looks like a device, or the text of one."""
    if isinstance(node, ast.Call):
        return any(
            map(
                _like_device,
                [*node.args, *([node.func.value] if isinstance(node.func, ast.Attribute) else [])],
            )
        )
    return bool(_LIKE_DEVICE.search(name_of(node)))


def _judge_nccl(node: ast.expr, shown: str, place: Place, callee: str, called: str) -> Hit | None:
    if place.kind == "compare":
        return Hit(node, "nccl", f"comparison with {shown}", "warning", shim="no")
    if _GROUP.fullmatch(callee) or called in ("init_process_group", "new_group"):
        return Hit(node, "nccl", f"{called}({shown})", "error", shim="yes")
    if place.kind in ("index", "key", "item") and not re.search("backend", place.name):
        return None
    if place.kind in ("argument", "keyword") and _only_names(place, callee, called):
        return None
    if place.kind != "argument" and _PROSE.fullmatch(place.name.lower()):
        return None
    if not re.search("backend", place.name) and _in_words(node, place, _BACKENDS):
        return None
    return Hit(node, "nccl", shown, "warning" if place.kind == "argument" else "error", shim="partly")


def _tool(node: ast.expr, text: str) -> Hit:
    name = text.split()[0]
    tools = {"nvidia-smi": "nvidia-smi", "nvcc": "cuda-extension"}
    rule = tools.get(name.rpartition("/")[2], "cuda-profiler")
    return Hit(node, rule, name, RULES[rule].level)


def _judge_variable(node: ast.expr, text: str, place: Place, called: str) -> Hit | None:
    reads = place.kind == "argument" and called in (
        *("get", "getenv", "setdefault", "pop", "putenv", "unsetenv", "setenv", "delenv", "set_env"),
    )
    around = place.node.value if isinstance(place.node, ast.Subscript) else None
    environment = place.kind == "index" and bool(re.search("env", name_of(around), re.I))
    if not (reads or environment or place.kind in ("key", "compare")):
        return None
    return variable(node, text)


def variable(node: ast.expr | ast.stmt, name: str) -> Hit:
    """The finding for a variable of the environment."""
    if name == "CUDA_VISIBLE_DEVICES":
        return Hit(node, "cuda-visible-devices", name, "warning")
    if name == "NVIDIA_TF32_OVERRIDE":
        return Hit(node, "tf32", name, "warning")
    rule = "nccl" if "NCCL" in name else "cuda-env"
    return Hit(
        node, rule, name, "note", "the HCCL variable of the same purpose" if rule == "nccl" else "", "no"
    )


def runs_shell(callee: str) -> bool:
    """Whether a function hands its text to a shell, or starts a program."""
    return bool(_SHELLS.fullmatch(callee))
