"""Undo changes of white space at line ends that a merge took over because it ignored them."""

from collections.abc import Sequence
from difflib import SequenceMatcher


def as_there(there: Sequence[bytes], merged: Sequence[bytes]) -> list[bytes]:
    """The merged lines; those that differ from upstream's in white space at their end alone are upstream's.

    git, told to ignore such changes, takes whole lines of either side. New lines get upstream's line end,
    where all lines of the file have the same.

    Args:
        there: the file as upstream has it.
        merged: the file as git has merged it.
    """
    crlf = sum(line.endswith(b"\r\n") for line in there)
    ended = sum(line.endswith(b"\n") for line in there)
    plain, wanted = ([(line.rstrip(), line.endswith(b"\n")) for line in lines] for lines in (there, merged))
    result: list[bytes] = []
    for what, i1, i2, j1, j2 in SequenceMatcher(None, plain, wanted, autojunk=False).get_opcodes():
        if what == "equal":
            result += there[i1:i2]
            continue
        for line in merged[j1:j2]:
            if crlf == ended > 0 and line.endswith(b"\n"):
                line = line.removesuffix(b"\n").removesuffix(b"\r") + b"\r\n"
            elif not crlf:
                line = line.replace(b"\r\n", b"\n")
            result.append(line)
    return result
