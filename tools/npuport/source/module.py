"""One Python file's syntax."""

import ast
import gc
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


class Unparsed(Exception):
    """A file that Python 3 does not read: the line, counted from 1, and why."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = max(line, 1)
        self.reason = reason


def parse(data: bytes) -> ast.Module:
    """The syntax tree of a file, in the encoding that it declares, or else in latin-1 where it is not UTF-8.

    Raises:
        Unparsed: another language, Python 2, a template, nested too deeply.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a file's own invalid escapes are no business of ours
            try:
                return ast.parse(data)
            except (SyntaxError, UnicodeDecodeError):
                if not _undeclared_latin(data):
                    raise
                return ast.parse(data.decode("latin-1"))
    except SyntaxError as error:
        raise Unparsed(error.lineno or 1, error.msg) from None
    except (RecursionError, MemoryError):
        raise Unparsed(1, "nested too deeply") from None
    except ValueError as error:  # a NUL byte, a surrogate, a number of too many digits
        raise Unparsed(1, str(error)) from None


@contextmanager
def gc_paused() -> Iterator[None]:
    """No search for cycles while many syntax trees are made: they have none, and it reads them all."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def source_lines(data: bytes) -> list[bytes]:
    """The lines as Python's own reader counts them, without their ends."""
    return re.split(rb"\r\n|\r|\n", data)


def decoded(data: bytes) -> str:
    """A file's text, whatever its encoding: UTF-8, else latin-1, which knows every byte."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _undeclared_latin(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        head = data.split(b"\n", 2)[:2]
        return not any(re.match(rb"[ \t\f]*#.*?coding[:=]", line) for line in head)
    return False
