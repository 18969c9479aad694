"""The CPU time that other processes used while we measured."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ticks:
    """The machine's CPU time so far, in clock ticks; zeros where the system does not give it.

    Args:
        busy: used by any process.
        everything: used or idle.
        ours: used by children of this process that have ended.
    """

    busy: float = 0.0
    everything: float = 0.0
    ours: float = 0.0

    @classmethod
    def now(cls) -> "Ticks":
        """The counts in Linux's /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal."""
        try:
            words = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
        except OSError:
            return cls()
        ticks = [int(word) for word in words]
        used = os.times()
        ours = (used.children_user + used.children_system) * os.sysconf("SC_CLK_TCK")
        return cls(sum(ticks) - ticks[3] - ticks[4], sum(ticks), ours)

    def others(self, before: "Ticks") -> float | None:
        """The share of CPU time since `before` used by other processes; None where it is unknown."""
        passed = self.everything - before.everything
        if passed <= 0:
            return None
        used = (self.busy - before.busy) - (self.ours - before.ours)
        return round(min(1.0, max(0.0, used / passed)), 3)
