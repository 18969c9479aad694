"""The files of a bundle besides its source and its cards. The same inputs give the same bytes."""

import json
import os
import re
import sys
from pathlib import Path

from npuport.base.errors import PortError
from npuport.base.places import HARNESS, IN_REPOSITORY, TOOLS, licence
from npuport.port.layout import Layout
from npuport.release.inputs import BundleInputs
from npuport.release.source import BundleFile

#: What a bundle's scripts need of npuport, beside its `__init__.py`: whole folders, and one module.
_HARNESS = ("base", "device", "parity", "bench", "adapter.py")
#: What a bundle's `benchmark.py` needs beside the packages that the source imports.
_BENCHMARK_REQUIRES = "scipy>=1.11"
#: Evidence by its path in a bundle: where it is below `out`.
_EVIDENCE = {
    "results/parity.json": "report/results.json",
    "results/benchmark.json": "bench/results.json",
    "results/latency.svg": "bench/latency.svg",
    "results/latency.png": "bench/latency.png",
    "eval/logs/parity.log": "report/log.txt",
    "eval/logs/junit.xml": "report/junit.xml",
    "eval/logs/benchmark.log": "bench/log.txt",
}
_SCRIPTS = Path(__file__).parent / "scripts"


def evidence_files(layout: Layout, inputs: BundleInputs) -> dict[str, BundleFile]:
    """Results, logs and the captures' manifests of the two runs."""
    files = {
        name: BundleFile(_scrubbed(name, path))
        for name, place in _EVIDENCE.items()
        if (path := layout.out / place).is_file()
    }
    for size in inputs.evidence.parity["captures"]:
        manifest = layout.report / "captures" / f"{size}.json"
        if manifest.is_file():
            files[f"eval/captures/{size}/manifest.json"] = BundleFile(manifest.read_bytes())
    return files


def _scrubbed(name: str, path: Path) -> bytes:
    """The bytes to publish: of a log without this machine's paths and name."""
    data = path.read_bytes()
    if name.startswith("eval/logs/"):
        ours = HARNESS if IN_REPOSITORY else TOOLS
        for place, word in ((ours, b"npuport"), (Path(sys.prefix), b"python"), (Path.home(), b"~")):
            data = data.replace(os.fsencode(place), word)
        data = re.sub(rb' hostname="[^"]*"', b"", data)
    return data


def port_files(layout: Layout, inputs: BundleInputs) -> dict[str, BundleFile]:
    """The port itself, from which the source can be derived again, and the scripts with what they import."""
    files = {
        "eval/adapter.py": BundleFile(layout.adapter.read_bytes()),
        "eval/release/release.toml": BundleFile((layout.release / "release.toml").read_bytes()),
        "eval/upstream.lock": BundleFile(layout.lock.read_bytes()),
        "eval/patches/series": BundleFile((layout.patches / "series").read_bytes()),
        **{f"eval/patches/{patch.name}": BundleFile(patch.data) for patch in inputs.patches},
        "requirements.txt": BundleFile(requirements(inputs)),
        "NOTICE": BundleFile(notice(inputs)),
    }
    for name in inputs.release.source.scripts:
        files[name] = BundleFile(_script(layout, name), 0o755)
    for script in sorted(_SCRIPTS.glob("*.py")):
        files[script.name] = BundleFile(script.read_bytes(), 0o755)
    return files | {f"eval/harness/{name}": BundleFile(data) for name, data in harness_files().items()}


def _script(layout: Layout, name: str) -> bytes:
    path = layout.release / name
    if Path(name).name != name or not path.is_file():
        raise PortError(f"{path} is missing", hint="write it, or correct [source] scripts in release.toml")
    return path.read_bytes()


def harness_files() -> dict[str, bytes]:
    """The part of npuport that a bundle's scripts import, by path below `eval/harness`."""
    package = TOOLS / "npuport"
    paths = [package / "__init__.py"]
    for name in _HARNESS:
        paths += [package / name] if name.endswith(".py") else sorted((package / name).glob("*.*"))
    files = {path.relative_to(TOOLS).as_posix(): path.read_bytes() for path in paths}
    return files | {"LICENSE": licence()}


def own_names(inputs: BundleInputs) -> frozenset[str]:
    """Every path that a bundle may have besides its source."""
    return frozenset(
        {
            *inputs.release.source.scripts,
            *(script.name for script in _SCRIPTS.glob("*.py")),
            *("requirements.txt", "NOTICE", "README.md", "README.zh-CN.md"),
            f"{inputs.model.title}-NPU-Report.md",
            *("eval/adapter.py", "eval/release/release.toml", "eval/upstream.lock", "eval/patches/series"),
            *_EVIDENCE,
            *(f"eval/patches/{patch.name}" for patch in inputs.patches),
            *(f"eval/captures/{size}/manifest.json" for size in inputs.evidence.parity["captures"]),
            *(f"eval/harness/{name}" for name in harness_files()),
        }
    )


def requirements(inputs: BundleInputs) -> bytes:
    """requirements.txt: the packages that the source and the scripts import, at the versions of the run."""
    versions, requires = inputs.evidence.parity["versions"], inputs.release.source.requires
    lines = [
        f"# The versions that {inputs.title} was run with. torch and torch_npu move in step.",
        "# On x86-64 the usual index gives torch with CUDA: its CPU build serves, and is smaller.",
        *(f"{name}=={version.partition('+')[0]}" for name in requires if (version := versions.get(name))),
        *(name for name in requires if not versions.get(name)),
        *([] if "scipy" in requires else [_BENCHMARK_REQUIRES]),
    ]
    return ("\n".join(lines) + "\n").encode()


def notice(inputs: BundleInputs) -> bytes:
    """NOTICE: which part is under which licence."""
    lock = inputs.lock
    return (
        f"{inputs.title}\n\n"
        f"The source is that of {lock.url} at commit {lock.commit}, with the changes in\n"
        f"eval/patches. It is under upstream's own licence: see {lock.license_file}.\n\n"
        "eval/harness, verify.py and benchmark.py are part of npuport, under the Apache License 2.0:\n"
        "see eval/harness/LICENSE.\n"
    ).encode()


def dumped(data: object) -> bytes:
    """Strict JSON, its keys sorted."""
    return (json.dumps(data, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n").encode()
