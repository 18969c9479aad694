"""Start git; no other module does.

There are two environments. `fetching` uses the user's configuration (proxies, credentials, `insteadOf`), for
only that reaches the user's network. The other is hermetic: it has no configuration but ours, so that the
same lock gives the same commit for every user. Neither runs code of upstream or of the user: no hook, no file
system monitor, no `ext::` transport, no filter.
"""

import os
import shlex
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from npuport.base.errors import PortError

#: The oldest git that knows every option and variable used here. It is not tested; 2.39.5 is.
OLDEST = (2, 34)

_OFF = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
}
_PLAIN = {
    "core.attributesFile": os.devnull,
    "core.excludesFile": os.devnull,
    "core.autocrlf": "false",
    "core.eol": "lf",
    "core.fileMode": "true",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "commit.gpgSign": "false",
    "i18n.commitEncoding": "UTF-8",
    "i18n.logOutputEncoding": "UTF-8",
    "diff.renames": "true",
    # The user's own exceptions are not read here, and npuport itself made the directory.
    "safe.directory": "*",
}
#: Name and address of the commits that npuport makes.
IDENTITY = ("npuport", "npuport@localhost")
_IDENTITY = {
    "GIT_AUTHOR_NAME": IDENTITY[0],
    "GIT_AUTHOR_EMAIL": IDENTITY[1],
    "GIT_COMMITTER_NAME": IDENTITY[0],
    "GIT_COMMITTER_EMAIL": IDENTITY[1],
}
# The user's own variables for the network.
_USERS = ("GIT_CONFIG", "GIT_SSL", "GIT_SSH", "GIT_ASKPASS", "GIT_HTTP", "GIT_PROXY", "GIT_CURL", "GIT_TRACE")
_NO_SPACE = ("No space left on device", "Out of diskspace", "Disk quota exceeded", "File too large")


class GitFailed(PortError):
    """A git command that failed: the command, its exit code, and both of its streams."""

    def __init__(self, arguments: Iterable[str], code: int, stdout: bytes, stderr: bytes) -> None:
        self.command = shlex.join(["git", *arguments])
        self.code = code
        self.stdout = stdout.decode(errors="replace")
        self.stderr = stderr.decode(errors="replace")
        full = any(sign in self.stderr for sign in _NO_SPACE) or code == -25  # SIGXFSZ
        hint = "free some disk space" if full else "fix what git says; npuport doctor checks git and upstream"
        super().__init__(f"{self.command} failed ({code}): {self.reason}", hint=hint)

    @property
    def reason(self) -> str:
        """The line of git's output that names the error."""
        lines = [line.strip() for line in (self.stderr + "\n" + self.stdout).splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith(("fatal:", "error:", "ERROR:", "remote:"))]
        return (errors or lines or ["no reason given"])[0]


def run(
    *arguments: str,
    cwd: Path,
    stdin: bytes = b"",
    fetching: bool = False,
    extra: Mapping[str, str] | None = None,
) -> bytes:
    """Run git in a repository's directory and return its output.

    Args:
        stdin: its input.
        fetching: whether it connects to upstream.
        extra: more environment variables.

    Raises:
        GitFailed: it ended with another code than 0.
        PortError: there is no git.
    """
    settings, environment = (_OFF, _fetching()) if fetching else (_OFF | _PLAIN, _hermetic())
    with _start(arguments, cwd, settings, environment | dict(extra or {})) as process:
        stdout: bytes
        stdout, stderr = process.communicate(stdin)
    if process.returncode:
        raise GitFailed(arguments, process.returncode, stdout, stderr)
    return stdout


def transfer(*arguments: str, cwd: Path, progress: Callable[[str], None]) -> str:
    """Run a long git command that connects to upstream, and return its output without the progress lines.

    Args:
        arguments: of a command that has `--progress`.
        progress: called every few seconds with git's own progress line.

    Raises:
        GitFailed: it ended with another code than 0.
        PortError: there is no git.
    """
    from git.cmd import handle_process_output  # GitPython, late: it takes longer than most commands
    from git.util import RemoteProgress

    class Forward(RemoteProgress):
        due = time.monotonic() + 3

        def update(self, *_: object) -> None:
            if time.monotonic() >= self.due:
                self.due = time.monotonic() + 3
                progress(self._cur_line or "")

    forward = Forward()
    with _start(arguments, cwd, _OFF, _fetching(), text=True) as process:
        handle_process_output(process, None, forward.new_message_handler(), decode_streams=False)
    lines = "\n".join(forward.error_lines + forward.other_lines)
    if process.returncode:
        raise GitFailed(arguments, process.returncode, b"", lines.encode())
    return lines


def _start(
    arguments: Iterable[str],
    cwd: Path,
    settings: Mapping[str, str],
    environment: Mapping[str, str],
    text: bool = False,
) -> "subprocess.Popen[Any]":
    try:
        return subprocess.Popen(
            ["git", *_options(settings), *arguments],
            cwd=cwd,
            stdin=subprocess.DEVNULL if text else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**environment, "GIT_CEILING_DIRECTORIES": str(cwd.parent)},
            text=text,
            errors="replace" if text else None,
        )
    except FileNotFoundError as error:
        if not cwd.is_dir():
            raise PortError(f"{cwd} is missing", hint="run the command again") from error
        raise PortError(
            "git is not installed", hint=f"install git {'.'.join(map(str, OLDEST))} or newer"
        ) from error


def _hermetic() -> dict[str, str]:
    """An environment with no configuration but ours: by HOME for an old git, by variables for a new one."""
    return (
        _without_git(keep=())
        | _IDENTITY
        | {
            "HOME": os.devnull,
            "XDG_CONFIG_HOME": os.devnull,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "TZ": "UTC",
        }
    )


def _fetching() -> dict[str, str]:
    return _without_git(keep=_USERS) | {"GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh"}


def _without_git(keep: tuple[str, ...]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or (keep and name.startswith(keep))
    }
    return kept | {"LC_ALL": "C", "LANGUAGE": "", "GIT_TERMINAL_PROMPT": "0"}


def _options(settings: Mapping[str, str]) -> list[str]:
    """Settings as `-c` options, which override every file and variable."""
    return [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
