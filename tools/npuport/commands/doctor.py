"""`npuport doctor`: what this machine has and lacks, each with a hint."""

import argparse
import shutil
import sys
from dataclasses import asdict

from npuport.base.errors import PortError
from npuport.commands import Outcome, layout_of
from npuport.doctor import examine, render


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--offline", action="store_true", help="do not use the network")


def run_doctor(args: argparse.Namespace) -> Outcome:
    """Check the machine; code 1 where `make test-npu` lacks something."""
    try:
        layout = layout_of(args)
    except PortError:
        layout = None
    diagnosis = examine(layout, offline=args.offline)
    data = {
        "ready": diagnosis.ready,
        "device": diagnosis.device,
        "findings": [asdict(line) for line in diagnosis.checks],
    }
    if sys.stdout.isatty():
        text = render.table(diagnosis, shutil.get_terminal_size().columns)
    else:
        text = render.plain(diagnosis)
    return Outcome(text, data, 0 if diagnosis.ready else 1)
