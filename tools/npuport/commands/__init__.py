"""The commands, one module each.

A module `<name>` here (`try_` for `try`, a word of Python's) has two functions; both import late what
is slow:

    def add_arguments(parser: argparse.ArgumentParser) -> None
    def run_<name>(args: argparse.Namespace) -> Outcome

`args` holds, besides the command's own arguments, `port` (the directory named with `--port`, or None),
`json` (whether `--json` was given) and `progress` (called with one line of text, which goes to stderr).
A command returns its outcome or raises; it neither prints nor exits.
"""

import argparse
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from npuport.port.layout import Layout, find_port

#: Every command: its name and the line that `npuport --help` shows, in the order of a port's life.
COMMANDS: Mapping[str, str] = {
    "doctor": "what this machine has and lacks, each with a hint",
    "port": "upstream.lock + patches -> the ported tree, verified",
    "status": "pin, series, ported tree, device: what is there, what is stale",
    "verify": "derive the ported tree anew from nothing and compare",
    "refresh": "bring patches, lock and ported tree into step: edit the tree or a patch, then this",
    "new": "a new patch, from what is edited in the ported tree",
    "edit": "put the ported tree at a patch, to edit it there",
    "drop": "leave a patch out of the series",
    "lint": "hygiene of the series: what a maintainer would send a patch back for",
    "audit": "what in upstream still assumes CUDA, and which patch covers it",
    "rebase": "move the pin to a newer upstream commit and carry the series along",
    "watch": "is there a newer upstream, and would the series apply to it",
    "parity": "compare the ported model on the device with upstream's on the CPU",
    "release": "the publishable bundle, and the check of one",
    "try": "the port's own picture through the ported model, to look at",
    "bench": "latency, throughput, memory and work of every entry point; compare two of these",
    "weights": "trained checkpoints of hubs: pin one, fetch it, verify it",
    "sim": "the simulated Ascend: build it, run any command on it",
}

_MODULES = {"try": "try_"}


def module_of(command: str) -> ModuleType:
    """The module of a command, imported now: one command should not wait for the imports of all."""
    return importlib.import_module(f"npuport.commands.{_MODULES.get(command, command)}")


@dataclass(frozen=True)
class Outcome:
    """What a command ends with.

    Args:
        text: for a person; empty where the command's work has spoken for itself.
        data: for a program: the one JSON object that `--json` prints instead of the text.
        code: 0, or 1 where the command has found something wrong; see `cli` for watch's own.
    """

    text: str
    data: Mapping[str, Any]
    code: int = 0


def layout_of(args: argparse.Namespace) -> Layout:
    """The port that a command works on: `--port`, else the nearest one upwards of the current directory.

    What a killed command has left half published is finished first.

    Raises:
        PortError: there is none.
    """
    named: Path | None = args.port
    layout = find_port(Path.cwd()) if named is None else Layout(named.resolve())
    if layout.publication.exists():
        from npuport.port.publication import finish

        finish(layout)
    return layout
