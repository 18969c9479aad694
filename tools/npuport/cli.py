"""Arguments in; text, JSON and exit code out. The only module that prints, and the only one that exits.

Exit codes: 0 good; 1 a finding, or something the user can fix; 2 wrong usage; 3 a fault of npuport's own,
with the traceback in a log file; 130 interrupted. `watch` has two more: 10 newer and clean, 11 newer and a
decision is needed.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from npuport import __version__
from npuport.base.errors import PortError, UsageError, user_error
from npuport.commands import COMMANDS, Outcome, module_of

GOOD, FINDING, USAGE, BUG, INTERRUPTED = 0, 1, 2, 3, 130


class Parser(argparse.ArgumentParser):
    """argparse, but wrong usage raises."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(message, self.format_usage().strip())


class CommandParser(Parser):
    """The parser of one command; the command's module is imported only when it is the one asked for."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Add the command's own arguments, then parse."""
        command = self.prog.split()[-1]
        module_of(command).add_arguments(self)
        return super().parse_known_args(args, namespace)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (default: this process's) and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a locale must not turn a message into a traceback
    os.umask(os.umask(0) & 0o077)  # what we make, we must be able to read
    try:
        outcome = _guarded(words)
        _print(json.dumps(outcome.data, indent=2) if _wants_json(words) else outcome.text, sys.stdout)
    except BrokenPipeError:  # the reader has seen enough; what was to be done is done
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return GOOD
    except OSError as error:  # stdout is a file on a full disk, say
        _print(f"error: cannot write the answer: {error.strerror}", sys.stderr)
        return FINDING
    return outcome.code


def _guarded(words: Sequence[str]) -> Outcome:
    """Run the command line; every exception but argparse's own exits becomes an outcome."""
    try:
        return _run(words)
    except UsageError as error:
        _tell(words, f"{error.usage}\nnpuport: error: {error.message}")
        return Outcome("", {"error": error.message, "hint": error.usage}, USAGE)
    except PortError as error:
        return _failed(words, error)
    except KeyboardInterrupt:
        _tell(words, "interrupted")
        return Outcome("", {"error": "interrupted", "hint": "run the command again"}, INTERRUPTED)
    except BrokenPipeError:
        raise
    except OSError as error:
        known = user_error(error)
        return _failed(words, known) if known else _bug(words, error)
    except Exception as error:
        return _bug(words, error)


def _run(words: Sequence[str]) -> Outcome:
    parser = Parser(
        prog="npuport",
        description="Port a PyTorch model to Huawei Ascend as a reviewed patch series, and prove the port.",
        epilog="`npuport COMMAND --help` tells more of a command.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"npuport {__version__}")
    _add_common(parser, default=True)
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=CommandParser
    )
    for name, line in COMMANDS.items():
        _add_common(commands.add_parser(name, help=line, description=line, allow_abbrev=False), default=False)
    args = parser.parse_args(words)
    args.progress = lambda line: _print(line, sys.stderr)
    run = getattr(module_of(args.command), f"run_{args.command}")
    outcome: Outcome = run(args)
    return outcome


def _add_common(parser: argparse.ArgumentParser, *, default: bool) -> None:
    """The options that may stand before the command as well as after it."""
    parser.add_argument(
        "--port",
        type=Path,
        metavar="DIR",
        default=None if default else argparse.SUPPRESS,
        help="the port's directory (default: the nearest one upwards that holds an upstream.lock)",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        default=False if default else argparse.SUPPRESS,
        help="print one JSON object",
    )


def _failed(words: Sequence[str], error: PortError) -> Outcome:
    _tell(words, f"error: {error.message}\nhint: {error.hint}")
    return Outcome("", {"error": error.message, "hint": error.hint}, FINDING)


def _bug(words: Sequence[str], error: Exception) -> Outcome:
    """Keep the traceback for the report, show one line."""
    log = _write_log(words, error)
    message = f"npuport failed: {type(error).__name__}: {error}".replace("\n", " ")
    hint = f"report it with {log}"
    _tell(words, f"error: {message}\nhint: {hint}")
    return Outcome("", {"error": message, "hint": hint, "log": str(log)}, BUG)


def _write_log(words: Sequence[str], error: Exception) -> Path:
    import tempfile
    import time
    import traceback

    from npuport.base.places import cache_dir

    text = "".join(
        [
            f"npuport {__version__}\nPython {sys.version}\n$ npuport {' '.join(words)}\n\n",
            *traceback.format_exception(error),
        ]
    )
    name = f"npuport-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    for directory in (cache_dir() / "log", Path(tempfile.gettempdir())):
        try:
            directory.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        return directory / name
    _print(text, sys.stderr)  # nowhere to keep it
    return Path(os.devnull)


def _wants_json(words: Sequence[str]) -> bool:
    """Whether the answer, an error's too, is to be JSON; what follows `--` belongs to another program."""
    ours = words[: words.index("--")] if "--" in words else words
    return "--json" in ours


def _tell(words: Sequence[str], line: str) -> None:
    """One error for a person; with `--json` the object on stdout says it instead."""
    if not _wants_json(words):
        _print(line, sys.stderr)


def _print(text: str, stream: Any) -> None:
    if text:
        stream.write(text + "\n")
    stream.flush()
