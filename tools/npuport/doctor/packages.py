"""torch, torch_npu and transformers: their versions, without importing them into this process.

With torch_npu installed and no CANN, `import torch` fails; a broken build may take the process down. So the
versions come from the packages' metadata, and torch itself is imported by a child, without its plug-ins.
"""

import importlib.metadata
import json
import sys

from npuport.base.places import HARNESS, IN_REPOSITORY
from npuport.base.process import environment, last_line, python, run
from npuport.doctor.check import Check, dotted, version_in

#: Seconds that `import torch` may take: a cold disk is slow.
IMPORT = 120
#: For a child that imports torch without torch_npu.
NO_PLUGINS = {"TORCH_DEVICE_BACKEND_AUTOLOAD": "0"}
ASK_TORCH = """
import json, torch
print(json.dumps({"version": torch.__version__, "cuda": torch.version.cuda, "hip": torch.version.hip}))
"""


def installed(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def release(version: str) -> tuple[int, ...]:
    """The release of a version: `2.9.0` for `2.9.0.post2` and `2.9.0+cpu`."""
    return version_in(version)[:3]


def bootstrap() -> str:
    """The command that installs what the parity suite needs into the Python that runs npuport."""
    if not IN_REPOSITORY:
        return f"{sys.executable} -m pip install 'npuport[npu]'"
    if sys.prefix == str(HARNESS / ".venv"):
        return "python3 tools/bootstrap.py npu"
    return f"{sys.executable} -m pip install -e '{HARNESS}[npu]' -c '{HARNESS / 'constraints.txt'}'"


def torch() -> Check:
    """Check that torch imports; its version and build."""
    version = installed("torch")
    if version is None:
        return Check("torch", "missing", "not installed", bootstrap())
    ran = run(python("-c", ASK_TORCH), environment=environment(NO_PLUGINS), seconds=IMPORT)
    if ran.code:
        return Check("torch", "wrong", f"{version} does not import: {ran.last_line}", bootstrap())
    answer = json.loads(last_line(ran.out))
    build = (
        f"CUDA {answer['cuda']}" if answer["cuda"] else f"ROCm {answer['hip']}" if answer["hip"] else "CPU"
    )
    return Check("torch", "good", f"{answer['version']}, {build} build")


def torch_npu() -> Check:
    """Check that torch_npu has the release of torch: it works with no other."""
    version, beside = installed("torch_npu"), installed("torch")
    if version is None:
        wanted = f"'torch_npu=={dotted(release(beside))}.*'" if beside else ""
        hint = f"{sys.executable} -m pip install {wanted}" if wanted else bootstrap()
        return Check("torch_npu", "missing", "not installed", hint)
    if beside is None:
        return Check("torch_npu", "wrong", f"{version}, without torch", bootstrap())
    if release(version) != release(beside):
        wanted = f"'torch_npu=={dotted(release(beside))}.*'"
        found = f"{version} beside torch {beside}: it fits torch {dotted(release(version))} only"
        return Check("torch_npu", "wrong", found, f"{sys.executable} -m pip install {wanted}")
    return Check("torch_npu", "good", f"{version}, fits torch {beside}")


def transformers() -> Check:
    """Check that transformers is installed; only a model imports it."""
    version = installed("transformers")
    if version is None:
        return Check("transformers", "missing", "not installed", bootstrap())
    return Check("transformers", "good", version)
