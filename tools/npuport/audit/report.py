"""The findings as text, as JSON, as SARIF, and the rule table as Markdown."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from npuport.audit.finding import LEVELS, Finding
from npuport.audit.rules import RULES
from npuport.base import sarif

_WIDTH = 100
_LEGEND = (
    "shim: would torch_npu.contrib.transfer_to_npu cover it at run time; the rules: docs/reference/audit.md"
)


def line_of(finding: Finding) -> str:
    place = f"{finding.path}:{finding.line}: {finding.level}"
    return f"{place}: {finding.what} ({finding.rule}){_path_of(finding)}; write {finding.neutral}"


def _path_of(finding: Finding) -> str:
    if finding.reach == "reached":
        return f", on the model path: {' > '.join(finding.via)}"
    return ", runs when the model is imported" if finding.reach == "imported" else ""


def text(findings: Sequence[Finding], none: str = "nothing assumes CUDA") -> str:
    """The findings by file, those on the model path first, then a line of counts; `none` if empty."""
    sections = [
        ("On the model path", [f for f in findings if f.on_path]),
        ("Elsewhere", [f for f in findings if f.reach == "no"]),
        ("", [f for f in findings if f.reach == "unknown"]),
    ]
    lines: list[str] = []
    for title, section in sections:
        if section:
            lines += [title, ""] if title else []
            for path, group in groupby(section, key=lambda f: f.path):
                lines += [*_file(path, list(group)), ""]
    return "\n".join([*lines, *([summary(findings), _LEGEND] if findings else [none])])


def _file(path: str, findings: Sequence[Finding]) -> Iterator[str]:
    yield path
    width = len(str(max(finding.line for finding in findings)))
    explained: set[tuple[str, str]] = set()
    for finding in findings:
        guarded = " (guarded)" if finding.guarded else ""
        covered = f"  [covered by {finding.covered_by[:4]}]" if finding.covered_by else ""
        yield f"  {finding.line:>{width}}  {finding.level:7}  {finding.rule}{guarded}{covered}"
        pad = " " * (width + 4)
        yield f"{pad}{_window(finding)}"
        if finding.via:
            yield f"{pad}reached: {' > '.join(finding.via)}"
        if (finding.rule, finding.neutral) not in explained:
            fix = ", --fix" if finding.fix else ""
            yield f"{pad}-> {finding.neutral} (shim: {finding.shim}{fix})"
        explained.add((finding.rule, finding.neutral))


def _window(finding: Finding) -> str:
    """As much of the line as fits, around the name or text that assumes CUDA."""
    if len(finding.code) <= _WIDTH:
        return finding.code
    at = finding.code.find(finding.what.rpartition(".")[2])
    start = max(at - _WIDTH // 2, 0) if at > _WIDTH - 20 else 0
    shown = finding.code[start : start + _WIDTH - 6]
    more = "..." if start + len(shown) < len(finding.code) else ""
    return f"{'...' * (start > 0)}{shown}{more}"


def summary(findings: Sequence[Finding]) -> str:
    """The counts of the findings in one line."""
    counts = [
        f"{n} {level}{'s' * (n > 1)}" for level in LEVELS if (n := sum(f.level == level for f in findings))
    ]
    parts = [f"{len(findings)} finding{'s' * (len(findings) > 1)}: {', '.join(counts)}"]
    if any(f.reach != "unknown" for f in findings):
        on_path, covered = sum(f.on_path for f in findings), sum(bool(f.covered_by) for f in findings)
        parts.append(f"{on_path} on the model path, {covered} covered by the series")
    if fixable := sum(f.fix is not None for f in findings):
        parts.append(f"--fix drafts a change for {fixable}")
    return "; ".join(parts)


def as_json(findings: Sequence[Finding]) -> dict[str, object]:
    """The findings and their counts as plain data."""
    return {
        "findings": [finding.as_json() for finding in findings],
        "counts": {level: sum(f.level == level for f in findings) for level in LEVELS},
        "on_path": sum(f.on_path for f in findings),
        "covered": sum(bool(f.covered_by) for f in findings),
        "blocking": sum(f.blocks for f in findings),
    }


def sarif_rules() -> list[sarif.SarifRule]:
    return [
        sarif.SarifRule(
            rule.id,
            "".join(word.capitalize() for word in rule.id.split("-")),
            rule.what,
            f"{rule.why}. Write: {rule.neutral}. transfer_to_npu: {rule.shim}, {rule.shim_why}.",
        )
        for rule in RULES.values()
    ]


def sarif_findings(findings: Sequence[Finding]) -> list[sarif.SarifResult]:
    return [
        sarif.SarifResult(
            f.rule, f.level, f.path, f.line, f.column, f"{f.what}: write {f.neutral}{_path_of(f)}"
        )
        for f in findings
    ]


def rule_table() -> str:
    """The rule table of docs/reference/audit.md: a Markdown row for each rule."""
    head = ["Rule", "Level", "It finds", "On an NPU", "Write instead", "transfer_to_npu", "`--fix` drafts"]
    rows = [head, ["---"] * len(head)]
    for rule in RULES.values():
        shim = f"{rule.shim}: {rule.shim_why}"
        form = [f"`{rule.id}`", rule.level, rule.what, rule.why, rule.neutral, shim, rule.fix or "nothing"]
        rows.append(form)
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
