"""The report: the data of `results.json`, and `report.md` made from it."""

import platform
import time
from pathlib import Path
from typing import get_args

from npuport.base import pages
from npuport.base.schema import finite
from npuport.device.choose import SIMULATED
from npuport.device.runtime import versions
from npuport.parity.case import POLICIES
from npuport.parity.criterion import FLOOR, MAX_ABS, MEMBERS, PASS, REVIEW
from npuport.parity.verdict import Word
from npuport.port.provenance import provenance
from npuport.suite.results import (
    SCHEMA,
    CaptureData,
    CheckResult,
    Fallback,
    Flags,
    Results,
    Selection,
    overall,
)
from npuport.suite.session import SuiteSession


def results_json(
    session: SuiteSession,
    results: list[CheckResult],
    selection: Selection,
    *,
    started: float,
    default_flags: Flags,
) -> Results:
    """The data of results.json.

    Args:
        session: the run, at its end.
        results: of all its checks.
        selection: which checks ran.
        started: seconds since the epoch.
        default_flags: torch_npu's precision flags before the suite set any.
    """
    weights = session.settings.weights
    words = [result["word"] for result in results]
    return {
        "schema": SCHEMA,
        "verdict": overall(results),
        "counts": {word: words.count(word) for word in get_args(Word)},
        "model": session.adapter.name,
        "port": provenance(session.layout, session.tree),
        "device": {
            "kind": "sim" if session.device.simulated else "npu",
            "name": session.device_name,
            "simulated": SIMULATED in session.device_name,
        },
        "versions": versions(),
        "machine": {"platform": platform.platform(), "processor": platform.machine()},
        "seed": session.settings.seed,
        "weights": weights.to_data() if weights else None,
        "selection": selection,
        "criterion": {"pass": PASS, "review": REVIEW, "max_abs": MAX_ABS, "floor": FLOOR, "members": MEMBERS},
        "policies": [{"name": policy.name, "title": policy.title} for policy in POLICIES],
        "default_flags": default_flags,
        "captures": {size: _capture(session, size) for size in session.sizes},
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "seconds": round(time.time() - started, 1),
        "results": [finite(result) for result in results],
        "fallbacks": _fallbacks(results),
    }


def render(results: Results) -> str:
    """results.json as a page to read."""
    environment = pages.environment(Path(__file__).parent, keep_trailing_newline=False)
    environment.filters |= {"figure": pages.figure, "ratio": _ratio, "percent": pages.percent}
    template = environment.get_template("report.md.j2")
    return template.render(results, groups=_groups(results["results"]))


def _capture(session: SuiteSession, size: str) -> CaptureData:
    capture = session.capture(size)
    manifest = capture.manifest
    return {
        "key": capture.path.name,
        "versions": manifest["versions"],
        "threads": manifest["threads"],
        "seconds": manifest["seconds"],
        "parameters": manifest["parameters"],
        "state_dict": manifest["state_dict"],
    }


def _fallbacks(results: list[CheckResult]) -> list[Fallback]:
    cases: dict[str, list[str]] = {}
    for result in results:
        for operation in result["fallbacks"]:
            cases.setdefault(operation, []).append(result["id"])
    return [{"operation": operation, "cases": names} for operation, names in sorted(cases.items())]


def _groups(results: list[CheckResult]) -> list[list[CheckResult]]:
    """The results of entry points by size, policy and inputs, in the order they ran."""
    groups: dict[tuple[str | None, ...], list[CheckResult]] = {}
    for result in results:
        if result["entry"]:
            groups.setdefault((result["size"], result["policy"], result["inputs"]), []).append(result)
    return list(groups.values())


def _ratio(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if value < 100 else f"{value:.1e}"
