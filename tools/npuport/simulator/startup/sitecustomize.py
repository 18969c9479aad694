"""Runs first in each Python under `npuport sim exec`: installs the simulator, runs the next sitecustomize."""

import importlib.machinery
import importlib.util
import os
import sys
from pathlib import Path

import softcann_startup  # type: ignore[import-not-found]  # beside this file

if _directory := os.environ.get(softcann_startup.VARIABLE):
    softcann_startup.install(Path(_directory))

_here = Path(__file__).resolve().parent
_rest = [entry for entry in sys.path if Path(entry).resolve() != _here]
_next = importlib.machinery.PathFinder.find_spec("sitecustomize", _rest)
if _next is not None and _next.loader is not None:
    _module = importlib.util.module_from_spec(_next)
    sys.modules["sitecustomize"] = _module
    _next.loader.exec_module(_module)
