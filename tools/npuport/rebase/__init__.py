"""Move the pin to a newer upstream commit and carry the series along.

    target -> carry (place, else merge) -> verdicts -> session (a conflict) | candidate port -> proof
           -> publication -> report

Nothing of upstream's runs here; the proof, where it is asked for, is parity in a process of its own.
"""
