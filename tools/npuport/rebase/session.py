"""A rebase that waits for a person: `out/rebase/session/`, made and replaced in one rename each.

    session.json   where it goes, what has been decided, what was found
    tree/          a git work tree: the new pin with the series so far, and the conflict's markers
    port/          once the series is carried: a port like any other, of the new pin

The JSON holds inputs and decisions only; everything else is derived anew from them, so that a session can be
taken up by any process on any day.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from npuport import git
from npuport.base import files
from npuport.base.errors import PortError
from npuport.base.files import retire, staged_directory, write_atomically
from npuport.port.layout import Layout
from npuport.rebase.carry import Decision
from npuport.rebase.verdict import Verdict, verdict_from_json

FORMAT = 1
CHOICES = "npuport rebase --continue, --skip, --abort or --status"


@dataclass(frozen=True)
class Request:
    """What was asked for.

    Args:
        ref: the new pin as a person named it.
        branch: the branch that the lock is to name.
        target: the new pin; the old one where a patch is edited or dropped and the pin stays.
        lock: the sha256 of `upstream.lock` when it began.
        parity: the model sizes that parity is to prove; none for no proof.
        accept_license: whether a changed licence has been read and accepted.
    """

    ref: str
    branch: str
    target: str
    lock: str
    parity: tuple[str, ...] = ()
    accept_license: bool = False


@dataclass(frozen=True)
class Session:
    """What `session.json` holds.

    Args:
        request: what was asked for.
        decisions: what has been decided, by patch.
        verdicts: as far as the series went.
        head: the commit that the work tree stood on when it was left to the person.
        decide: what a person has to decide besides a conflict, a line each.
    """

    request: Request
    verdicts: tuple[Verdict, ...]
    head: str
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    decide: tuple[str, ...] = ()

    @property
    def conflict(self) -> Verdict | None:
        """The verdict that waits for a resolution; None where the whole series is carried."""
        return self.verdicts[-1] if self.verdicts and self.verdicts[-1].needs_person else None


def directory(layout: Layout) -> Path:
    """Where a port's session is, if it has one."""
    return layout.rebase / "session"


def work_tree(layout: Layout) -> Path:
    """Where its conflicts are resolved."""
    return directory(layout) / "tree"


def read(layout: Layout) -> Session:
    """A port's session.

    Raises:
        PortError: there is none, it is not readable, or the port has changed since it began.
    """
    path = directory(layout) / "session.json"
    try:
        data = json.loads(path.read_bytes())
        if data["format"] != FORMAT:
            raise PortError(
                f"{path} is of another npuport: format {data['format']}", hint="npuport rebase --abort"
            )
        request = Request(**(data["request"] | {"parity": tuple(data["request"]["parity"])}))
        decisions = {
            name: Decision(verdict_from_json(one["verdict"]), one["data"].encode() if one["data"] else None)
            for name, one in data["decisions"].items()
        }
        verdicts = tuple(map(verdict_from_json, data["verdicts"]))
        return Session(request, verdicts, data["head"], decisions, tuple(data["decide"]))
    except FileNotFoundError as error:
        raise PortError("no rebase is under way", hint="npuport rebase --to REF, or --latest") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PortError(f"{path} is not readable: {error!r}", hint="npuport rebase --abort") from error


def check(layout: Layout, session: Session) -> None:
    """Refuse to go on with a session when the port it began with has changed.

    Raises:
        PortError: it has.
    """
    if sum_of(layout) != session.request.lock:
        raise PortError(
            f"{layout.lock} has changed since the rebase began",
            hint="take it back from version control, or npuport rebase --abort and begin again",
        )


def refuse(layout: Layout) -> None:
    """Refuse to begin something while a session stands.

    Raises:
        PortError: one does.
    """
    if directory(layout).exists():
        raise PortError("a rebase is under way", hint=CHOICES)


def sum_of(layout: Layout) -> str:
    """The sha256 of the lock, which holds those of the patches."""
    return hashlib.sha256(layout.lock.read_bytes()).hexdigest()


def write(staged: Path, session: Session) -> None:
    """Write the JSON into a directory that is to become the session."""
    decisions = {
        name: {"verdict": one.verdict.as_json(), "data": one.data.decode() if one.data else None}
        for name, one in session.decisions.items()
    }
    data: dict[str, Any] = {
        "format": FORMAT,
        "request": asdict(session.request),
        "head": session.head,
        "decide": list(session.decide),
        "decisions": decisions,
        "verdicts": [verdict.as_json() for verdict in session.verdicts],
    }
    (staged / "session.json").write_text(json.dumps(data, indent=2) + "\n")


@contextmanager
def staged(layout: Layout) -> Iterator[Path]:
    """A directory to build the next session in."""
    with staged_directory(layout.out) as path:
        yield path


def publish(layout: Layout, path: Path) -> None:
    """Make a staged directory the session; the one that stands there goes."""
    files.publish(path, directory(layout))


def note(layout: Layout, decide: tuple[str, ...]) -> None:
    """Keep with the session what a person has to decide."""
    path = directory(layout) / "session.json"
    data = json.loads(path.read_bytes()) | {"decide": list(decide)}
    write_atomically(path, (json.dumps(data, indent=2) + "\n").encode())


def abort(layout: Layout) -> bool:
    """End a session; returns whether there was one."""
    if not directory(layout).exists():
        return False
    retire(directory(layout), layout.out)
    return True


def resolution(layout: Layout, session: Session, scratch: Path) -> bytes:
    """What a person has made of a conflict, as a diff; whatever was committed on the way.

    Raises:
        PortError: markers are left, or nothing is left of the patch.
    """
    assert session.conflict is not None
    tree = work_tree(layout)
    if not (tree / ".git").is_dir():
        raise PortError(f"{tree} is gone, or no git work tree any more", hint="npuport rebase --abort")
    for path in git.changed(tree, session.head):
        file = tree / path
        if file.is_file() and not file.is_symlink() and (line := _marker(file.read_bytes())):
            raise PortError(
                f"{file}, line {line}: a conflict marker is left", hint=f"edit {file} until it is right"
            )
    for path, stages in git.unmerged(tree).items():
        there = (tree / path).exists()
        if there and not {2, 3} <= stages.keys():  # left as it is, the whole file would come back
            raise PortError(
                f"{tree / path} is in one side only, and undecided",
                hint=f"take its change where it belongs, then `git rm -f` or `git add` it in {tree}",
            )
    diff = git.diff(tree, session.head, git.tree_on_disk(tree, scratch, keep=True))
    if not diff:
        raise PortError(
            f"nothing is left of {session.conflict.patch}: {tree} is as upstream has it",
            hint="npuport rebase --skip, if that is meant",
        )
    return diff


def _marker(data: bytes) -> int:
    """The number of the first line that opens a conflict; 0 where there is none."""
    inside = 0
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.startswith(b"<<<<<<< "):
            inside = number
        elif inside and line.startswith(b">>>>>>> "):
            return inside
    return inside
