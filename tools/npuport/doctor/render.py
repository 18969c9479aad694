"""The diagnosis as text: a table in a terminal, plain lines everywhere else."""

from io import StringIO

from npuport.doctor import Diagnosis
from npuport.doctor.check import Check

MARKS = {"good": ("✓", "green"), "missing": ("✗", "red"), "wrong": ("!", "red")}


def summary(diagnosis: Diagnosis) -> str:
    """Whether `make test-npu` can run, in one line."""
    if diagnosis.ready:
        where = "the NPU" if diagnosis.device == "npu" else "the simulator"
        return f"ready: `make test-npu` has all it needs here, on {where}"
    names = ", ".join(line.name for line in diagnosis.faults)
    return f"not ready for `make test-npu`: {names}"


def plain(diagnosis: Diagnosis) -> str:
    """One line a check, its hint beneath."""
    lines = []
    for line in diagnosis.checks:
        lines.append(f"{line.state:8}{line.name:14}{line.found}{note(line)}")
        if line.hint:
            lines.append(f"{'':22}hint: {line.hint}")
    return "\n".join([*lines, "", summary(diagnosis)])


def table(diagnosis: Diagnosis, width: int) -> str:
    """`plain` as a table with colours, for a terminal of so many columns."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for line in diagnosis.checks:
        mark, colour = MARKS[line.state]
        if line.optional and line.state != "good":
            colour = "yellow"
        text = Text(f"{line.found}{note(line)}")
        if line.hint:
            text.append(f"\nhint: {line.hint}", style="cyan")
        grid.add_row(Text(f"{mark} {line.state}", style=colour), Text(line.name, style="bold"), text)
    console = Console(file=StringIO(), force_terminal=True, width=width)
    console.print(grid)
    console.print()
    console.print(Text(summary(diagnosis), style="green" if diagnosis.ready else "red"))
    assert isinstance(console.file, StringIO)
    return "\n".join(row.rstrip() for row in console.file.getvalue().splitlines())


def note(line: Check) -> str:
    """The note that a check which is not good is optional here."""
    return " (optional here)" if line.optional and line.state != "good" else ""
