"""The process in which a hub's client runs; `hub` starts it.

A client reads its environment when it is imported, prints, keeps threads and sessions; and its server is not
trusted. So it has a process of its own, which answers one request:

    {"do": "list", "model", "scratch"}                   -> {"commit", "files"}
    {"do": "get", "model", "scratch", "into", "files"}   -> {}
"""

import importlib
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from npuport.base.child import Message, answering
from npuport.weights.failure import failure
from npuport.weights.remote import RemoteFile
from npuport.weights.spec import HubModel

#: The hub's name in a spec, and the module that uses its client.
MODULES = {"hf": "huggingface", "modelscope": "modelscope", "openmind": "openmind"}


def _answer(request: Message, answer: Callable[[Message], None]) -> None:
    model, scratch = HubModel(**request["model"]), Path(request["scratch"])
    try:
        module = importlib.import_module(f"npuport.weights.{MODULES[model.hub]}")
        if request["do"] == "list":
            answer(asdict(module.listing(model.id, model.revision, scratch)))
            return
        for file in request["files"]:
            module.get(model.id, model.revision, RemoteFile(**file), Path(request["into"]), scratch)
    except Exception as error:
        raise failure(model, error) from error
    answer({})


if __name__ == "__main__":
    os._exit(answering(_answer))  # a client's threads are not waited for
