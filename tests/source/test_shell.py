"""The commands and words of a shell script."""

import pytest

from npuport.source.shell import commands


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a b c", [["a", "b", "c"]]),
        ("a; b && c | d &", [["a"], ["b"], ["c"], ["d"]]),
        ("a 'b c' \"d $e\" f\\ g", [["a", "b c", "d $e", "f g"]]),
        ("a $(b c) `d`", [["b", "c"], ["d"], ["a", "$()", "$()"]]),
        ('a "$(b | c)"', [["b"], ["c"], ["a", "$()"]]),
        ("a=${b:-$(c)}", [["c"], ["a=${b:-$()}"]]),
        ("if a; then b; else c; fi", [["a"], ["b"], ["c"]]),
        ("a > b 2>&1 < c d", [["a", "d"]]),
        ("a # b\nc#d", [["a"], ["c#d"]]),
        ("cat <<EOF\na $(b)\nEOF\nc", [["cat"], ["c"]]),
        ("cat <<-'E' | d\n\ta\n\tE\nc", [["cat"], ["d"], ["c"]]),
        ("a \\\n  b", [["a", "b"]]),
        ("f() { a; }", [["f"], ["a"]]),
        ("a <<< b c", [["a", "c"]]),
    ],
)
def test_shell_words(script: str, expected: list[list[str]]) -> None:
    assert [[word.text for word in command.words] for command in commands(script.encode())] == expected


def test_expansions_and_assignments() -> None:
    (command,) = commands(b"A=1 B=\"$C\" run '$D' ${E} \\$F")
    assert command.name == "run"
    assert [word.assignment for word in command.assignments] == [("A", "1"), ("B", "$C")]
    assert [name for word in command.words for name in word.expands] == ["C", "E"]
