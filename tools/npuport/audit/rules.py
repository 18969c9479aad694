"""The rules of the audit, one for each kind of CUDA assumption; rules.toml holds their texts."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from npuport.audit.finding import Finding, Level, Shim


@dataclass(frozen=True)
class Rule:
    """A kind of assumption: its id in reports, and the keys that rules.toml explains."""

    id: str
    level: Level
    what: str
    why: str
    neutral: str
    shim: Shim
    shim_why: str
    fix: str = ""

    def finding(self, path: str, line: int, column: int, code: str, what: str) -> Finding:
        """A finding of this rule, with the rule's level, neutral form and shim."""
        return Finding(path, line, column, self.id, self.level, code, what, self.neutral, self.shim)


#: Every rule by its id, in the order of the documentation.
RULES = {
    name: Rule(name, **texts)
    for name, texts in tomllib.loads(Path(__file__).with_name("rules.toml").read_text("utf-8")).items()
}
