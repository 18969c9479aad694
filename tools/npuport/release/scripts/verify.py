#!/usr/bin/env python3
"""Check this bundle on your machine: its files, its weights' way to the device, and its numerics there.

    python verify.py                   # checksums, then parity of the released size on the best device
    python verify.py --quick           # the smallest size, the deciding policy
    python verify.py --weights DIR     # the same proof with trained weights
    python verify.py --sums            # checksums only; needs nothing but Python

The reference here is this bundle's own source on the CPU. So a pass says that your device computes what
your CPU computes; that this source computes what upstream computes is shown by results/parity.json, whose
reference was upstream as it is. Exit codes: 0 all well, 1 a finding or something you can fix, 2 wrong
usage.
"""

import argparse
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
HARNESS = HERE / "eval" / "harness"
sys.dont_write_bytecode = True  # the bundle stays as it is
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads cost a busy machine dear
os.environ.setdefault("TQDM_DISABLE", "1")
sys.path.insert(0, str(HARNESS))
sys.path.insert(1, str(HERE))

#: From best to worst. A note is worth knowing, and no finding.
WORDS = ("pass", "note", "review", "fail", "error")
GOOD = ("pass", "note")


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
    try:
        from npuport.base.errors import PortError
    except ModuleNotFoundError:
        print(f"error: {HARNESS} is missing\nhint: get the bundle anew", file=sys.stderr)
        return 1
    results: list[dict[str, Any]] = []
    report: dict[str, Any] = {"schema": 1, "bundle": HERE.name, "results": results}
    try:
        for result in check_sums(HERE):
            _tell(result, results)
        if not args.sums:
            judge_device(args, report)
        _finish(args.out, report)
    except PortError as error:
        print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"error: {error.name} is missing\nhint: pip install -r requirements.txt", file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"error: {error.filename}: {error.strerror}\nhint: a whole bundle, another --out", file=sys.stderr
        )
        return 1
    return 0 if report["good"] else 1


def _finish(out: Path, report: dict[str, Any]) -> None:
    """Draw the verdict, write the report, say so."""
    worst = max((result["word"] for result in report["results"]), key=WORDS.index)
    report |= {"good": worst in GOOD, "verdict": "pass" if worst in GOOD else worst}
    out.write_text(json.dumps(report, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    where = f" on {report['device']['name']}" if "device" in report else ""
    print(f"\n{HERE.name}{where}: {report['verdict']}")


def _tell(result: dict[str, Any], results: list[dict[str, Any]]) -> None:
    """Keep a result, print its line."""
    results.append(result)
    ratio = "" if result.get("ratio") is None else f"{result['ratio']:8.2f}"
    print(f"  {result['word']:<7} {ratio:>8}  {result['check']}  {result['reason']}".rstrip(), flush=True)


def check_sums(directory: Path) -> Iterator[dict[str, Any]]:
    """Hold every file against SHA256SUMS; code that it does not name is a finding, too."""
    sums = directory / "SHA256SUMS"
    if not sums.is_file():
        yield {"check": "SHA256SUMS", "word": "fail", "reason": "it is missing"}
        return
    named = {}
    for line in sums.read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        named[name] = digest
    wrong = [f"{name} {why}" for name, digest in named.items() if (why := _unlike(directory / name, digest))]
    homes = {Path(name).parts[0] for name in named if len(Path(name).parts) > 1}
    for home in sorted(homes):
        for path in sorted((directory / home).rglob("*.py")):
            name = path.relative_to(directory).as_posix()
            wrong += [] if name in named else [f"{name} is not of the bundle"]
    for what in wrong:
        yield {"check": "files", "word": "fail", "reason": what}
    if not wrong:
        yield {"check": "files", "word": "pass", "reason": f"{len(named)} files are as SHA256SUMS says"}


def _unlike(path: Path, digest: str) -> str:
    if not path.is_file():
        return "is missing"
    with path.open("rb") as file:
        return "" if hashlib.file_digest(file, "sha256").hexdigest() == digest else "was changed"


def judge_device(args: argparse.Namespace, report: dict[str, Any]) -> None:
    """The parity criterion on this machine's device; fills the report."""
    from npuport.device.here import onhand

    device = onhand(args.device)
    print(f"device: {device.name}")
    if device.kind not in ("npu", "sim"):
        print("no NPU took part: what follows says nothing of one")

    from npuport.adapter import load_adapter
    from npuport.device.runtime import versions
    from npuport.parity.capture import Capture

    adapter = load_adapter(HERE / "eval" / "adapter.py")
    released = json.loads((HERE / "results" / "benchmark.json").read_bytes())["size"]
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
        _fill(Path(scratch), size, args.weights)
        capture = Capture(Path(scratch))
        for result in judge_all(adapter, capture, size, device, quick=args.quick):
            _tell(result, report["results"])
        for result in compare_weights(capture.manifest, size):
            _tell(result, report["results"])


def _fill(out: Path, size: str, weights: Path | None) -> None:
    """The reference process: checkpoint, golden, ensemble; torch_npu stays out of it."""
    from npuport.base import process
    from npuport.base.errors import PortError

    pin = json.loads((HERE / "results" / "parity.json").read_bytes())["port"]["pin"]
    words = ["--checkout", str(HERE), "--commit", pin, "--adapter", str(HERE / "eval" / "adapter.py")]
    words += ["--size", size, "--seed", "0", "--out", str(out)]
    words += ["--weights", str(weights.resolve())] if weights else []
    variables = {"PYTHONDONTWRITEBYTECODE": "1", "TORCH_DEVICE_BACKEND_AUTOLOAD": "0"}
    command = process.python("-m", "npuport.parity.reference", *words)
    if process.stream(command, environment=process.environment(variables)):
        raise PortError("the reference failed; its lines are above", hint="fix what they say")


def judge_all(adapter: Any, capture: Any, size: str, device: Any, *, quick: bool) -> Iterator[dict[str, Any]]:
    """Every weight's identity on the device, then every entry point at every policy."""
    from npuport.parity.capture import identity
    from npuport.parity.case import POLICIES

    expected = capture.manifest["tensors"]
    for policy in POLICIES[:1] if quick else POLICIES:
        if policy.conv_hf32 and device.torch != "npu:0":
            continue  # a rounding of the NPU's own
        try:
            model = _candidate(adapter, capture, device, tight=policy.tight)
        except Exception as error:  # whatever the loader or the device raises is the finding
            yield {"check": f"the model, {policy.name}", "word": "error", "reason": _line(error)}
            continue
        if not policy.conv_hf32:
            found = identity(model)
            wrong = [name for name in {**expected, **found} if found.get(name) != expected.get(name)]
            said = (
                f"{len(wrong)} differ: {', '.join(wrong[:3])}" if wrong else f"{len(expected)} are the same"
            )
            word = "fail" if wrong else "pass"
            yield {"check": f"tensors on the device, {policy.name}", "word": word, "reason": said}
        _set_precision(policy, device)
        for inputs in capture.manifest["ensemble"]:
            yield from _judge_entries(adapter, model, capture, (size, policy, inputs), device)


def _candidate(adapter: Any, capture: Any, device: Any, *, tight: bool) -> Any:
    model = adapter.load(capture.checkpoint)
    if tight:
        adapter.tighten(model)
    return model.to(device.torch).eval()


def _line(error: Exception) -> str:
    """An exception in one line."""
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"


def _set_precision(policy: Any, device: Any) -> None:
    """What the policy says of HF32; a GPU computes in float32."""
    import torch

    if device.torch == "npu:0":
        from npuport.parity.flags import set_flags

        set_flags(policy)
    torch.backends.cudnn.allow_tf32 = False


def _judge_entries(
    adapter: Any, model: Any, capture: Any, place: tuple[str, Any, Any], device: Any
) -> Iterator[dict[str, Any]]:
    from npuport.device.runtime import trap_fallbacks
    from npuport.parity.case import Case
    from npuport.parity.judge import judge

    size, policy, inputs = place
    there = set(capture.inputs(inputs))
    for entry in adapter.entry_points:
        if not set(entry.needs) <= there:
            continue
        result: dict[str, Any] = {
            "check": f"{entry.name}, {policy.name}, {inputs} inputs",
            "ratio": None,
            "outputs": [],
        }
        try:
            with trap_fallbacks() as fallbacks:
                outputs = judge(model, capture, Case(size, policy, inputs, entry), device.torch)
        except Exception as error:  # whatever the model or the device raises is a finding of this case
            yield {**result, "word": "error", "reason": _line(error)}
            continue
        worst = max(outputs, key=lambda one: (WORDS.index(one["word"]), one["ratio"] or 0.0))
        reason = f"{worst['output']}: {worst['reason']}" if worst["reason"] else ""
        reason += f" ran on the CPU: {', '.join(fallbacks)}" if fallbacks else ""
        ratios = [one["ratio"] for one in outputs if one["ratio"] is not None]
        result |= {"word": worst["word"], "reason": reason.strip(), "ratio": max(ratios, default=None)}
        yield {**result, "outputs": [_finite(one) for one in outputs]}


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: both become null."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    return {key: _finite(item) for key, item in value.items()} if isinstance(value, dict) else value


def compare_weights(manifest: Mapping[str, Any], size: str) -> Iterator[dict[str, Any]]:
    """Whether this machine drew the weights that the release was judged with, where that can be told."""
    path = HERE / "eval" / "captures" / size / "manifest.json"
    if not path.is_file():
        return
    released = json.loads(path.read_bytes())
    if (
        any(released[key] != manifest[key] for key in ("seed",))
        or released["versions"] != manifest["versions"]
    ):
        return
    there, here = released["tensors"], manifest["tensors"]
    other = [name for name in {**there, **here} if there.get(name) != here.get(name)]
    word, said = "pass", f"{len(here)} tensors are those that the release was judged with"
    if other:  # torch's vectorised instructions draw normal numbers that differ by an ulp
        word = "note"
        said = f"{len(other)} of {len(here)} tensors are not the release's; another kind of CPU draws others"
    yield {"check": "the reference's weights", "word": word, "reason": said, "differing": other}


if __name__ == "__main__":
    sys.exit(main())
