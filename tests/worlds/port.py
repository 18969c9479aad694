"""A small world to port in: a real upstream repository, a port of it, and a person who edits patches."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from npuport.port.layout import Layout

TOOLS = Path(__file__).resolve().parents[2] / "tools"

#: Twenty lines, each of its own, so that a hunk can be told from its neighbours.
MODEL = "".join(f"value_{n} = {n}\n" for n in range(1, 21))
SEED = "import torch\n\n\ndef seed(n):\n    torch.manual_seed(n)\n    torch.cuda.manual_seed_all(n)\n"
LICENSE = "Do as you please.\n"


def git(directory: Path, *arguments: str, stdin: str | bytes = b"", **environment: str) -> str:
    """Run git as a person with a plain configuration would."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
        "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
    }
    done = subprocess.run(
        ["git", *arguments],
        cwd=directory,
        env=plain | environment,
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, f"git {arguments}: {done.stderr.decode()}"
    return done.stdout.decode().strip("\n")


def commit(repository: Path, files: dict[str, str | bytes | None], message: str = "Change") -> str:
    """Write (or with None delete) files, commit them, return the id."""
    for name, content in files.items():
        path = repository / name
        if content is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    git(repository, "add", "--all", "--force")
    git(repository, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(repository, "rev-parse", "HEAD")


def make_patch(
    diff: str | bytes, subject: str = "Change a value", *, fields: str = "Forwarded: no\n"
) -> bytes:
    """A whole patch around a diff."""
    mail = (
        "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\n"
        "From: Ada Lovelace <ada@example.org>\n"
        "Date: Mon, 2 Nov 2026 10:00:00 +0100\n"
        f"Subject: {subject}\n\nBecause the test needs it.\n\n{fields}\n"
    )
    return mail.encode() + (diff.encode() if isinstance(diff, str) else diff)


def diff_of(repository: Path, files: dict[str, str | bytes | None], *options: str) -> str:
    """The diff that these edits make of the repository's HEAD, which is left alone."""
    head = git(repository, "rev-parse", "HEAD")
    commit(repository, files)
    text = git(repository, "diff", "--full-index", *options, head, "HEAD")
    git(repository, "reset", "--quiet", "--hard", head)
    return text + "\n"


def edited(number: int, value: str) -> str:
    """MODEL with one value changed."""
    return MODEL.replace(f"value_{number} = {number}\n", f"value_{number} = {value}\n")


@dataclass(frozen=True)
class Port:
    """A port's directory in a test, and the upstream it is of."""

    layout: Layout
    upstream: Path

    def write_lock(self, *, url: str | None = None, commit: str | None = None, branch: str = "main") -> None:
        """A lock that names the pin and leaves the rest to refresh."""
        pin = commit or git(self.upstream, "rev-parse", "HEAD")
        self.layout.lock.write_text(
            f'format: 1\nupstream:\n  url: "{url or self.upstream}"\n'
            f'  branch: "{branch}"\n  commit: "{pin}"\n'
        )

    def write_series(self, *patches: bytes) -> list[str]:
        """Make these the series; returns their names."""
        self.layout.patches.mkdir(exist_ok=True)
        for old in self.layout.patches.glob("*.patch"):
            old.unlink()
        names = [f"{number:04}-patch.patch" for number in range(1, len(patches) + 1)]
        for name, data in zip(names, patches, strict=True):
            (self.layout.patches / name).write_bytes(data)
        (self.layout.patches / "series").write_text("".join(f"{name}\n" for name in names))
        return names


def start_npuport(*arguments: str | Path, **options: object) -> "subprocess.Popen[bytes]":
    """Start the command line in a process of its own; `options` are Popen's."""
    environment = dict(options.pop("env", None) or os.environ) | {"PYTHONPATH": str(TOOLS)}  # type: ignore[call-overload]
    command = [sys.executable, "-m", "npuport", *map(str, arguments)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    options.setdefault("preexec_fn", heed_interrupts)
    return subprocess.Popen(command, env=environment, **(streams | options))  # type: ignore[call-overload, no-any-return]


def heed_interrupts() -> None:
    """Undo what a shell does to the commands it puts in the background: it has them ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
