"""The pages of a bundle that people read: model card in two languages, and the detailed report.

Every figure comes from the facts; nothing is typed by hand. The same facts give the same bytes.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from npuport.base import pages
from npuport.base.errors import PortError
from npuport.device.choose import SIMULATED
from npuport.release import figures
from npuport.suite.results import overall

_TEMPLATES = Path(__file__).parent / "templates"

#: What release.toml's [card] may say in words.
_OPTIONAL = ("summary", "summary_zh", "example", "license_note", "license_note_zh")


def render(facts: Mapping[str, Any]) -> dict[str, bytes]:
    """README.md, README.zh-CN.md and the report, by file name.

    Args:
        facts: see `contents.facts`.

    Raises:
        PortError: the facts contradict themselves.
    """
    for what in contradictions(facts):
        raise PortError(
            f"the facts of {facts['title']} contradict themselves: {what}",
            hint="npuport parity and npuport bench again, on one device",
        )
    environment = pages.environment(_TEMPLATES)
    environment.filters |= _FILTERS
    templates = {
        "README.md": ("README.md.j2", "en"),
        "README.zh-CN.md": ("README.zh-CN.md.j2", "zh"),
        report_name(facts): ("report.md.j2", "en"),
    }
    view = _view(facts)
    return {
        name: environment.get_template(template)
        .render(view, front=front_matter(facts, language), language=language)
        .encode()
        for name, (template, language) in templates.items()
    }


def report_name(facts: Mapping[str, Any]) -> str:
    """The detailed report's file."""
    return f"{facts['model']['title']}-NPU-Report.md"


def contradictions(facts: Mapping[str, Any]) -> Iterator[str]:
    """Everything in which the facts do not agree, above all on whether there was a chip."""
    parity, bench, lock, simulated = facts["parity"], facts["bench"], facts["lock"], facts["simulated"]
    for where, device in (
        ("the device", facts["device"]),
        ("parity", parity["device"]),
        ("the benchmark", bench["device"]),
    ):
        if device["simulated"] != simulated or (device["kind"] == "sim") != simulated:
            yield f"{where} says simulated: {device['simulated']}, the release {simulated}"
        elif (SIMULATED in device["name"]) != simulated:
            yield f"{where} is named {device['name']}"
        elif device["name"] != facts["device"]["name"]:
            yield f"{where} is {device['name']}, the device {facts['device']['name']}"
    if (SIMULATED in facts["title"]) != simulated:
        yield f"the title says {'hardware' if simulated else SIMULATED}"
    if bool(bench["meaningless"]) != simulated:
        yield "the benchmark does not say rightly whether its latencies mean anything"
    for where, port in (("parity", parity["port"]), ("the benchmark", bench["port"] or {})):
        if (port.get("pin"), port.get("commit")) != (lock["commit"], lock["ported_commit"]):
            yield f"{where} is of another tree than the lock names"
    if parity["verdict"] != overall(parity["results"]):
        yield f"parity's verdict is {parity['verdict']}, its results are not"


def front_matter(facts: Mapping[str, Any], language: str) -> str:
    """The YAML that the hubs read, without its fences. JSON's strings and lists are YAML's."""
    card, license_name = facts["card"], facts["card"].get("license", "other")
    entries: dict[str, Any] = {"language": [language], "license": license_name}
    if license_name == "other":
        entries |= {
            "license_name": card.get("license_name", "see-license"),
            "license_link": facts["lock"]["license"],
        }
    for key in ("library_name", "pipeline_tag"):
        if key in card:
            entries[key] = card[key]
    if "pipeline_tag" in card:
        entries["tasks"] = [card["pipeline_tag"]]
    hub, _, base = facts["model"]["weights"].partition(":")
    if hub == "hf":
        entries["base_model"] = base.partition("@")[0]
    entries["frameworks"] = ["pytorch"]
    if not facts["simulated"]:
        entries["hardwares"] = ["NPU"]
    marks = ["ascend", "npu", "torch_npu", *([SIMULATED] if facts["simulated"] else [])]
    entries["tags"] = list(dict.fromkeys([*marks, *card.get("tags", [])]))
    return "\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in entries.items())


def _view(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What the templates read: the facts, and the rows of their tables."""
    from npuport.bench import tables

    parity, bench, size = facts["parity"], facts["bench"], facts["model"]["size"]
    hub, _, name = facts["model"]["weights"].partition(":")
    ratios = [result["ratio"] for result in parity["results"] if result["ratio"] is not None]
    return {
        **facts,
        "card": {**dict.fromkeys(_OPTIONAL, ""), **facts["card"]},
        "mark": f" ({SIMULATED})" if facts["simulated"] else "",
        "mark_zh": "（模拟）" if facts["simulated"] else "",
        "verdict": figures.VERDICT,
        "used": figures.USED,
        "report": report_name(facts),
        "hub": hub,
        "hub_name": name,
        "picture": next((path for path in facts["files"] if path.endswith(".png")), "picture.png"),
        "accuracy": figures.accuracy(parity, size),
        "policies": figures.policies(parity, size),
        "checks": figures.checks(parity, size),
        "identical": _passed(parity, "test_every_tensor_arrives_unchanged"),
        "deterministic": _passed(parity, "test_two_runs_give_the_same_bits"),
        "largest": max(ratios, default=None),
        "not_run": figures.not_run(facts),
        "functions": tables.functions(bench),
        "batches": tables.batches(bench),
        "memory": tables.memory(bench),
        "pipeline": (bench["pipelines"] or [""])[0],
        "citation": bibtex(facts["card"].get("citation")),
    }


def _passed(parity: Mapping[str, Any], check: str) -> bool:
    """Whether a check of the suite ran, and passed each time."""
    words = [result["word"] for result in parity["results"] if result["id"].startswith(check)]
    return bool(words) and set(words) == {"pass"}


def bibtex(paper: Mapping[str, Any] | None) -> str:
    """The paper's entry; empty where the port names none."""
    if not paper:
        return ""
    fields = {
        "title": paper["title"],
        "author": " and ".join(paper["authors"]),
        "year": paper["year"],
        **({"eprint": paper["arxiv"], "archivePrefix": "arXiv"} if "arxiv" in paper else {}),
    }
    lines = [f"  {key:<13} = {{{value}}}" for key, value in fields.items()]
    return "\n".join([f"@misc{{{paper['key']},", ",\n".join(lines), "}"])


def _number(places: int) -> Any:
    return lambda value: "–" if value is None else f"{value:,.{places}f}"


def _cosine(value: float | None) -> str:
    return "–" if value is None else f"{min(value, 1.0):.7f}"


def _cell(value: Any) -> str:
    """Text within a table."""
    return " ".join(str(value).split()).replace("|", "\\|")


_FILTERS = {
    "n0": _number(0),
    "n1": _number(1),
    "n2": _number(2),
    "n3": _number(3),
    "small": pages.figure,
    "percent": pages.percent,
    "cosine": _cosine,
    "cell": _cell,
}
