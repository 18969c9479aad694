"""The Markdown pages for users, and the commands in them.

A page is a script: its blocks run in their order, in one shell. The first line of a fenced block is its kind:

    ```sh                            commands, each of which must succeed
    ```console                       commands after `$ `, each followed by what it prints
    ```python title="adapter.py"     a file that the reader writes, in any language
    <!-- not run: REASON -->         right above a block of commands: the reason why no test can run it
    <!-- not run (COMMAND): REASON -->    the same of one command in it
    <!-- before: COMMAND -->         right above a block: run before it, in place of what CI runs itself
    <!-- needs upstream -->          anywhere: the page runs where the real upstream can be reached

A command may fail when the next one is `echo $?`. `...` in an output stands for anything, as in doctest.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

#: Languages of blocks that are shown and never run.
SHOWN = {
    *("python", "cpp", "yaml", "toml", "json", "text", "diff", "markdown", "dockerfile", "ini", "makefile"),
}

_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>```+)(?P<info>.*)$")
_TITLE = re.compile(r'title="([^"]+)"')
_MARK = re.compile(r"<!-- not run(?: \((?P<command>.+?)\))?: (?P<reason>.+?) -->")
_BEFORE = re.compile(r"<!-- before: (.+?) -->")
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")


@dataclass(frozen=True)
class Command:
    """One command of a block.

    Args:
        line: its line in the page, from 1.
        text: the input of the shell; may have several lines.
        output: its output in the page; None in a block without output.
        reason: why it cannot run in a test; empty when it can.
    """

    line: int
    text: str
    output: str | None = None
    reason: str = ""

    @property
    def bare(self) -> str:
        """The command without its comment."""
        return re.sub(r"(^|\s+)#.*$", "", self.text).strip() if "\n" not in self.text else self.text


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, title and text, the marks above it, the commands to run before it."""

    line: int
    indent: int
    language: str
    title: str
    text: str
    marks: tuple[tuple[str, str], ...] = ()
    before: tuple[str, ...] = ()

    @cached_property
    def commands(self) -> tuple[Command, ...]:
        """The commands of a `sh` or `console` block."""
        if self.language == "sh":
            return tuple(self._marked(command) for command in _shell(self.text, self.line + 1))
        if self.language == "console":
            return tuple(self._marked(command) for command in _console(self.text, self.line + 1))
        return ()

    @property
    def is_file(self) -> bool:
        """Whether it is the content of a file that the reader writes."""
        return bool(self.title) and self.language not in ("sh", "console")

    def _marked(self, command: Command) -> Command:
        for named, reason in self.marks:
            if not named or command.bare == named:
                return Command(command.line, command.text, command.output, reason)
        return command


def blocks(text: str) -> tuple[Block, ...]:
    """The fenced blocks of a page, in order."""
    return tuple(_blocks(text.split("\n")))


def _blocks(lines: list[str]) -> Iterator[Block]:
    at = 0
    marks: list[tuple[str, str]] = []
    before: list[str] = []
    while at < len(lines):
        opened = _FENCE.match(lines[at])
        if not opened:
            if match := _MARK.search(lines[at]):
                marks.append((match["command"] or "", match["reason"]))
            elif match := _BEFORE.search(lines[at]):
                before.append(match[1])
            elif lines[at].strip():
                marks, before = [], []
            at += 1
            continue
        indent, fence, info = len(opened["indent"]), opened["fence"], opened["info"].strip()
        closing = re.compile(rf"^ *{fence}\s*$")
        end = next((n for n in range(at + 1, len(lines)) if closing.match(lines[n])), len(lines))
        text = "".join(line[indent:] + "\n" for line in lines[at + 1 : end])
        title = _TITLE.search(info)
        language = info.split()[0] if info else ""
        named = title[1] if title else ""
        yield Block(at + 1, indent, language, named, text, tuple(marks), tuple(before))
        marks, before = [], []
        at = end + 1


def _shell(text: str, start: int) -> Iterator[Command]:
    """The commands of a script, each with its continuation lines."""
    lines = text.rstrip("\n").split("\n")
    at = 0
    while at < len(lines):
        first, whole = at, lines[at]
        heredoc = _HEREDOC.search(whole)
        while whole.endswith("\\") and at + 1 < len(lines):
            at += 1
            whole += "\n" + lines[at]
        while heredoc and at + 1 < len(lines):
            at += 1
            whole += "\n" + lines[at]
            if lines[at].strip() == heredoc[2]:
                break
        at += 1
        if whole.strip() and not whole.lstrip().startswith("#"):
            yield Command(start + first, whole)


def _console(text: str, start: int) -> Iterator[Command]:
    """The commands after `$ `, continued after `> `, each with the output below it."""
    line, command, output = 0, "", ""
    for number, text_line in enumerate(text.split("\n")[:-1], start):
        if text_line.startswith("$ "):
            if command:
                yield Command(line, command, output)
            line, command, output = number, text_line[2:], ""
        elif text_line.startswith("> ") and not output and command:
            command += "\n" + text_line[2:]
        else:
            output += text_line + "\n"
    if command or output:
        yield Command(line or start, command, output)


@dataclass(frozen=True)
class Page:
    """A page of the documentation, by its name in the repository."""

    root: Path
    name: str

    @cached_property
    def text(self) -> str:
        return (self.root / self.name).read_text(encoding="utf-8")

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        return blocks(self.text)

    @property
    def commands(self) -> tuple[Command, ...]:
        return tuple(command for block in self.blocks for command in block.commands)

    @property
    def needs_upstream(self) -> bool:
        """Whether its commands need the real upstream."""
        return "<!-- needs upstream -->" in self.text

    @property
    def slow(self) -> bool:
        """Whether a command takes more than a few seconds: it runs a model, rebases or clones."""
        words = re.compile(r"\b(parity|bench|try|release|sim|doctor|make|rebase|clone)\b")
        return any(words.search(command.bare) for command in self.commands if not command.reason)

    @property
    def original(self) -> str:
        """The page that this one translates; empty when it is no translation."""
        if self.name == "README.zh-CN.md":
            return "README.md"
        return self.name.removesuffix(".zh.md") + ".md" if self.name.endswith(".zh.md") else ""


def pages(root: Path) -> tuple[Page, ...]:
    """Every page with commands for users, by name."""
    paths = [root / name for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md")]
    paths += root.glob("examples/*/README.md")
    paths += root.glob("docs/**/*.md")
    return tuple(Page(root, path.relative_to(root).as_posix()) for path in sorted(paths))


def strays(page: Page) -> list[str]:
    """The faults of blocks that no test would run: no language, or commands where none belong."""
    strays = []
    for block in page.blocks:
        named = {name for name, _ in block.marks if name}
        faults = {
            f"what language is {block.language!r}?": block.language not in SHOWN | {"sh", "console"},
            "no command in it": block.language in ("sh", "console") and not block.commands,
            "output before any command": any(not command.text for command in block.commands),
            "commands belong into a console block": block.language == "text"
            and re.search(r"^\$ ", block.text, re.M),
            "a mark for no command": not named <= {command.bare for command in block.commands},
        }
        strays += [f"{page.name}:{block.line}: {what}" for what, holds in faults.items() if holds]
    return strays
