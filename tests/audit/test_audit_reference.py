"""docs/audit.md says what the rules say; run as a program, this writes its table anew."""

import re

from npuport.audit.apis import _NAMES, _PACKAGES
from npuport.audit.reference import table
from npuport.audit.rules import RULES
from npuport.layout import HARNESS

DOCUMENT = HARNESS / "docs/audit.md"


def written(text: str) -> str:
    """The document with the table as it should be."""
    return re.sub(r"(?<=<!-- rules -->\n).*?(?=<!-- end of rules -->)", lambda _: table(), text, flags=re.S)


def test_the_document_has_the_rules() -> None:
    text = DOCUMENT.read_text()
    assert text.count("<!-- rules -->") == 1
    assert written(text) == text


def test_every_name_and_package_falls_under_a_rule() -> None:
    assert {api.rule for api in _NAMES.values()} | set(_PACKAGES.values()) <= set(RULES)


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text()))
