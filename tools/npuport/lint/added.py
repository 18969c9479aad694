"""Check the lines that a patch adds."""

import io
import re
import tokenize
from collections.abc import Iterator, Sequence

from npuport.base.sarif import SarifResult
from npuport.lint.rules import finding
from npuport.patch.parts import FileChange, Hunk, HunkLine, Patch

_OPENS, _CLOSES = re.compile(r"<{7}(?: |\r?$)"), re.compile(r">{7}(?: |\r?$)")
_BETWEEN = re.compile(r"(?:={7}|\|{7}(?: .*)?)\r?$")
_LOCAL = re.compile(r"(?<![\w./])/(?:home|Users|root)/[A-Za-z0-9_.-]+/|\b[A-Z]:\\\\?Users\\")
_DEBUGGERS = {"pdb", "ipdb", "pudb"}


def check_added(patch: Patch) -> Iterator[SarifResult]:
    for change in patch.changes:
        yield from _conflict_markers(patch, change)
        yield from _indents(patch, change)
        yield from _line_ends(patch, change)
        for hunk in change.hunks:
            yield from _whitespace(patch, hunk)
            if change.path.endswith(".py"):
                yield from _debugging(patch, hunk)
        for line in change.of("+"):
            if match := _LOCAL.search(line.text):
                yield finding("local-path", patch.name, line.number, match[0], match.start() + 2)


def _conflict_markers(patch: Patch, change: FileChange) -> Iterator[SarifResult]:
    added = change.of("+")
    outer = [line for line in added if _OPENS.match(line.text) or _CLOSES.match(line.text)]
    # Seven equals signs alone underline a heading.
    inner = [line for line in added if _BETWEEN.match(line.text)] if outer else []
    for line in outer + inner:
        message = f"{line.text[:20].strip()!r} is added"
        yield finding("conflict-marker", patch.name, line.number, message)


def _indents(patch: Patch, change: FileChange) -> Iterator[SarifResult]:
    """Added lines that start with a tab where the file around them has blanks alone, or the other way."""
    around = [line.text for line in change.of(" -")]
    tabs = any(text.startswith("\t") for text in around)
    blanks = any(text.startswith("  ") for text in around)
    for line in change.of("+"):
        indent = line.text[: len(line.text) - len(line.text.lstrip(" \t"))]
        if " \t" in indent:
            yield finding("indent-mixed", patch.name, line.number, "a blank before a tab", 2)
        elif "\t" in indent and blanks and not tabs:
            yield finding("indent-mixed", patch.name, line.number, "a tab, where the file has blanks", 2)
        elif indent.startswith("    ") and tabs and not blanks:
            yield finding("indent-mixed", patch.name, line.number, "blanks, where the file has tabs", 2)


def _line_ends(patch: Patch, change: FileChange) -> Iterator[SarifResult]:
    def have_cr(lines: Sequence[HunkLine]) -> set[bool]:
        return {line.text.endswith("\r") for line in lines if line.ended}

    before = have_cr(change.of(" -")) or {False}
    for line in change.of("+"):
        if line.ended and len(before) == 1 and line.text.endswith("\r") not in before:
            message = "CRLF, where the file has LF" if False in before else "LF, where the file has CRLF"
            yield finding("line-end-mixed", patch.name, line.number, message)
    bare = [line for line in change.of("+") if not line.ended]
    if bare and all(line.ended for line in change.of("-")):
        message = f"{change.path} ends without a newline"
        yield finding("newline-missing", patch.name, bare[0].number, message)


def _whitespace(patch: Patch, hunk: Hunk) -> Iterator[SarifResult]:
    removed = {line.text for line in hunk.of("-")}
    for line in hunk.of("+"):
        text = line.text.removesuffix("\r")
        if text != text.rstrip(" \t") and line.text not in removed:  # else it is upstream's own, moved
            column = len(text.rstrip(" \t")) + 2
            yield finding("trailing-whitespace", patch.name, line.number, "ends in whitespace", column)


def _debugging(patch: Patch, hunk: Hunk) -> Iterator[SarifResult]:
    printed = any(name == "print" for line in hunk.of("-") for name, _ in _used(line.text))
    for line in hunk.of("+"):
        for name, column in _used(line.text):
            if name != "print":
                yield finding("debugger-left", patch.name, line.number, f"{name} is used", column + 2)
            elif not printed:
                yield finding("print-added", patch.name, line.number, "print is called", column + 2)


def _used(text: str) -> Iterator[tuple[str, int]]:
    """Calls of print and of a debugger in a line of Python, with their columns; strings do not count."""
    tokens = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text.strip() + "\n").readline):
            tokens.append(token)
    except (tokenize.TokenError, SyntaxError):
        pass  # a line is no whole program; the tokens before the error are enough
    indent = len(text) - len(text.lstrip())
    texts = [token.string for token in tokens]
    for at, token in enumerate(tokens):
        if token.type != tokenize.NAME or (at and texts[at - 1] == "."):
            continue
        called = texts[at + 1 : at + 2] == ["("] and not (at and texts[at - 1] == "def")
        imported = at and texts[0] in ("import", "from") and texts[at - 1] in ("import", "from", ",")
        if token.string in ("print", "breakpoint") and called:
            yield token.string, token.start[1] + indent
        if token.string in _DEBUGGERS and (imported or texts[at + 1 : at + 3] == [".", "set_trace"]):
            yield token.string, token.start[1] + indent
