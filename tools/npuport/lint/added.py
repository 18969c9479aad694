"""What is wrong with the lines that a patch adds."""

import io
import re
import tokenize
from collections.abc import Iterator, Sequence

from npuport.base.sarif import Finding
from npuport.lint.rules import finding
from npuport.lint.scan import Change, File, Hunk, Scan

_OPENS, _CLOSES = re.compile(r"<{7}(?: |\r?$)"), re.compile(r">{7}(?: |\r?$)")
_BETWEEN = re.compile(r"(?:={7}|\|{7}(?: .*)?)\r?$")
_LOCAL = re.compile(r"(?<![\w./])/(?:home|Users|root)/[A-Za-z0-9_.-]+/|\b[A-Z]:\\\\?Users\\")
_DEBUGGERS = {"pdb", "ipdb", "pudb"}


def check_added(scan: Scan) -> Iterator[Finding]:
    """All findings in the lines that a patch adds."""
    for file in scan.files:
        yield from _conflict_markers(scan, file)
        yield from _indents(scan, file)
        yield from _line_ends(scan, file)
        for hunk in file.hunks:
            yield from _whitespace(scan, hunk)
            if file.path.endswith(".py"):
                yield from _debugging(scan, hunk)
        for change in file.of("+"):
            if found := _LOCAL.search(change.text):
                yield finding("local-path", scan.path, change.number, found[0], found.start() + 2)


def _conflict_markers(scan: Scan, file: File) -> Iterator[Finding]:
    added = file.of("+")
    around = [c for c in added if _OPENS.match(c.text) or _CLOSES.match(c.text)]
    # Seven equals signs alone underline a heading.
    for change in around + ([c for c in added if _BETWEEN.match(c.text)] if around else []):
        yield finding("conflict-marker", scan.path, change.number, f"{change.text[:20].strip()!r} is added")


def _indents(scan: Scan, file: File) -> Iterator[Finding]:
    """An added line that starts with a tab where the file around it has blanks alone, or the other way."""
    there = [change.text for change in file.of(" -")]
    tabs = any(text.startswith("\t") for text in there)
    blanks = any(text.startswith("  ") for text in there)
    for change in file.of("+"):
        indent = change.text[: len(change.text) - len(change.text.lstrip(" \t"))]
        if " \t" in indent:
            yield finding("indent-mixed", scan.path, change.number, "a blank before a tab", 2)
        elif "\t" in indent and blanks and not tabs:
            yield finding("indent-mixed", scan.path, change.number, "a tab, where the file has blanks", 2)
        elif indent.startswith("    ") and tabs and not blanks:
            yield finding("indent-mixed", scan.path, change.number, "blanks, where the file has tabs", 2)


def _line_ends(scan: Scan, file: File) -> Iterator[Finding]:
    def crlf(changes: Sequence[Change]) -> set[bool]:
        return {change.text.endswith("\r") for change in changes if change.ended}

    there = crlf(file.of(" -")) or {False}
    for change in file.of("+"):
        if change.ended and len(there) == 1 and change.text.endswith("\r") not in there:
            message = "CRLF, where the file has LF" if False in there else "LF, where the file has CRLF"
            yield finding("line-end-mixed", scan.path, change.number, message)
    bare = [change for change in file.of("+") if not change.ended]
    if bare and all(change.ended for change in file.of("-")):
        yield finding("newline-missing", scan.path, bare[0].number, f"{file.path} ends without a newline")


def _whitespace(scan: Scan, hunk: Hunk) -> Iterator[Finding]:
    removed = {change.text for change in hunk.of("-")}
    for change in hunk.of("+"):
        text = change.text.removesuffix("\r")
        if text != text.rstrip(" \t") and change.text not in removed:  # else upstream's own, moved
            column = len(text.rstrip(" \t")) + 2
            yield finding("trailing-whitespace", scan.path, change.number, "ends in whitespace", column)


def _debugging(scan: Scan, hunk: Hunk) -> Iterator[Finding]:
    printed = any(name == "print" for change in hunk.of("-") for name, _ in _used(change.text))
    for change in hunk.of("+"):
        for name, column in _used(change.text):
            if name != "print":
                yield finding("debugger-left", scan.path, change.number, f"{name} is used", column + 2)
            elif not printed:
                yield finding("print-added", scan.path, change.number, "print is called", column + 2)


def _used(text: str) -> Iterator[tuple[str, int]]:
    """Calls of print and of a debugger in a line of Python, with their columns; strings do not count."""
    tokens = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text.strip() + "\n").readline):
            tokens.append(token)
    except (tokenize.TokenError, SyntaxError):
        pass  # a line is no whole program; what was read of it will do
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
