"""Text of upstream's in our output: made harmless for terminals and code hosts.

Upstream is not trusted: a commit's subject may hold Markdown, HTML, a terminal's escape sequences, marks that
change the direction of writing, `@user`, or `fixes #12`, which a code host acts upon. So it is put into code,
where hosts neither link nor notify, and a character that cannot be seen is written as an escape.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

#: Called with one line of text about long work.
Progress = Callable[[str], None]

#: Characters of a text; a longer one is cut.
LONGEST = 500
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
# Safe between backticks in a paragraph, in a list and in a table.
_PLAIN = re.compile(r"(?! )[^`|\\]+(?<! )")


def visible(text: str) -> str:
    """A text whose invisible characters are written as `\\x1b`, `\\u202e`; tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char == "\t" or unicodedata.category(char) not in _UNSEEN else _escaped(char) for char in text
    )


def visible_lines(text: str) -> str:
    """A text of several lines, each made `visible`."""
    return "\n".join(map(visible, text.split("\n")))


def code(text: str) -> str:
    """A text as code in Markdown, in a paragraph or in a table."""
    shown = visible(_cut(text)).replace("\t", " ")
    if _PLAIN.fullmatch(shown):
        return f"`{shown}`"
    # As HTML; a character written as a number has no meaning to Markdown.
    inner = "".join(f"&#{ord(c)};" if not c.isalnum() and c.isascii() and c != " " else c for c in shown)
    return f"<code>{inner}</code>"


def block(lines: Iterable[str], language: str = "") -> str:
    """Lines as a fenced block of Markdown."""
    shown = [visible(_cut(line)) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *shown, fence])


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _escaped(char: str) -> str:
    number = ord(char)
    if char in "\n\r":
        return {"\n": "\\n", "\r": "\\r"}[char]
    return (
        f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}" if number < 65536 else f"\\U{number:08x}"
    )


def shown(path: Path) -> str:
    """A path, relative to the current directory where it is below it."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def silent(_: str) -> None:
    """Ignore a line of progress."""
