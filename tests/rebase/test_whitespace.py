"""After a merge that ignores white space at line ends, upstream's stays and the patch's lines are in."""

import pytest

from npuport.rebase.whitespace import with_line_ends_of


def lines(text: str) -> list[bytes]:
    return text.encode().splitlines(keepends=True)


@pytest.mark.parametrize(
    ("upstream", "merged", "wanted"),
    [
        pytest.param("a\r\nb\r\n", "a\nx\nb\n", "a\r\nx\r\nb\r\n", id="converted to CRLF"),
        pytest.param("a\nb\n", "a\r\nx\r\nb\r\n", "a\nx\nb\n", id="converted to LF"),
        pytest.param("a\nb\n", "a  \nx  \nb\t\n", "a\nx  \nb\n", id="trailing blanks gone"),
        pytest.param("a\r\nb\n", "a\nx\r\nb\n", "a\r\nx\r\nb\n", id="mixed stays mixed"),
        pytest.param("a\r\nb", "a\nb\nc", "a\r\nb\r\nc", id="no newline at the end"),
        pytest.param("", "x\n", "x\n", id="empty"),
    ],
)
def test_line_ends(upstream: str, merged: str, wanted: str) -> None:
    assert b"".join(with_line_ends_of(lines(upstream), lines(merged))) == wanted.encode()
