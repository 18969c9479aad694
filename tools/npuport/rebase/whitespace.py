"""Undo the changes of white space at line ends that a merge which ignores them has brought along."""

from collections.abc import Sequence
from difflib import SequenceMatcher


def with_line_ends_of(upstream: Sequence[bytes], merged: Sequence[bytes]) -> list[bytes]:
    """The merged lines; one that differs from upstream's only in white space at its end becomes upstream's.

    git takes whole lines of either side when it ignores such changes. New lines get upstream's line end,
    where all lines of the file have the same.

    Args:
        upstream: the file as upstream has it.
        merged: the file as git has merged it.
    """
    crlf = sum(line.endswith(b"\r\n") for line in upstream)
    ended = sum(line.endswith(b"\n") for line in upstream)
    old, new = ([(line.rstrip(), line.endswith(b"\n")) for line in lines] for lines in (upstream, merged))
    result: list[bytes] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            result += upstream[i1:i2]
            continue
        for line in merged[j1:j2]:
            if crlf == ended > 0 and line.endswith(b"\n"):
                line = line.removesuffix(b"\n").removesuffix(b"\r") + b"\r\n"
            elif not crlf:
                line = line.replace(b"\r\n", b"\n")
            result.append(line)
    return result
