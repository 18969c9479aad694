"""torch, torch_npu and transformers, asked without importing them here.

With torch_npu installed and no CANN, `import torch` fails; a broken build may take the process down. So the
versions come from the packages' metadata, and torch itself is imported by a child, without its plug-ins.
"""

import importlib.metadata
import json
import sys

from npuport.base.places import HARNESS
from npuport.base.process import environment, python, run
from npuport.doctor.finding import Finding, dotted, version_in

#: Seconds that `import torch` may take: a cold disk is slow.
IMPORT = 120
#: Set for every child that imports torch and is not to load torch_npu.
NO_PLUGINS = {"TORCH_DEVICE_BACKEND_AUTOLOAD": "0"}
ASK_TORCH = """
import json, torch
print(json.dumps({"version": torch.__version__, "cuda": torch.version.cuda, "hip": torch.version.hip}))
"""


def installed(package: str) -> str | None:
    """The version of an installed package, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def release(version: str) -> tuple[int, ...]:
    """`2.9.0` of `2.9.0.post2` or `2.9.0+cpu`."""
    return version_in(version)[:3]


def bootstrap() -> str:
    """The command that installs what the parity suite needs into the Python that runs npuport."""
    if sys.prefix == str(HARNESS / ".venv"):
        return "python3 tools/bootstrap.py npu"
    return f"{sys.executable} -m pip install -e '{HARNESS}[npu]' -c '{HARNESS / 'constraints.txt'}'"


def torch() -> Finding:
    """Which torch, which build of it, and whether it imports."""
    version = installed("torch")
    if version is None:
        return Finding("torch", "missing", "not installed", bootstrap())
    ran = run(python("-c", ASK_TORCH), environment=environment(NO_PLUGINS), seconds=IMPORT)
    if ran.code:
        return Finding("torch", "wrong", f"{version} does not import: {ran.last_line}", bootstrap())
    told = json.loads(ran.out.splitlines()[-1])
    build = f"CUDA {told['cuda']}" if told["cuda"] else f"ROCm {told['hip']}" if told["hip"] else "CPU"
    return Finding("torch", "good", f"{told['version']}, {build} build")


def torch_npu() -> Finding:
    """Which torch_npu, and whether it is the one that belongs to torch: it fits one release and no other."""
    version, beside = installed("torch_npu"), installed("torch")
    if version is None:
        wanted = f"'torch_npu=={dotted(release(beside))}.*'" if beside else ""
        hint = f"{sys.executable} -m pip install {wanted}" if wanted else bootstrap()
        return Finding("torch_npu", "missing", "not installed", hint)
    if beside is None:
        return Finding("torch_npu", "wrong", f"{version}, without torch", bootstrap())
    if release(version) != release(beside):
        wanted = f"'torch_npu=={dotted(release(beside))}.*'"
        found = f"{version} beside torch {beside}: it fits torch {dotted(release(version))} only"
        return Finding("torch_npu", "wrong", found, f"{sys.executable} -m pip install {wanted}")
    return Finding("torch_npu", "good", f"{version}, fits torch {beside}")


def transformers() -> Finding:
    """Which transformers, if any; its import is the model's own affair."""
    version = installed("transformers")
    if version is None:
        return Finding("transformers", "missing", "not installed", bootstrap())
    return Finding("transformers", "good", version)
