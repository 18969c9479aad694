#!/usr/bin/env python3
"""Check this bundle on your machine: its files, the weights on your device, and the numerics there.

    python verify.py                   # checksums, then parity of the released size on the best device
    python verify.py --quick           # the smallest size, the deciding policy
    python verify.py --weights DIR     # the same check with trained weights
    python verify.py --sums            # checksums only; needs nothing but Python

The reference here is this bundle's own source on the CPU. A pass means that your device computes what your
CPU computes. That this source computes what upstream computes is shown by results/parity.json, whose
reference was the unpatched upstream. Exit codes: 0 good, 1 a finding or something you can fix, 2 wrong usage.
"""

import argparse
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict

HERE = Path(__file__).resolve().parent
HARNESS = HERE / "eval" / "harness"
sys.dont_write_bytecode = True  # the bundle must stay as it is
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads are slow on a busy machine
os.environ.setdefault("TQDM_DISABLE", "1")
sys.path.insert(0, str(HARNESS))
sys.path.insert(1, str(HERE))

if not (HARNESS / "npuport").is_dir():
    sys.exit(f"error: {HARNESS} is missing\nhint: download the bundle again")

from npuport.adapter import load_adapter  # noqa: E402 - sys.path has to name the bundle first
from npuport.base import process  # noqa: E402
from npuport.base.errors import PortError  # noqa: E402
from npuport.device.here import onhand  # noqa: E402

if TYPE_CHECKING:
    from npuport.parity.candidate import BundleCheck
    from npuport.parity.manifest import Manifest

#: From best to worst. A note is worth knowing, and not a finding.
WORDS = ("pass", "note", "review", "fail", "error")
GOOD = ("pass", "note")


class Report(TypedDict):
    """The file verify.json."""

    schema: int
    bundle: str
    results: "list[BundleCheck]"
    device: NotRequired[dict[str, object]]
    size: NotRequired[str]
    weights: NotRequired[str | None]
    reference: NotRequired[str]
    versions: NotRequired[dict[str, str | None]]
    good: NotRequired[bool]
    verdict: NotRequired[str]


def main(argv: Sequence[str] | None = None) -> int:
    """Check, print a table, write verify.json."""
    parser = argparse.ArgumentParser(
        description="Check this bundle: its files, and its numerics on your device."
    )
    parser.add_argument("--device", choices=("auto", "npu", "cuda", "cpu"), default="auto")
    parser.add_argument("--size", metavar="NAME", help="a model size (default: the released one)")
    parser.add_argument("--quick", action="store_true", help="the smallest size, the deciding policy")
    parser.add_argument("--weights", type=Path, metavar="DIR", help="judge a checkpoint instead")
    parser.add_argument("--sums", action="store_true", help="check the files only")
    parser.add_argument("--out", type=Path, default=Path("verify.json"), metavar="FILE")
    args = parser.parse_args(argv)
    report: Report = {"schema": 1, "bundle": HERE.name, "results": []}
    try:
        for result in check_sums(HERE):
            _keep(result, report)
        if not args.sums:
            judge_device(args, report)
        worst = max((result["word"] for result in report["results"]), key=WORDS.index)
        report |= {"good": worst in GOOD, "verdict": "pass" if worst in GOOD else worst}
        args.out.write_text(json.dumps(report, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    except PortError as error:
        print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"error: {error.name} is missing\nhint: pip install -r requirements.txt", file=sys.stderr)
        return 1
    except OSError as error:
        hint = "download the bundle again, or name another --out"
        print(f"error: {error.filename}: {error.strerror}\nhint: {hint}", file=sys.stderr)
        return 1
    place = f" on {report['device']['name']}" if "device" in report else ""
    print(f"\n{HERE.name}{place}: {report['verdict']}")
    return 0 if report["good"] else 1


def _keep(result: "BundleCheck", report: Report) -> None:
    """Add a result to the report and print its line."""
    report["results"].append(result)
    ratio = "" if (value := result.get("ratio")) is None else f"{value:8.2f}"
    print(f"  {result['word']:<7} {ratio:>8}  {result['check']}  {result['reason']}".rstrip(), flush=True)


def check_sums(directory: Path) -> "Iterator[BundleCheck]":
    """Compare every file with SHA256SUMS; a Python file without a digest is a finding, too."""
    sums = directory / "SHA256SUMS"
    if not sums.is_file():
        yield {"check": "SHA256SUMS", "word": "fail", "reason": "it is missing"}
        return
    digests = {}
    for line in sums.read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        digests[name] = digest
    wrong = [
        f"{name} {fault}" for name, digest in digests.items() if (fault := _fault(directory / name, digest))
    ]
    for folder in sorted({Path(name).parts[0] for name in digests if len(Path(name).parts) > 1}):
        for path in sorted((directory / folder).rglob("*.py")):
            name = path.relative_to(directory).as_posix()
            wrong += [] if name in digests else [f"{name} is not part of the bundle"]
    for reason in wrong:
        yield {"check": "files", "word": "fail", "reason": reason}
    if not wrong:
        yield {"check": "files", "word": "pass", "reason": f"{len(digests)} files match SHA256SUMS"}


def _fault(path: Path, digest: str) -> str:
    if not path.is_file():
        return "is missing"
    with path.open("rb") as file:
        return "" if hashlib.file_digest(file, "sha256").hexdigest() == digest else "was changed"


def judge_device(args: argparse.Namespace, report: Report) -> None:
    """Judge this machine's device by the parity criterion, and fill the report."""
    device = onhand(args.device)
    print(f"device: {device.name}")
    if device.kind not in ("npu", "sim"):
        print("no NPU took part: the results below say nothing about one")

    # These import torch, which the device had to be chosen for.
    from npuport.device.runtime import versions
    from npuport.parity.candidate import judge_candidate

    adapter = load_adapter(HERE / "eval" / "adapter.py")
    released: str = json.loads((HERE / "results" / "benchmark.json").read_bytes())["size"]
    size = args.size or (adapter.sizes[0] if args.quick else released)
    size = "weights" if args.weights else size
    report |= {
        "device": {"kind": device.kind, "name": device.name, "simulated": device.simulated},
        "size": size,
        "weights": str(args.weights) if args.weights else None,
        "reference": "this bundle's source on the CPU",
        "versions": versions(),
    }
    with tempfile.TemporaryDirectory(prefix="verify-") as scratch:
        print(f"reference: this bundle's source on the CPU, size {size}; this takes a while", flush=True)
        _run_reference(Path(scratch), size, args.weights)
        for result in judge_candidate(adapter, Path(scratch), size, device, quick=args.quick):
            _keep(result, report)
        for result in compare_weights(Path(scratch) / "manifest.json", size):
            _keep(result, report)


def _run_reference(out: Path, size: str, weights: Path | None) -> None:
    """Run the reference in a process without torch_npu: checkpoint, golden, ensemble."""
    pin = json.loads((HERE / "results" / "parity.json").read_bytes())["port"]["pin"]
    words = ["--checkout", str(HERE), "--commit", pin, "--adapter", str(HERE / "eval" / "adapter.py")]
    words += ["--size", size, "--seed", "0", "--out", str(out)]
    words += ["--weights", str(weights.resolve())] if weights else []
    variables = {"PYTHONDONTWRITEBYTECODE": "1", "TORCH_DEVICE_BACKEND_AUTOLOAD": "0"}
    command = process.python("-m", "npuport.parity.reference", *words)
    if process.stream(command, environment=process.environment(variables)):
        raise PortError("the reference failed; its output is above", hint="fix that")


def compare_weights(path: Path, size: str) -> "Iterator[BundleCheck]":
    """Whether this machine drew the weights of the release; nothing where that cannot be compared."""
    release = HERE / "eval" / "captures" / size / "manifest.json"
    if not release.is_file():
        return
    released: Manifest = json.loads(release.read_bytes())
    manifest: Manifest = json.loads(path.read_bytes())
    if (released["seed"], released["versions"]) != (manifest["seed"], manifest["versions"]):
        return
    theirs, ours = released["tensors"], manifest["tensors"]
    differing = [name for name in {**theirs, **ours} if theirs.get(name) != ours.get(name)]
    yield {
        "check": "the reference's weights",
        # torch's vectorised instructions draw normal numbers that differ by an ulp
        "word": "note" if differing else "pass",
        "reason": f"{len(differing)} of {len(ours)} tensors differ from the release's, as on other CPUs"
        if differing
        else f"{len(ours)} tensors are those of the release",
        "differing": differing,
    }


if __name__ == "__main__":
    sys.exit(main())
