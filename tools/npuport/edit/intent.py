"""What the user has begun in the ported tree with `npuport edit` or `new`; `npuport refresh` ends it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Intent:
    """What the user is about to do in the ported tree: edit a patch, or write a new one with this title."""

    patch: str = ""
    title: str = ""


def read_intent(tree: Path) -> Intent:
    """The intent of a tree; an empty one where there is none."""
    try:
        return Intent(**json.loads(_file(tree).read_bytes()))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return Intent()


def write_intent(tree: Path, intent: Intent) -> None:
    """Keep an intent in the tree's own .git."""
    _file(tree).write_text(json.dumps(asdict(intent)))


def _file(tree: Path) -> Path:
    return tree / ".git/npuport.json"
