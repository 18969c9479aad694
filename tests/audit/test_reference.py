"""Every name that the audit knows falls under a rule; tests/docs/test_site.py checks docs/reference."""

from npuport.audit.apis import _NAMES, _PACKAGES
from npuport.audit.rules import RULES


def test_every_name_and_package_falls_under_a_rule() -> None:
    assert {api.rule for api in _NAMES.values()} | set(_PACKAGES.values()) <= set(RULES)
