"""Move the pin to a newer upstream commit and carry the series along.

    target -> carry (place, else merge: conflict, culprit, whitespace) -> verdict
           -> job: a session, where a person is needed | the port, published with its lock and changelog
           -> proof (of a candidate port, before it is published) -> summary -> text, report

`advance` starts a rebase and goes on with one; `revise` edits or drops a patch, which is a rebase onto the
pin that is there already; `bisect` searches upstream's history with `carry`.

Nothing of upstream's runs here; the proof, where it is asked for, is parity in a process of its own.
"""
