"""The commands that CI runs itself, so that no page needs to: the lines of `.ci/run`."""

from npuport.base.places import HARNESS

PROVED = frozenset(line.strip() for line in (HARNESS / ".ci" / "run").read_text().split("\n"))
