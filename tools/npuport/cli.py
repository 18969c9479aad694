"""The command line: parse arguments, run a command, print its text or JSON, return its exit code.

Exit codes: 0 good; 1 a finding, or an error that the user can fix; 2 wrong usage; 3 a bug of npuport,
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
from npuport.base.places import cache_dir
from npuport.commands import COMMANDS, Outcome, module_of

GOOD, FINDING, USAGE, BUG, INTERRUPTED = 0, 1, 2, 3, 130


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are UsageErrors."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(message, self.format_usage().strip())


class CommandParser(Parser):
    """The parser of one command; it imports the command's module when it is used."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Add the command's arguments, then parse."""
        module_of(self.prog.split()[-1]).add_arguments(self)
        return super().parse_known_args(args, namespace)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (default: this process's) and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a locale may lack characters
    os.umask(os.umask(0) & 0o077)  # we must be able to read the files that we make
    try:
        outcome = _guarded(words)
        _print(json.dumps(outcome.data, indent=2) if _wants_json(words) else outcome.text, sys.stdout)
    except BrokenPipeError:  # the reader has closed the pipe; the command has done its work
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return GOOD
    except OSError as error:  # stdout may be a file on a full disk
        _print(f"error: cannot write the answer: {error.strerror}", sys.stderr)
        return FINDING
    return outcome.code


def _guarded(words: Sequence[str]) -> Outcome:
    """Run the command line; exceptions become outcomes."""
    try:
        return _run(words)
    except UsageError as error:
        _print_error(words, f"{error.usage}\nnpuport: error: {error.message}")
        return Outcome("", {"error": error.message, "hint": error.usage}, USAGE)
    except PortError as error:
        return _failed(words, error)
    except KeyboardInterrupt:
        _print_error(words, "interrupted")
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
        epilog="`npuport COMMAND --help` describes a command.",
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
    return run(args)  # type: ignore[no-any-return]


def _add_common(parser: argparse.ArgumentParser, *, default: bool) -> None:
    """Add the options that may stand before the command and after it."""
    parser.add_argument(
        "--port",
        type=Path,
        metavar="DIR",
        default=None if default else argparse.SUPPRESS,
        help="the port's directory (default: the current one, or the nearest above, with an upstream.lock)",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        default=False if default else argparse.SUPPRESS,
        help="print one JSON object",
    )


def _failed(words: Sequence[str], error: PortError) -> Outcome:
    _print_error(words, f"error: {error.message}\nhint: {error.hint}")
    return Outcome("", {"error": error.message, "hint": error.hint}, FINDING)


def _bug(words: Sequence[str], error: Exception) -> Outcome:
    """Write the traceback to a log file, and print one line."""
    log = _write_log(words, error)
    message = f"npuport failed: {type(error).__name__}: {error}".replace("\n", " ")
    hint = f"report it with {log}"
    _print_error(words, f"error: {message}\nhint: {hint}")
    return Outcome("", {"error": message, "hint": hint, "log": str(log)}, BUG)


def _write_log(words: Sequence[str], error: Exception) -> Path:
    import tempfile
    import time
    import traceback

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
    _print(text, sys.stderr)  # no directory is writable
    return Path(os.devnull)


def _wants_json(words: Sequence[str]) -> bool:
    """Whether `--json` is given; words after `--` belong to another program."""
    ours = words[: words.index("--")] if "--" in words else words
    return "--json" in ours


def _print_error(words: Sequence[str], line: str) -> None:
    """Print an error on stderr; with `--json` the object on stdout holds it instead."""
    if not _wants_json(words):
        _print(line, sys.stderr)


def _print(text: str, stream: Any) -> None:
    if text:
        stream.write(text + "\n")
    stream.flush()
