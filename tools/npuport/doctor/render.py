"""The diagnosis for a person: a table in a terminal, plain lines everywhere else."""

from io import StringIO

from npuport.doctor import Diagnosis
from npuport.doctor.finding import Finding

MARKS = {"good": ("✓", "green"), "missing": ("✗", "red"), "wrong": ("!", "red")}


def summary(diagnosis: Diagnosis) -> str:
    """Whether all is there, in one line."""
    if diagnosis.ready:
        where = "the NPU" if diagnosis.device == "npu" else "the simulator"
        return f"ready: `make test-npu` has all it needs here, on {where}"
    names = ", ".join(line.name for line in diagnosis.faults)
    return f"not ready for `make test-npu`: {names}"


def plain(diagnosis: Diagnosis) -> str:
    """One line a finding, its hint beneath."""
    lines = []
    for line in diagnosis.findings:
        lines.append(f"{line.state:8}{line.name:14}{line.found}{note(line)}")
        if line.hint:
            lines.append(f"{'':22}hint: {line.hint}")
    return "\n".join([*lines, "", summary(diagnosis)])


def table(diagnosis: Diagnosis, width: int) -> str:
    """The same as a table with colours, for a terminal of so many columns."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for line in diagnosis.findings:
        mark, colour = MARKS[line.state]
        if line.optional and line.state != "good":
            colour = "yellow"
        told = Text(f"{line.found}{note(line)}")
        if line.hint:
            told.append(f"\nhint: {line.hint}", style="cyan")
        grid.add_row(Text(f"{mark} {line.state}", style=colour), Text(line.name, style="bold"), told)
    console = Console(file=StringIO(), force_terminal=True, width=width)
    console.print(grid)
    console.print()
    console.print(Text(summary(diagnosis), style="green" if diagnosis.ready else "red"))
    assert isinstance(console.file, StringIO)
    return "\n".join(row.rstrip() for row in console.file.getvalue().splitlines())


def note(line: Finding) -> str:
    """That a line which is not good may stay so."""
    return " (optional here)" if line.optional and line.state != "good" else ""
