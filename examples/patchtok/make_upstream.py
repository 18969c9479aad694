"""Build patchtok's repository, the example's upstream, from the directories in `upstream/`.

usage: python make_upstream.py [DIR]        DIR is `out/upstream.git` beside this script by default

Each directory in `upstream/` is one commit, in the order of their names. It holds the files that the
commit adds or changes, whole, and a file `COMMIT`, written like a mail: `From`, `Date` and `Subject`,
perhaps `Rename: OLD NEW` and `Tag: NAME`, an empty line, the rest of the message.

The result is a bare repository with one branch, `main`. Its commit ids are the same on every machine:
names, dates, modes and contents all come from the directories, and nothing from the user's git.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from email.utils import parsedate_to_datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
BRANCH = "refs/heads/main"
MARK = "patchtok, built by make_upstream.py"


def fast_import(step: Path) -> Iterator[bytes]:
    """One commit, in the words of `git fast-import`."""
    mail: Message[str, str] = Parser().parsestr((step / "COMMIT").read_text(encoding="utf-8"))
    message = f"{mail['Subject']}\n\n{mail.get_payload()}".strip().encode() + b"\n"
    date = parsedate_to_datetime(mail["Date"])
    who = f"{mail['From']} {int(date.timestamp())} {date:%z}"
    yield f"commit {BRANCH}\nauthor {who}\ncommitter {who}\n".encode()
    yield data(message)
    for rename in mail.get_all("Rename", []):
        yield f"R {rename}\n".encode()
    for file in sorted(step.rglob("*")):
        name = file.relative_to(step).as_posix()
        if file.is_file() and name != "COMMIT" and "__pycache__" not in name:
            yield f"M 100644 inline {name}\n".encode() + data(file.read_bytes())
    for tag in mail.get_all("Tag", []):
        yield f"reset refs/tags/{tag}\nfrom {BRANCH}\n\n".encode()


def data(content: bytes) -> bytes:
    """A counted block of bytes."""
    return b"data %d\n%b\n" % (len(content), content)


def git(*arguments: str, stdin: bytes = b"") -> str:
    """Run git with no configuration but its own defaults, and return what it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    done = subprocess.run(["git", *arguments], input=stdin, capture_output=True, env=environment, check=False)
    if done.returncode:
        sys.exit(f"error: git {' '.join(arguments)}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode()


def make_upstream(directory: Path) -> str:
    """Build the repository in `directory`, unless it is there already, and return main's commit id.

    It is built beside `directory` and moved into place when it is complete. A repository that an older
    version of this script made is replaced; anything else that stands there is left alone, with an error.
    """
    steps = sorted(commit.parent for commit in (HERE / "upstream").glob("*/COMMIT"))
    stream = b"".join(block for step in steps for block in fast_import(step))
    description = f"{MARK} from {hashlib.sha256(stream).hexdigest()}\n"
    standing = described(directory)
    if directory.exists() and not standing.startswith(MARK):
        sys.exit(f"error: {directory} is not a repository that this script made\nhint: another directory")
    if standing != description:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".staging-", dir=directory.parent) as scratch:
            built = Path(scratch, "upstream.git")
            git("init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(built))
            git("-C", str(built), "fast-import", "--quiet", stdin=stream)
            (built / "description").write_text(description, encoding="utf-8")
            shutil.rmtree(directory, ignore_errors=True)
            built.rename(directory)
    return git("-C", str(directory), "rev-parse", BRANCH).strip()


def described(directory: Path) -> str:
    """What git's `description` file says of a repository; nothing where there is none."""
    file = directory / "description"
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "out" / "upstream.git"
    print(make_upstream(target.absolute()))
