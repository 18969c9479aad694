"""The reader of patches: every line with its number, whatever the file holds, and no byte lost."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npuport.base.errors import PortError
from npuport.base.places import HARNESS
from npuport.patch.mail import form_faults, parse_patch
from npuport.patch.parts import Patch
from npuport.patch.reader import read_patch
from worlds.lint import BROKEN, SOUND

OURS = [path.read_bytes() for path in sorted(HARNESS.glob("**/patches/*.patch")) if "out" not in path.parts]
CASES = [text.encode() for text in SOUND.values()] + [
    data.encode() if isinstance(data, str) else data for data, _ in BROKEN.values()
]


def check_lines(patch: Patch) -> None:
    """Whatever the reader names by a number is the very text of that line."""
    lines = patch.data.decode(errors="surrogateescape").split("\n")
    for line in (*patch.message, *patch.prose, *(filter(None, [patch.signature]))):
        assert line.text == lines[line.number - 1]
    for line in patch.odd:  # an empty one stands for the line that is missing between header and diff
        assert line.text in ("", lines[line.number - 1])
    for field in (*patch.header, *patch.body):
        assert lines[field.number - 1].lower().startswith(f"{field.name}:")
    for change in patch.changes:
        for line in (change.header, *change.info, *change.stray, *(hunk.header for hunk in change.hunks)):
            assert lines[line.number - 1] == line.text
        for edit in change.of(" -+"):
            assert lines[edit.number - 1] in (edit.kind + edit.text, edit.text)


@pytest.mark.parametrize("data", [*OURS, *CASES])
def test_numbers_lead_to_the_lines(data: bytes) -> None:
    check_lines(read_patch("0001-x.patch", data))


@pytest.mark.parametrize("data", OURS)
def test_no_line_is_left_out(data: bytes) -> None:
    patch = parse_patch("0001-x.patch", data)
    numbers = [line.number for line in (*patch.odd, *patch.message, *(filter(None, [patch.signature])))]
    for change in patch.changes:
        numbers += [line.number for line in (change.header, *change.info, *change.stray)]
        for hunk in change.hunks:
            numbers += [hunk.header.number, *(line.number for line in hunk.lines)]
    end_of_header = data[: data.index(b"\n\n")].count(b"\n") + 2
    rest = set(range(end_of_header + 1, data.count(b"\n") + 1)) - set(numbers)
    assert len(numbers) == len(set(numbers))
    assert {data.split(b"\n")[number - 1][:2] for number in rest} <= {b"\\ "}


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_reads_anything_and_names_a_line_that_exists(seed: int) -> None:
    draw = random.Random(seed)
    lines = draw.choice(OURS + CASES).split(b"\n")
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(lines))
        other = draw.choice(
            [draw.choice(lines), b"", b" ", b"\\ x", b"-- ", b"@@ -1 +1 @@", b"\xff", b"--- a/x"]
        )
        lines[at : at + draw.randint(0, 2)] = [other][: draw.randint(0, 1)]
    data = b"\n".join(lines)
    patch = read_patch("0001-x.patch", data)
    check_lines(patch)
    faults = list(form_faults(patch))
    assert all(0 <= fault.line <= data.count(b"\n") + 1 for fault in faults)
    if faults:
        with pytest.raises(PortError):
            parse_patch("0001-x.patch", data)


def test_lines_keep_their_bytes() -> None:
    hunk = b"@@ -1,2 +1,2 @@\n \xff\x0c\r\n-a\n\\ No newline at end of file\n+b\n"
    (change,) = read_patch("0001-x.patch", b"diff --git a/x b/x\n--- a/x\n+++ b/x\n" + hunk).changes
    assert change.hunks[0].old == (b"\xff\x0c\r\n", b"a")
    assert change.hunks[0].new == (b"\xff\x0c\r\n", b"b\n")
    assert (change.hunks[0].shape, change.hunks[0].leading, change.hunks[0].trailing) == (" -+", 1, 0)
