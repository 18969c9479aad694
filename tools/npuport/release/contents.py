"""Every file of a bundle: a function of lock, series, ported tree, results and this npuport; of no clock."""

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from npuport.base.errors import PortError
from npuport.base.places import HARNESS, IN_REPOSITORY, TOOLS, licence
from npuport.patch.mail import parse_patch
from npuport.port.layout import Layout
from npuport.port.lock import Lock
from npuport.port.series import PatchFile
from npuport.release.evidence import Evidence
from npuport.release.model import Model, Release
from npuport.release.source import File

#: What a bundle's name ends with, on a chip and without one.
HARDWARE, SIMULATION = "-Ascend", "-Ascend-simulated"

#: What a bundle's scripts need of npuport, beside its `__init__.py`: whole folders, and one module.
_HARNESS = ("base", "device", "parity", "bench", "adapter.py")
#: What a bundle's `benchmark.py` needs beside the packages that the source imports.
_BENCHMARK_REQUIRES = "scipy>=1.11"
_SCRIPTS = Path(__file__).parent / "scripts"


@dataclass(frozen=True)
class Subject:
    """What is bundled.

    Args:
        lock: the port's.
        patches: its series.
        release: its release.toml.
        model: one of that.
        evidence: the results.
    """

    lock: Lock
    patches: tuple[PatchFile, ...]
    release: Release
    model: Model
    evidence: Evidence

    @property
    def title(self) -> str:
        """The bundle's name. A simulated run says so in it."""
        return self.model.title + (SIMULATION if self.evidence.simulated else HARDWARE)


def facts(subject: Subject, source: Mapping[str, File]) -> dict[str, Any]:
    """What the cards are written from; see `card.render`."""
    lock, model, evidence = subject.lock, subject.model, subject.evidence
    patches = [parse_patch(patch.name, patch.data) for patch in subject.patches]
    return {
        "model": {"name": model.name, "title": model.title, "size": model.size, "weights": model.weights},
        "title": subject.title,
        "card": dict(subject.release.card),
        "simulated": evidence.simulated,
        "device": dict(evidence.device),
        "lock": {
            "url": lock.url,
            "commit": lock.commit,
            "tree": lock.tree,
            "license": lock.license_file,
            "patches": [
                {"name": patch.name, "subject": patch.fields["subject"], "reason": patch.reason}
                for patch in patches
            ],
            "ported_commit": lock.ported_commit,
            "ported_tree": lock.ported_tree,
        },
        "parity": evidence.parity,
        "bench": evidence.bench,
        "weights": evidence.parity["weights"],
        "parameters": evidence.parity["captures"][model.size]["parameters"],
        "files": sorted(source),
    }


def evidence_files(layout: Layout, subject: Subject) -> dict[str, File]:
    """Results, logs and captures' manifests, as the two runs left them."""
    names = {
        "results/parity.json": layout.report / "results.json",
        "results/benchmark.json": layout.bench / "results.json",
        "results/latency.svg": layout.bench / "latency.svg",
        "results/latency.png": layout.bench / "latency.png",
        "eval/logs/parity.log": layout.report / "log.txt",
        "eval/logs/junit.xml": layout.report / "junit.xml",
        "eval/logs/benchmark.log": layout.bench / "log.txt",
    }
    files = {name: File(_scrubbed(name, path)) for name, path in names.items() if path.is_file()}
    for size in subject.evidence.parity["captures"]:
        manifest = layout.report / "captures" / f"{size}.json"
        if manifest.is_file():
            files[f"eval/captures/{size}/manifest.json"] = File(manifest.read_bytes())
    return files


def _scrubbed(name: str, path: Path) -> bytes:
    """A file as it may be published: a log without this machine's paths and name."""
    data = path.read_bytes()
    if name.startswith("eval/logs/"):
        ours = HARNESS if IN_REPOSITORY else TOOLS
        for place, word in ((ours, b"npuport"), (Path(sys.prefix), b"python"), (Path.home(), b"~")):
            data = data.replace(os.fsencode(place), word)
        data = re.sub(rb' hostname="[^"]*"', b"", data)
    return data


def port_files(layout: Layout, subject: Subject) -> dict[str, File]:
    """The port itself, so that anybody can derive the source again, and the scripts with what they need."""
    files = {
        "eval/adapter.py": File(layout.adapter.read_bytes()),
        "eval/release/release.toml": File((layout.release / "release.toml").read_bytes()),
        "eval/upstream.lock": File(layout.lock.read_bytes()),
        "eval/patches/series": File((layout.patches / "series").read_bytes()),
        **{f"eval/patches/{patch.name}": File(patch.data) for patch in subject.patches},
        "requirements.txt": File(requirements(subject)),
        "NOTICE": File(notice(subject)),
    }
    for name in subject.release.scripts:
        files[name] = File(_script(layout, name), 0o755)
    for script in sorted(_SCRIPTS.glob("*.py")):
        files[script.name] = File(script.read_bytes(), 0o755)
    return files | {f"eval/harness/{name}": File(data) for name, data in harness_files().items()}


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


def cards(subject: Subject, source: Mapping[str, File]) -> dict[str, File]:
    """The pages for people."""
    from npuport.release.card import render

    return {name: File(data) for name, data in render(facts(subject, source)).items()}


def own_names(subject: Subject) -> frozenset[str]:
    """Every path that a bundle may have besides its source."""
    return frozenset(
        {
            *subject.release.scripts,
            *(script.name for script in _SCRIPTS.glob("*.py")),
            *("requirements.txt", "NOTICE", "README.md", "README.zh-CN.md"),
            f"{subject.model.title}-NPU-Report.md",
            *("eval/adapter.py", "eval/release/release.toml", "eval/upstream.lock", "eval/patches/series"),
            *("results/parity.json", "results/benchmark.json", "results/latency.svg", "results/latency.png"),
            *("eval/logs/parity.log", "eval/logs/junit.xml", "eval/logs/benchmark.log"),
            *(f"eval/patches/{patch.name}" for patch in subject.patches),
            *(f"eval/captures/{size}/manifest.json" for size in subject.evidence.parity["captures"]),
            *(f"eval/harness/{name}" for name in harness_files()),
        }
    )


def requirements(subject: Subject) -> bytes:
    """What the bundle was run with, to the version."""
    versions = subject.evidence.parity["versions"]
    lines = [
        f"# The versions that {subject.title} was run with. torch and torch_npu move in step.",
        "# On x86-64 the usual index gives torch with CUDA: its CPU build serves, and is smaller.",
        *(
            f"{name}=={version.partition('+')[0]}"
            for name in subject.release.requires
            if (version := versions.get(name))
        ),
        *(name for name in subject.release.requires if not versions.get(name)),
        _BENCHMARK_REQUIRES,
    ]
    return ("\n".join(lines) + "\n").encode()


def notice(subject: Subject) -> bytes:
    """Whose is what."""
    lock = subject.lock
    return (
        f"{subject.title}\n\n"
        f"The source is that of {lock.url} at commit {lock.commit}, with the changes in\n"
        f"eval/patches. It stands under upstream's own licence: see {lock.license_file}.\n\n"
        "eval/harness, verify.py and benchmark.py are part of npuport, under the Apache License 2.0:\n"
        "see eval/harness/LICENSE.\n"
    ).encode()


def dumped(data: object) -> bytes:
    """Strict JSON in a stable order."""
    return (json.dumps(data, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n").encode()
