"""Move the pin to a newer upstream commit and carry the series along.

    port.pin -> merge (place, else a three-way merge: conflict, culprit, whitespace) -> carry -> verdict
             -> job: a session, where something has to be decided | the new port, published
             -> proof (of a candidate port, before it is published) -> summary -> text, report

`advance` starts a rebase and goes on with one; `bisect` and `watch` try what a rebase would do. The room
`edit` uses `carry` to refresh, and `job` to edit or drop a patch: a rebase onto the pin that the port has.

No code of upstream runs here; the proof, if the user asks for it, is parity in a process of its own.
"""
