"""Strict files: what fits becomes a dataclass, what does not fit is refused with its line and key."""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from npuport.base.errors import PortError
from npuport.base.strict import read_toml, read_yaml


@dataclass(frozen=True)
class Item:
    name: str
    size: int = 1


@dataclass
class Section:
    word: str = "default"
    words: list[str] = field(default_factory=list)


@dataclass
class Root:
    format: int
    section: Section = field(default_factory=Section)
    items: list[Item] = field(default_factory=list)
    try_: Section = field(default_factory=Section)
    free: dict[str, Any] = field(default_factory=dict)


GOOD = """\
# a comment
format: 1
section:
  words: ["a", b]
items:
  - name: "one"
  - name: "two"
    size: 3
"""


def test_yaml_becomes_a_dataclass() -> None:
    root = read_yaml(GOOD, Root, "file", "hint").value

    assert root == Root(1, Section(words=["a", "b"]), [Item("one"), Item("two", 3)])


def test_toml_becomes_a_dataclass_and_a_keyword_may_be_a_key() -> None:
    text = 'format = 1\n[try]\nword = "x"\n[free]\ndeep = {list = [1, "a", 2.5]}\n'

    root = read_toml(text, Root, "file", "hint").value

    assert (root.try_.word, root.free) == ("x", {"deep": {"list": [1, "a", 2.5]}})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format: 1", "", "file: format is missing"),
        ("format: 1", "format: '1'", "file, line 2: format is not a whole number: '1'"),
        ("format: 1", "format: true", "file, line 2: format is not a whole number: 'True'"),
        ("format: 1", "format: 1\nformat: 1", "file, line 3: format is a duplicate key"),
        ("format: 1", "format: 1\n7: 8", "file, line 3: 7 is unknown"),
        ('  words: ["a", b]', "", "file, line 3: section is not a mapping"),
        ('["a", b]', "a", "file, line 4: section.words is not a list of text in quotes: 'a'"),
        ('["a", b]', "[[a]]", "file, line 4: section.words is not a list of text"),
        ('["a", b]', "{a: b}", "file, line 4: section.words is not a list of text"),
        ('["a", b]', "null", "file, line 4: section.words is not a list of text"),
        ('["a", b]', "['${oc.env:HOME}']", "file, line 4: section.words holds `${`"),
        ('["a", b]', "&a [*a]", "file, line 4: an alias has no meaning here"),
        ('["a", b]', "!!python/object/apply:os.getcwd []", "file, line 4: could not determine a constructor"),
        ('["a", b]', "2020-01-01", "file, line 4: section.words is not a list of text"),
        ('"one"', "1", "file, line 6: items[0].name is not text in quotes: '1'"),
        ('  - name: "two"\n    size', '  - naem: "two"\n    size', "file, line 7: items[1].naem is unknown"),
        ('  - name: "two"\n    size', "  - size", "file, line 7: items[1].name is missing"),
        ('  - name: "two"\n    size: 3', "  - two", "file, line 7: items[1] is not a mapping"),
        ("section:", "section: [", "file, line 5: "),
        (GOOD, "", "file: holds no keys"),
        (GOOD, "- a", "file: holds no keys"),
        (GOOD, "\x00", "file: not YAML: "),
    ],
)
def test_another_shape_is_refused_by_line_and_key(old: str, new: str, message: str) -> None:
    assert old in GOOD

    with pytest.raises(PortError, match=f"^{re.escape(message)}") as caught:
        read_yaml(GOOD.replace(old, new, 1), Root, "file", "a hint")

    assert "\n" not in caught.value.message
    assert caught.value.hint == "a hint"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("format = ", "file: Invalid value (at end of document)"),
        ("", "file: holds no keys"),
        ("format = 1\n[free]\na = 2020-01-01", "file: Value 'date' is not a supported primitive type"),
        ("format = 1\n[free]\na = '${x}'", "file: free holds `${`"),
        ("format = 1\n[tri]\n", "file: tri is unknown; the keys are format, section, items, try, free"),
    ],
)
def test_another_toml_is_refused_by_key(text: str, message: str) -> None:
    with pytest.raises(PortError, match=f"^{re.escape(message)}"):
        read_toml(text, Root, "file", "a hint")
