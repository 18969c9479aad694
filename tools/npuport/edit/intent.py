"""What a person has begun in the ported tree, with `npuport edit` or `npuport new`, and `refresh` ends."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Intent:
    """What a person is about to do in the ported tree: edit a patch, or write a new one with this title."""

    patch: str = ""
    title: str = ""


def read_intent(tree: Path) -> Intent:
    """What was begun in a tree with `npuport edit` or `npuport new`."""
    try:
        return Intent(**json.loads(_intent(tree).read_bytes()))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return Intent()


def write_intent(tree: Path, intent: Intent) -> None:
    """Remember it in the tree's own .git, with which it comes and goes."""
    _intent(tree).write_text(json.dumps({"patch": intent.patch, "title": intent.title}))


def _intent(tree: Path) -> Path:
    return tree / ".git/npuport.json"
