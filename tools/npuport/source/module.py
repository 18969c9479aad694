"""One Python file's syntax."""

import ast
import gc
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


class Unparsed(Exception):
    """A file that Python 3 cannot parse: the line, counted from 1, and the reason."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = max(line, 1)
        self.reason = reason


def parse(data: bytes) -> ast.Module:
    """The syntax tree of a file, in its declared encoding, else UTF-8, else latin-1.

    Raises:
        Unparsed: it is Python 2, a template or another language, or nested too deeply.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as invalid escapes in the file
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
    """Pause garbage collection while syntax trees are made: it would visit every node, and frees none."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def source_lines(data: bytes) -> list[bytes]:
    """The lines as Python's parser counts them, without their ends."""
    return re.split(rb"\r\n|\r|\n", data)


def decoded(data: bytes) -> str:
    """A file's text, as UTF-8, else as latin-1, which can decode every byte."""
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
