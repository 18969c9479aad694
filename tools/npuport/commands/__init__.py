"""The commands, one module each.

A module `<name>` here (`try_` for `try`, a Python keyword) has two functions:

    def add_arguments(parser: argparse.ArgumentParser) -> None
    def run_<name>(args: argparse.Namespace) -> Outcome

`args` holds, besides the command's own arguments, `port` (the directory named with `--port`, or None),
`json` (whether `--json` was given) and `progress` (called with one line of text, which goes to stderr).
A command returns its outcome or raises; it neither prints nor exits. Its module is imported only for this
command, so its imports stand at the top.
"""

import argparse
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from npuport.port.layout import Layout, find_port
from npuport.port.publication import finish

#: Every command and its line in `npuport --help`, in the order of a port's work.
COMMANDS: Mapping[str, str] = {
    "doctor": "check what this machine lacks, and how to install it",
    "port": "make the ported tree from upstream.lock and patches, and verify it",
    "status": "print the state of pin, series, ported tree and device",
    "verify": "derive the ported tree anew, and compare it with the lock and with out/ported",
    "refresh": "make patches, lock and ported tree agree, after an edit of the tree or of a patch",
    "new": "make a new patch of the edits in the ported tree",
    "edit": "set the ported tree to one patch, to edit that patch",
    "drop": "remove a patch from the series",
    "lint": "check the series for what a maintainer would reject",
    "audit": "find what in upstream assumes CUDA, and the patch that covers it",
    "rebase": "move the pin to a newer upstream commit, and carry the series along",
    "watch": "check for a newer upstream, and whether the series applies to it",
    "parity": "compare the ported model on the device with upstream's on the CPU",
    "release": "make a bundle for publication, or check one",
    "try": "run the ported model on the port's own picture, and save what it shows",
    "bench": "measure latency, throughput, memory and work of every entry point; compare two results",
    "weights": "pin, download and verify trained checkpoints of hubs",
    "sim": "build the simulated Ascend, run any command on it",
}


def module_of(command: str) -> ModuleType:
    """Import and return the module of a command."""
    return importlib.import_module(f"npuport.commands.{'try_' if command == 'try' else command}")


@dataclass(frozen=True)
class Outcome:
    """The result of a command.

    Args:
        text: what is printed; may be empty.
        data: the JSON object that `--json` prints instead.
        code: the exit code: 0, or 1 for a finding; see `cli` for those of `watch`.
    """

    text: str
    data: Mapping[str, Any]
    code: int = 0


def layout_of(args: argparse.Namespace) -> Layout:
    """Return the port of a command: `--port`, else that of the current directory or the nearest one above.

    First it finishes a publication that a killed command has begun.

    Raises:
        PortError: there is no port.
    """
    named: Path | None = args.port
    layout = find_port(Path.cwd()) if named is None else Layout(named.resolve())
    if layout.publication.exists():
        finish(layout)
    return layout
