"""Every name that the audit knows has a rule; tests/docs/test_site.py checks docs/reference."""

from npuport.audit.apis import _NAMES
from npuport.audit.packages import _REQUIREMENTS, MODULES
from npuport.audit.rules import RULES


def test_every_name_and_package_has_a_rule() -> None:
    assert {api.rule for api in _NAMES.values()} | set(MODULES.values()) | set(_REQUIREMENTS) <= set(RULES)
