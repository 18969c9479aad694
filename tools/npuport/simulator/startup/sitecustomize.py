"""Runs first in each Python under `npuport sim exec`: installs the simulator, runs the next sitecustomize."""

import importlib.machinery
import importlib.util
import sys
from pathlib import Path

import softcann_startup  # type: ignore[import-not-found]  # beside this file

softcann_startup.install_from_environment()

_here = Path(__file__).resolve().parent
_rest = [entry for entry in sys.path if Path(entry).resolve() != _here]
_next = importlib.machinery.PathFinder.find_spec("sitecustomize", _rest)
if _next is not None and _next.loader is not None:
    _module = importlib.util.module_from_spec(_next)
    sys.modules["sitecustomize"] = _module
    _next.loader.exec_module(_module)
