"""Add a line to a changelog in the format of Keep a Changelog; all other bytes stay."""

import re
from collections.abc import Sequence

_NEW = "# Changelog\n\nWhat a user notices, newest first. The format follows Keep a Changelog.\n"
_UNRELEASED = re.compile(r"## +\[?Unreleased\]?(?:\s|$)", re.IGNORECASE)
_VERSION = re.compile(r"## +\S")
_KIND = re.compile(r"### +(\w+)")
_CHANGED = re.compile(r"### +Changed\s*$", re.IGNORECASE)
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_LINK = re.compile(r"\[[^]]+\]: ")
#: The kinds of change that stand below `### Changed`.
_BELOW = ("deprecated", "removed", "fixed", "security")


def with_line(text: str, line: str) -> str:
    """Return a changelog with a line added at the end of `### Changed` in `## Unreleased`.

    Args:
        text: the changelog; an empty one becomes a whole one. A missing heading is added.
        line: the line's text, without a bullet. A line that the section holds already is not added again.
    """
    entry = f"- {' '.join(line.removeprefix('- ').split())}"
    end = "\r\n" if "\r\n" in text else "\n"
    lines = re.findall(r"[^\n]*\n|[^\n]+", text if text.strip() else _NEW.replace("\n", end))
    if not lines[-1].endswith("\n"):
        lines[-1] += end
    bare = _outside_fences(lines)
    start = _first(bare, _UNRELEASED, 0, len(lines))
    if start is None:
        at = _first(bare, _VERSION, 0, len(lines))
        return _inserted(
            lines, len(lines) if at is None else at, ["## Unreleased", "", "### Changed", entry], end
        )
    stop = _end(bare, start + 1, (_VERSION,))
    changed = _first(bare, _CHANGED, start, stop)
    if changed is None:
        below = (
            at for at in range(start, stop) if (kind := _KIND.match(bare[at])) and kind[1].lower() in _BELOW
        )
        return _inserted(lines, next(below, stop), ["### Changed", entry], end)
    last = _end(bare, changed + 1, (_VERSION, _KIND))
    if any(" ".join(line.split()) == entry for line in _entries(bare[changed + 1 : last])):
        return text
    while not bare[last - 1].strip():
        last -= 1
    return "".join([*lines[:last], entry + end, *lines[last:]])


def _outside_fences(lines: Sequence[str]) -> list[str]:
    """The lines, with those in a closed fenced block made plain text."""
    bare = list(lines)
    at = 0
    while at < len(bare):
        close = _closing(bare, at)
        if close:
            bare[at + 1 : close] = ["." + line for line in bare[at + 1 : close]]
        at = max(at, close) + 1
    return bare


def _closing(lines: Sequence[str], opening: int) -> int:
    """The line that closes the fence opened by a line; 0 if it opens none."""
    fence = _FENCE.match(lines[opening])
    for at in range(opening + 1, len(lines)) if fence else ():
        end = _FENCE.match(lines[at])
        if fence and end and end[1].startswith(fence[1]):
            return at
    return 0


def _first(lines: Sequence[str], what: re.Pattern[str], start: int, stop: int) -> int | None:
    return next((at for at in range(start, stop) if what.match(lines[at])), None)


def _end(lines: Sequence[str], start: int, headings: Sequence[re.Pattern[str]]) -> int:
    """The end of a section: the next heading, the links at the end of the file, or the end of the file."""
    stop = next(
        (at for at in range(start, len(lines)) if any(h.match(lines[at]) for h in headings)), len(lines)
    )
    if stop == len(lines):
        while stop > start and (not lines[stop - 1].strip() or _LINK.match(lines[stop - 1])):
            stop -= 1
    return stop


def _entries(lines: Sequence[str]) -> list[str]:
    """The entries of a section, each with its continuation lines."""
    entries: list[str] = []
    for line in lines:
        if line.startswith("- ") or not entries:
            entries.append(line)
        else:
            entries[-1] += line
    return entries


def _inserted(lines: list[str], at: int, new: Sequence[str], end: str) -> str:
    """The lines with new ones inserted as a block between blank lines."""
    while at and not lines[at - 1].strip():
        at -= 1
    before = [end] if at else []
    after = [end] if lines[at:] and lines[at].strip() else []
    return "".join([*lines[:at], *before, *(line + end for line in new), *after, *lines[at:]])
