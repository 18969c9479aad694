"""The rule table as docs/reference/audit.md has it."""

from npuport.audit.rules import RULES

_HEAD = (
    "Rule",
    "Level",
    "What is looked for",
    "On an NPU",
    "Write instead",
    "transfer_to_npu",
    "`--fix` drafts",
)


def table() -> str:
    """The rules, a Markdown row each."""
    rows = [_HEAD, tuple("---" for _ in _HEAD)]
    for rule in RULES.values():
        shim = f"{rule.shim}: {rule.shim_why}"
        rows.append(
            (f"`{rule.id}`", rule.level, rule.what, rule.why, rule.neutral, shim, rule.fix or "nothing")
        )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
