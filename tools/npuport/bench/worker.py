"""One round: a fresh process that builds the model and visits every run. `rounds` starts it.

It answers with `ready` and the facts of model and device, then with `begin` and `end` for each run, then
with `done`.
"""

import sys
import time
from collections.abc import Callable

from npuport.base.child import Message, answering
from npuport.bench.plan import RunKey


def visit_runs(request: Message, answer: Callable[[Message], None]) -> None:
    """Build the model, answer with the facts, visit the runs."""
    if request["device"] != "npu":
        sys.modules["torch_npu"] = None  # type: ignore[assignment]  # transformers imports what it finds
    sys.dont_write_bytecode = True  # the tree must stay as the port made it
    sys.path.insert(0, request["tree"])
    from npuport.bench.workload import Workload  # imports torch, whose devices are chosen above

    started = time.monotonic()
    workload = Workload(request)
    runs = [RunKey(*words) for words in request["runs"] or workload.runs()]
    facts = workload.facts()
    answer({"event": "ready", "facts": facts, "runs": runs, "seconds": time.monotonic() - started})
    for run in runs:
        answer({"event": "begin", "run": run})
        answer({"event": "end", "run": run, "visit": workload.visit(run)})
    answer({"event": "done"})


if __name__ == "__main__":
    sys.exit(answering(visit_runs))
