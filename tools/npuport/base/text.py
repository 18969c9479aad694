"""Other people's words in our output: shown as they are, and nothing but shown.

Upstream is not trusted: a commit's subject may hold Markdown, HTML, a terminal's escape sequences, marks
that turn the direction of writing, `@somebody`, or `fixes #12`, which a code host would act upon. Every
such text therefore stands in code, where hosts neither link nor notify; what cannot be seen is spelled out.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

#: Called with one line of text about work that takes its time.
Progress = Callable[[str], None]

#: The longest text that is shown whole.
LONGEST = 500
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
# Safe between backticks wherever that is: in a paragraph, in a list, in a table.
_PLAIN = re.compile(r"(?! )[^`|\\]+(?<! )")


def visible(text: str) -> str:
    """A text in which every character can be seen: the others as `\\x1b`, `\\u202e`. Tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char == "\t" or unicodedata.category(char) not in _UNSEEN else _spelled(char) for char in text
    )


def visible_lines(text: str) -> str:
    """A text of several lines, each made `visible`."""
    return "\n".join(map(visible, text.split("\n")))


def code(text: str) -> str:
    """A text as code in a line of Markdown, also in a table's cell."""
    shown = visible(_cut(text)).replace("\t", " ")
    if _PLAIN.fullmatch(shown):
        return f"`{shown}`"
    # As HTML; a character written as a number has no meaning to Markdown.
    inner = "".join(f"&#{ord(c)};" if not c.isalnum() and c.isascii() and c != " " else c for c in shown)
    return f"<code>{inner}</code>"


def block(lines: Iterable[str], language: str = "") -> str:
    """Lines as a fenced block of Markdown, at the start of a line."""
    shown = [visible(_cut(line)) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *shown, fence])


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _spelled(char: str) -> str:
    number = ord(char)
    if char in "\n\r":
        return {"\n": "\\n", "\r": "\\r"}[char]
    return (
        f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}" if number < 65536 else f"\\U{number:08x}"
    )


def shown(path: Path) -> str:
    """A path as a person at the current directory would write it."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def silent(_: str) -> None:
    """Ignore a line of progress."""
