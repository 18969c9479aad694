"""The commands of a shell script: their words, with positions. Comments and here-documents are skipped.

Offsets are in bytes: a script is read as latin-1, in which every byte is a character.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_RESERVED = {
    *("if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "time", "esac")
}
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\+?=(.*)", re.S)
_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)")
_PARAMETER = re.compile(r"\$\{[!#]?([A-Za-z_]\w*)")
_DEEPEST = 50


@dataclass(frozen=True)
class Word:
    """A word of a command.

    Args:
        text: without its quotes; expansions stay as they are, command substitutions become `$()`.
        start: its first byte.
        end: the byte after it.
        expands: the names of the variables that it expands.
    """

    text: str
    start: int
    end: int
    expands: tuple[str, ...] = ()

    @property
    def assignment(self) -> tuple[str, str] | None:
        """Name and value of `NAME=value`."""
        match = _ASSIGNMENT.fullmatch(self.text)
        return (match[1], match[2]) if match else None


@dataclass(frozen=True)
class Command:
    """A simple command: its words, without redirections."""

    words: tuple[Word, ...]

    @property
    def assignments(self) -> tuple[Word, ...]:
        """The assignments before it, or those of `export` and similar commands."""
        words = list(self.words)
        if words and words[0].text in ("export", "declare", "local", "readonly", "typeset", "env"):
            return tuple(word for word in words[1:] if word.assignment)
        count = next((n for n, word in enumerate(words) if not word.assignment), len(words))
        return tuple(words[:count])

    @property
    def name(self) -> str:
        """The program, without its directory; empty if the command only sets variables."""
        rest = self.words[len(self.assignments) :] if self.words and self.words[0].assignment else self.words
        return rest[0].text.rpartition("/")[2] if rest else ""


def commands(data: bytes) -> list[Command]:
    """The simple commands of a script, also those in substitutions, in the order of their ends."""
    lexer = _Lexer(data.decode("latin-1"))
    lexer.script("")
    return lexer.commands


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.commands: list[Command] = []
        self.documents: list[tuple[str, bool]] = []
        self.expanded: list[str] = []
        self.depth = 0

    def script(self, closing: str) -> None:
        """Commands up to the closing character, or to the end."""
        self.depth += 1
        words: list[Word] = []
        while self.at < len(self.text):
            character = self.text[self.at]
            if closing and character == closing:
                self.at += 1
                break
            if character == "\n":
                self.at += 1
                words = self._end(words)
                self._skip_documents()
            elif character in ";&|()":
                self.at += 1
                words = self._end(words)
            elif character in " \t\r" or self.text.startswith("\\\n", self.at):
                self.at += 1 + (character == "\\")
            elif character == "#":
                end = self.text.find("\n", self.at)
                self.at = end if end >= 0 else len(self.text)
            elif redirection := re.compile(r"\d*(?:&>>?|<<<|<<-?|<>|>>|>&|>\||[<>])&?").match(
                self.text, self.at
            ):
                self._redirect(redirection[0].lstrip("0123456789"), redirection.end())
            else:
                word = self._word(closing)
                if words or word.text not in _RESERVED:
                    words.append(word)
        self._end(words)
        self.depth -= 1

    def _end(self, words: list[Word]) -> list[Word]:
        if words:
            self.commands.append(Command(tuple(words)))
        return []

    def _redirect(self, operator: str, end: int) -> None:
        self.at = end
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1
        if self.at < len(self.text) and self.text[self.at] not in "\n;|()&":
            word = self._word("")
            if operator in ("<<", "<<-"):
                self.documents.append((word.text, operator == "<<-"))

    def _skip_documents(self) -> None:
        for delimiter, indented in self.documents:
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                line = self.text[self.at : end].removesuffix("\r")
                self.at = min(end + 1, len(self.text))
                if (line.lstrip("\t") if indented else line) == delimiter:
                    break
        self.documents = []

    def _word(self, closing: str) -> Word:
        start = self.at
        parts: list[str] = []
        outer, self.expanded = self.expanded, []
        while self.at < len(self.text):
            character = self.text[self.at]
            if character in " \t\r\n;&|()<>" or (closing and character == closing):
                break
            if character == "'":
                end = self.text.find("'", self.at + 1)
                end = len(self.text) if end < 0 else end
                parts.append(self.text[self.at + 1 : end])
                self.at = end + 1
            elif character == '"':
                self.at += 1
                parts += self._quoted()
            elif character == "\\":
                parts.append(self.text[self.at + 1 : self.at + 2].replace("\n", ""))
                self.at += 2
            else:
                parts += self._expansion(character)
        if self.at == start:  # a closing bracket that nothing opened
            self.at += 1
        word = Word("".join(parts), start, min(self.at, len(self.text)), tuple(self.expanded))
        self.expanded = outer
        return word

    def _quoted(self) -> Iterator[str]:
        while self.at < len(self.text) and self.text[self.at] != '"':
            if self.text[self.at] == "\\":
                yield self.text[self.at + 1 : self.at + 2]
                self.at += 2
            else:
                yield from self._expansion(self.text[self.at])
        self.at += 1

    def _expansion(self, character: str) -> Iterator[str]:
        """One character, or a substitution with the commands in it."""
        if self.text.startswith("$((", self.at):
            self.at += 3
            yield "$(("
        elif self.text.startswith("$(", self.at) and self.depth < _DEEPEST:
            self.at += 2
            self.script(")")
            yield "$()"
        elif character == "`" and self.depth < _DEEPEST:
            self.at += 1
            self.script("`")
            yield "$()"
        elif self.text.startswith("${", self.at) and self.depth < _DEEPEST:
            yield from self._parameter()
        else:
            if name := _VARIABLE.match(self.text, self.at):
                self.expanded.append(name[1])
            self.at += 1
            yield character

    def _parameter(self) -> Iterator[str]:
        """`${NAME:-word}`; the word may contain substitutions."""
        self.depth += 1
        if name := _PARAMETER.match(self.text, self.at):
            self.expanded.append(name[1])
        self.at += 2
        yield "${"
        while self.at < len(self.text) and self.text[self.at] not in "}\n":
            yield from self._expansion(self.text[self.at])
        if self.text[self.at : self.at + 1] == "}":
            self.at += 1
            yield "}"
        self.depth -= 1
