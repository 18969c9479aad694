"""Commands that CI runs itself, so that no page need run them: the lines of `.ci/run`."""

from npuport.base.places import HARNESS

#: Every line of `.ci/run`, as it stands there.
PROVED = frozenset(line.strip() for line in (HARNESS / ".ci" / "run").read_text().split("\n"))
