"""The report: `results.json`, which docs/results.schema.json describes, and `report.md` made from it."""

import math
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from npuport.base import pages
from npuport.device.choose import SIMULATED
from npuport.device.runtime import versions
from npuport.parity.case import POLICIES
from npuport.parity.criterion import FLOOR, MAX_ABS, PASS, REVIEW
from npuport.parity.ensemble import MEMBERS
from npuport.suite.result import Result, worst
from npuport.suite.session import Session

_CAPTURED = ("versions", "threads", "seconds", "parameters", "state_dict")
#: Version of the shape of results.json.
SCHEMA = 1


@dataclass(frozen=True)
class Run:
    """A finished run of the suite."""

    session: Session
    results: list[Result]
    deselected: int
    expression: str
    started: float
    default_flags: dict[str, bool]


def results_json(run: Run) -> dict[str, Any]:
    """Everything that is known of a run, as plain data."""
    session = run.session
    words = [result.word for result in run.results]
    return {
        "schema": SCHEMA,
        "verdict": worst(run.results),
        "counts": {word: words.count(word) for word in ("pass", "review", "fail", "error", "skip")},
        "model": session.adapter.name,
        "port": session.provenance(),
        "device": {
            "kind": session.device.kind,
            "name": session.device_name,
            "simulated": SIMULATED in session.device_name,
        },
        "versions": versions(),
        "machine": {"platform": platform.platform(), "processor": platform.machine()},
        "seed": session.settings.seed,
        "weights": session.settings.weights.to_data() if session.settings.weights else None,
        "selection": {"expression": run.expression, "deselected": run.deselected},
        "criterion": {
            "pass": PASS,
            "review": REVIEW,
            "max_abs": MAX_ABS,
            "floor": FLOOR,
            "members": MEMBERS,
        },
        "policies": [{"name": policy.name, "title": policy.title} for policy in POLICIES],
        "default_flags": run.default_flags,
        "captures": {size: _capture(session, size) for size in session.sizes},
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(run.started)),
        "seconds": round(time.time() - run.started, 1),
        "results": [_finite(asdict(result)) for result in run.results],
        "fallbacks": _fallbacks(run.results),
    }


def render(results: dict[str, Any]) -> str:
    """results.json as a page to read."""
    environment = pages.environment(Path(__file__).parent, keep_trailing_newline=False)
    environment.filters |= {"figure": pages.figure, "ratio": _ratio, "percent": pages.percent}
    template = environment.get_template("report.md.j2")
    return template.render(results, groups=_groups(results["results"]))


def _capture(session: Session, size: str) -> dict[str, Any]:
    capture = session.capture(size)
    manifest = capture.manifest
    return {
        "key": capture.path.name,
        **{name: manifest[name] for name in _CAPTURED},
    }


def _fallbacks(results: list[Result]) -> list[dict[str, Any]]:
    cases: dict[str, list[str]] = {}
    for result in results:
        for operation in result.fallbacks:
            cases.setdefault(operation, []).append(result.id)
    return [{"operation": operation, "cases": names} for operation, names in sorted(cases.items())]


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: both become null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value


def _groups(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The outputs' verdicts, by size, policy and inputs, in the order they ran."""
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for result in results:
        if result["entry"]:
            groups.setdefault((result["size"], result["policy"], result["inputs"]), []).append(result)
    return [
        {"size": size, "policy": policy, "inputs": inputs, "results": members}
        for (size, policy, inputs), members in groups.items()
    ]


def _ratio(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if value < 100 else f"{value:.1e}"
