"""A rebase in the terminal."""

from npuport.rebase.job import Step
from npuport.rebase.verdict import Clash, Verdict

_MANY = 20  # patches; of more, those that need no look are only counted
_LINES = 8  # of each side of a conflict; the report and the work tree hold them all


def headline(step: Step) -> str:
    """From where to where."""
    summary = step.summary
    new, count = summary.new.commit, len(summary.log)
    if summary.old.commit.id == new.id:
        return f"{new.id[:12]} ({new.date}, {summary.new.ref})"
    told = f"{summary.old.commit.id[:12]} -> {new.id[:12]} ({new.date}, {summary.new.ref})"
    told += f": {count} commit{'' if count == 1 else 's'}"
    return f"{told}; {summary.history}" if summary.history else told


def findings(step: Step) -> list[str]:
    """What was found, a line each, conflicts at length."""
    summary = step.summary
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
                lines += _clash(step, clash)
    lines += [_line(verdict, "(if those before are decided for the patch)") for verdict in summary.ahead]
    lines += [f"  api         {line}" for line in summary.api]
    lines += [f"  new CUDA    {line}" for line in summary.assumptions]
    if summary.before and summary.after:
        proof = f"{summary.before.verdict} -> {summary.after.verdict} on {summary.after.device}"
        lines.append(f"  parity      {proof}")
    conflicts = {verdict.patch for verdict in summary.verdicts if verdict.needs_person}
    others = [line for line in summary.decisions if line.partition(": ")[0] not in conflicts]
    return lines + [f"to decide: {line}" for line in others]


def following(step: Step) -> str:
    """What to do next."""
    if step.session is None:
        return "nothing was changed"
    if any(verdict.needs_person for verdict in step.summary.verdicts):
        return "resolve it in the work tree, then npuport rebase --continue; or --skip, or --abort"
    return "then npuport rebase --continue; or --abort"


def _line(verdict: Verdict, detail: str) -> str:
    return f"  {verdict.kind:<10}  {verdict.patch}{f'  {detail}' if detail else ''}"


def _clash(step: Step, clash: Clash) -> list[str]:
    from npuport.base.text import shown

    where = f"{clash.path}, hunk {clash.hunk}" if clash.hunk else clash.path
    lines = [f"    {where}: {clash.reason}"]
    if clash.culprit:
        lines.append(f"      by {clash.culprit}")
    sides = ("there is now", clash.upstream), ("expected", clash.expected), ("patch has", clash.wanted)
    for name, side in sides:
        for number, line in enumerate(side[:_LINES]):
            lines.append(f"      {name if not number else '':<13}| {line}")
        if len(side) > _LINES:
            lines.append(f"      {'':<13}| ... {len(side) - _LINES} lines more")
    if clash.elsewhere:
        lines.append(f"      what it expects is now at {clash.elsewhere}")
    if step.session:
        line = f":{clash.line}" if clash.line else ""
        lines.append(f"      -> {shown(step.session / 'tree' / clash.path)}{line}")
    return lines
