"""`npuport sim`: the simulated Ascend."""

import argparse
import os
import re
import shutil
import sys
from pathlib import Path
from typing import NoReturn

from npuport import simulator
from npuport.base.errors import PortError
from npuport.commands import Outcome
from npuport.simulator.activate import refuse_real_cann


def add_arguments(parser: argparse.ArgumentParser) -> None:
    plain: type[argparse.ArgumentParser] = type(parser).__mro__[1]  # without the commands' late import
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=plain)
    run = verbs.add_parser("exec", help="run a command, and every process it starts, on the simulated Ascend")
    run.add_argument(
        "--despite-cann", action="store_true", help="use the simulator even if a real CANN is installed"
    )
    run.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- CMD", help="the command and its arguments")
    for verb, line in {
        "build": "build the simulator for this Python, unless it exists",
        "path": "print the directory of the simulator; build it first if necessary",
        "status": "print what the simulator is built from, and whether it is built",
    }.items():
        verbs.add_parser(verb, help=line, description=line).add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object"
        )


def run_sim(args: argparse.Namespace) -> Outcome:
    if args.verb == "exec":
        _execute(args)
    if args.verb == "status":
        return _status()
    directory = simulator.ensure_built(progress=args.progress)
    text = str(directory) if args.verb == "path" else f"the simulator is built: {directory}"
    return Outcome(text, {"path": str(directory), "device": simulator.DEVICE_NAME})


def _execute(args: argparse.Namespace) -> NoReturn:
    """Replace this process by the command, which so keeps its own exit code, signals and terminal."""
    argv = args.argv[1:] if args.argv[:1] == ["--"] else args.argv
    if not argv:
        raise PortError("no command to run", hint="npuport sim exec -- python script.py")
    refuse_real_cann(args.despite_cann)
    program = shutil.which(argv[0])
    if program is None:
        raise PortError(f"{argv[0]}: command not found", hint="name a command on PATH, or give its path")
    python = program if re.fullmatch(r"python[0-9.]*", Path(program).name) else sys.executable
    directory = simulator.ensure_built(progress=args.progress, python=python)
    os.execve(program, argv, {**os.environ, **simulator.environment(directory)})


def _status() -> Outcome:
    plan = simulator.plan()
    built = simulator.built(plan.directory)
    cann = simulator.real_cann()
    lines = [
        f"simulator   {'built' if built else 'not built yet'}: {plan.directory}",
        f"device      {simulator.DEVICE_NAME}",
        "torch       {version}: {directory}".format(**plan.inputs["torch"]),
        "torch_npu   {version}: {directory}".format(**plan.inputs["torch_npu"]),
        f"compiler    {plan.inputs['compiler']}",
        f"real CANN   {cann or 'none'}",
    ]
    data = {"path": str(plan.directory), "built": built, "device": simulator.DEVICE_NAME}
    return Outcome("\n".join(lines), {**data, "inputs": plan.inputs, "real_cann": cann or None})
