"""The pages of a bundle: the model card in two languages, and the detailed report.

Every figure comes from the facts. The same facts give the same bytes.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from npuport.base import pages
from npuport.base.errors import PortError
from npuport.bench import tables
from npuport.device.choose import SIMULATED
from npuport.release import figures
from npuport.release.facts import CardFacts, card_facts
from npuport.release.inputs import BundleInputs
from npuport.release.model import Citation
from npuport.release.source import BundleFile
from npuport.suite.results import Results, overall

_TEMPLATES = Path(__file__).parent / "templates"

#: Texts of release.toml's [card] that the templates read, and that may be missing.
_OPTIONAL = ("summary", "summary_zh", "example", "license_note", "license_note_zh")


def pages_of(inputs: BundleInputs, source: Mapping[str, BundleFile]) -> dict[str, BundleFile]:
    return {name: BundleFile(data) for name, data in render(card_facts(inputs, source)).items()}


def render(facts: CardFacts) -> dict[str, bytes]:
    """README.md, README.zh-CN.md and the report, by file name.

    Raises:
        PortError: the facts contradict themselves.
    """
    for what in contradictions(facts):
        raise PortError(
            f"the results of {facts['title']} contradict themselves: {what}",
            hint="run npuport parity and npuport bench again, on one device",
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


def report_name(facts: CardFacts) -> str:
    """The file name of the detailed report."""
    return f"{facts['model']['title']}-NPU-Report.md"


def contradictions(facts: CardFacts) -> Iterator[str]:
    """The contradictions of the facts, above all on whether a chip was involved."""
    parity, bench, lock, simulated = facts["parity"], facts["bench"], facts["lock"], facts["simulated"]
    for where, device in (
        ("the device", facts["device"]),
        ("parity", parity["device"]),
        ("the benchmark", bench["device"]),
    ):
        if device["simulated"] != simulated or (device["kind"] == "sim") != simulated:
            yield f"{where} has simulated: {device['simulated']}, the release {simulated}"
        elif (SIMULATED in device["name"]) != simulated:
            yield f"{where} is named {device['name']}"
        elif device["name"] != facts["device"]["name"]:
            yield f"{where} is {device['name']}, the device {facts['device']['name']}"
    if (SIMULATED in facts["title"]) != simulated:
        yield f"the title is that of {'hardware' if simulated else 'a simulated run'}"
    if bool(bench["meaningless"]) != simulated:
        yield "the benchmark's note on the meaning of its latencies does not fit its device"
    for where, port in (("parity", parity["port"]), ("the benchmark", bench["port"])):
        if not port or (port["pin"], port["commit"]) != (lock["commit"], lock["ported_commit"]):
            yield f"{where} ran another tree than the one in the lock"
    if parity["verdict"] != overall(parity["results"]):
        yield f"parity's verdict is {parity['verdict']}, which does not follow from its results"


def front_matter(facts: CardFacts, language: str) -> str:
    """The YAML that the hubs read, without its fences; JSON's strings and lists are valid YAML."""
    card, license_name = facts["card"], facts["card"].get("license", "other")
    entries: dict[str, object] = {"language": [language], "license": license_name}
    if license_name == "other":
        entries |= {
            "license_name": card.get("license_name", "see-license"),
            "license_link": facts["lock"]["license"],
        }
    if "library_name" in card:
        entries["library_name"] = card["library_name"]
    if "pipeline_tag" in card:
        entries |= {"pipeline_tag": card["pipeline_tag"], "tasks": [card["pipeline_tag"]]}
    hub, _, base = facts["model"]["weights"].partition(":")
    if hub == "hf":
        entries["base_model"] = base.partition("@")[0]
    entries["frameworks"] = ["pytorch"]
    if not facts["simulated"]:
        entries["hardwares"] = ["NPU"]
    marks = ["ascend", "npu", "torch_npu", *([SIMULATED] if facts["simulated"] else [])]
    entries["tags"] = list(dict.fromkeys([*marks, *card.get("tags", [])]))
    return "\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in entries.items())


def _view(facts: CardFacts) -> dict[str, object]:
    """The data of the templates: the facts, and the rows of their tables."""
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
        "not_run": list(figures.not_run(facts)),
        "functions": tables.functions(bench),
        "batches": tables.batches(bench),
        "memory": tables.memory(bench),
        "pipeline": (bench["pipelines"] or [""])[0],
        "citation": bibtex(facts["card"].get("citation")),
    }


def _passed(parity: Results, check: str) -> bool:
    """Whether a check of the suite ran, and passed each time."""
    words = [result["word"] for result in parity["results"] if result["id"].startswith(check)]
    return bool(words) and set(words) == {"pass"}


def bibtex(paper: Citation | None) -> str:
    """The BibTeX entry of a paper; empty for None."""
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


def _number(places: int) -> Callable[[float | None], str]:
    return lambda value: "–" if value is None else f"{value:,.{places}f}"


def _cosine(value: float | None) -> str:
    return "–" if value is None else f"{min(value, 1.0):.7f}"


def _cell(value: object) -> str:
    """Text in a table."""
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
