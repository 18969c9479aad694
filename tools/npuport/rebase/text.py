"""A rebase in the terminal."""

from npuport.base.text import shown
from npuport.rebase.job import JobResult
from npuport.rebase.verdict import Clash, Verdict

_MANY = 20  # patches; of more, the clean and the moved ones are only counted
_LINES = 8  # of each side of a conflict; the report and the work tree have them all


def headline(result: JobResult) -> str:
    """The line about the pins."""
    summary = result.summary
    new, count = summary.new.commit, len(summary.log)
    if summary.old.commit.id == new.id:
        return f"{new.id[:12]} ({new.date}, {summary.new.ref})"
    line = f"{summary.old.commit.id[:12]} -> {new.id[:12]} ({new.date}, {summary.new.ref})"
    line += f": {count} commit{'' if count == 1 else 's'}"
    return f"{line}; {summary.history}" if summary.history else line


def findings(result: JobResult) -> list[str]:
    """The lines about the patches and about upstream, conflicts at length."""
    summary = result.summary
    lines = []
    quiet = (
        [v for v in summary.verdicts if v.kind in ("clean", "moved")] if len(summary.verdicts) > _MANY else []
    )
    for kind in ("clean", "moved"):
        if count := sum(verdict.kind == kind for verdict in quiet):
            lines.append(f"  {kind:<10}  {count} patches")
    for verdict in summary.verdicts:
        if verdict in quiet:
            continue
        lines.append(_line(verdict, "" if verdict.needs_person else verdict.detail))
        if verdict.needs_person:
            for clash in verdict.clashes:
                lines += _clash(result, clash)
    lines += [_line(verdict, "(if earlier conflicts keep the patch's lines)") for verdict in summary.ahead]
    lines += [f"  api         {line}" for line in summary.api]
    lines += [f"  new CUDA    {line}" for line in summary.assumptions]
    if summary.before and summary.after:
        proof = f"{summary.before.verdict} -> {summary.after.verdict} on {summary.after.device}"
        lines.append(f"  parity      {proof}")
    conflicts = {verdict.patch for verdict in summary.verdicts if verdict.needs_person}
    others = [line for line in summary.decisions if line.partition(": ")[0] not in conflicts]
    return lines + [f"to decide: {line}" for line in others]


def following(result: JobResult) -> str:
    """The line about what to do next."""
    if result.session is None:
        return "nothing was changed"
    if any(verdict.needs_person for verdict in result.summary.verdicts):
        return "resolve it in the work tree, then npuport rebase --continue; or --skip, or --abort"
    return "then npuport rebase --continue; or --abort"


def _line(verdict: Verdict, detail: str) -> str:
    return f"  {verdict.kind:<10}  {verdict.patch}{f'  {detail}' if detail else ''}"


def _clash(result: JobResult, clash: Clash) -> list[str]:
    lines = [f"    {clash.place}: {clash.reason}"]
    if clash.culprit:
        lines.append(f"      by {clash.culprit}")
    sides = ("upstream has", clash.upstream), ("expected", clash.expected), ("patch has", clash.wanted)
    for name, side in sides:
        for number, line in enumerate(side[:_LINES]):
            lines.append(f"      {name if not number else '':<13}| {line}")
        if len(side) > _LINES:
            lines.append(f"      {'':<13}| ... {len(side) - _LINES} more lines")
    if clash.elsewhere:
        lines.append(f"      the expected lines are now at {clash.elsewhere}")
    if result.session:
        line = f":{clash.line}" if clash.line else ""
        lines.append(f"      -> {shown(result.session / 'tree' / clash.path)}{line}")
    return lines
