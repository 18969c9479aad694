"""The figures of the explanations, as SVG: reference.py draws each from a table of the same page."""

import math
import re

_ROW = re.compile(r"^\| (?P<name>[^|]+?) \|(?P<cells>.+)\|$", re.M)


def _rows(text: str, head: str) -> list[tuple[str, list[str]]]:
    """The rows of the table that begins with `head`: the first cell without asterisks, the other cells."""
    table = text[text.index(head) :].split("\n\n")[0]
    rows = [(row["name"], [cell.strip() for cell in row["cells"].split("|")]) for row in _ROW.finditer(table)]
    return [(name.strip("*"), cells) for name, cells in rows[1:] if not set(name) <= {"-", " "}]


def _svg(width: int, height: int, label: str, parts: list[str]) -> str:
    body = "".join(parts)
    return (
        f'\n<figure><svg class="figure" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">'
        f"{body}</svg></figure>\n\n"
    )


def _text(x: float, y: float, words: str, anchor: str = "start", kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:g}" y="{y:g}" text-anchor="{anchor}">{words}</text>'


def criteria(text: str) -> str:
    """A bar chart of the criteria: false alarms (of 8) to the left, faults caught (of 12) to the right."""
    rows = _rows(text, "| Criterion |")
    parts = [
        _text(398, 14, "false alarms, of 8", "end", "small"),
        _text(414, 14, "faults caught, of 12", "start", "small"),
    ]
    for at, (name, cells) in enumerate(rows):
        alarms, caught = cells[-1].split("/")
        false, faults = int(alarms), sum(int(number) for number in caught.split(","))
        y = 24 + 26 * at
        words = name.replace("(the published ports)", "(published ports)")
        parts.append(_text(0, y + 13, words.replace("Logits differ by less than", "Differ by less than")))
        parts.append(
            f'<rect class="bad" x="{400 - 14 * false}" y="{y}" width="{14 * false}" height="17" rx="2"/>'
        )
        parts.append(f'<rect class="good" x="412" y="{y}" width="{18 * faults}" height="17" rx="2"/>')
        parts.append(_text(394 - 14 * false, y + 13, str(false), "end", "small"))
        parts.append(_text(418 + 18 * faults, y + 13, str(faults), "start", "small"))
    height = 30 + 26 * len(rows)
    parts.append(f'<line class="axis" x1="406" y1="20" x2="406" y2="{height - 4}"/>')
    return _svg(
        660,
        height,
        "False alarms and faults caught, by criterion; the figures stand in the table below",
        parts,
    )


def gates(text: str) -> str:
    """The ratios of valid variants and of faults on a logarithmic axis, with a line for each gate."""
    rows = _rows(text, "| Mode, weights excited |")

    def x(value: float) -> float:
        return 150 + 80 * math.log10(value)

    height = 52 + 30 * len(rows)
    parts = []
    for power in range(7):
        parts.append(
            f'<line class="axis" x1="{x(10**power):g}" y1="24" x2="{x(10**power):g}" y2="{height - 24}"/>'
        )
        parts.append(_text(x(10**power), height - 8, f"{10**power:,}", "middle", "small"))
    for bound, word, anchor in ((3, "pass ≤ 3", "end"), (8, "fail > 8", "start")):
        parts.append(f'<line class="limit" x1="{x(bound):g}" y1="20" x2="{x(bound):g}" y2="{height - 24}"/>')
        parts.append(_text(x(bound) + (2 if anchor == "end" else -2), 14, word, anchor, "small"))
    for left, kind, word in ((440, "good", "valid runs"), (540, "bad", "faults")):
        parts.append(f'<rect class="{kind}" x="{left}" y="5" width="10" height="10" rx="5"/>')
        parts.append(_text(left + 16, 14, word, "start", "small"))
    for at, (name, cells) in enumerate(rows):
        y = 40 + 30 * at
        parts.append(_text(0, y + 4, name))
        for column, cell in enumerate(cells):
            low, _, high = cell.partition("-")
            start, end = x(max(float(low), 1)), x(max(float(high or low), 1))
            kind = "bad" if column else "good"
            parts.append(
                f'<rect class="{kind}" x="{start - 4:g}" y="{y - 5}" '
                f'width="{end - start + 8:g}" height="10" rx="5"/>'
            )
    return _svg(
        660, height, "Ratios of valid variants and of faults; the figures stand in the table below", parts
    )
