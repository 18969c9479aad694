"""The labelled snippets: files of pieces of code whose lines say which rules they break.

    === shell nccl: environment and option
    export NCCL_DEBUG=INFO  #~ nccl

A piece starts with `===` and its title; a title that starts with `shell` makes it a script. A line names
behind `#~` every rule that it breaks, once each; all other lines break none.
"""

from dataclasses import dataclass
from pathlib import Path

from npuport.audit.scan import scan_file

HERE = Path(__file__).parents[1] / "audit"


@dataclass(frozen=True)
class Snippet:
    """A piece of code and its labels: pairs of line and rule."""

    title: str
    text: str
    labels: frozenset[tuple[int, str]]

    @property
    def path(self) -> str:
        return "snippet.sh" if self.title.startswith("shell") else "snippet.py"

    def found(self) -> frozenset[tuple[int, str]]:
        """Line and rule of its findings."""
        return frozenset((f.line, f.rule) for f in scan_file(self.path, self.text.encode()))


@dataclass(frozen=True)
class Score:
    """How far the audit and the labels agree, by line and rule."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / max(self.right + self.wrong, 1)

    @property
    def recall(self) -> float:
        return self.right / max(self.right + self.missed, 1)


def read(name: str) -> list[Snippet]:
    """The snippets of a file beside this one."""
    pieces = (HERE / name).read_text().split("=== ")[1:]
    return [_snippet(*piece.split("\n", 1)) for piece in pieces]


def score(snippets: list[Snippet]) -> Score:
    """Compare all of them."""
    right = wrong = missed = 0
    for snippet in snippets:
        found = snippet.found()
        right += len(found & snippet.labels)
        wrong += len(found - snippet.labels)
        missed += len(snippet.labels - found)
    return Score(right, wrong, missed)


def _snippet(title: str, body: str) -> Snippet:
    labels = set()
    lines = []
    for number, line in enumerate(body.split("\n"), 1):
        code, _, rules = line.partition("  #~ ")
        labels |= {(number, rule) for rule in rules.split()}
        lines.append(code)
    return Snippet(title, "\n".join(lines), frozenset(labels))
