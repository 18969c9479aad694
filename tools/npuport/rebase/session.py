"""A rebase that waits for a decision: `out/rebase/session/`, made and replaced in one rename each.

    session.json   the request, the decisions, the verdicts
    tree/          a git work tree: the new pin with the series so far, and the conflict's markers
    port/          once the series is carried: a port like any other, of the new pin

The JSON holds inputs and decisions only; everything else is derived again from them, so that any process can
go on with a session on any day.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from npuport import git
from npuport.base.errors import PortError
from npuport.base.files import retire, write_atomically
from npuport.base.schema import from_json, to_json
from npuport.port.layout import Layout
from npuport.rebase.merge import Decision
from npuport.rebase.verdict import Verdict

FORMAT: Literal[1] = 1
CHOICES = "npuport rebase --continue, --skip, --abort or --status"

#: A line with which git marks a conflict, in the style diff3.
_MARKER = re.compile(rb"^(?:(?:<{7}|\|{7}|>{7}) .*|={7}\r?)$", re.M)


@dataclass(frozen=True)
class RebaseRequest:
    """What the user asked for.

    Args:
        ref: the new pin as the user named it.
        branch: the branch that the lock is to name.
        target: the new pin; the old one where a patch is edited or dropped and the pin stays.
        lock: the sha256 of `upstream.lock` when it began.
        parity: the model sizes on which parity is to run; none for no proof.
        accept_license: whether the user has read and accepted a changed licence.
    """

    ref: str
    branch: str
    target: str
    lock: str
    parity: tuple[str, ...] = ()
    accept_license: bool = False


@dataclass(frozen=True)
class RebaseSession:
    """The contents of `session.json`.

    Args:
        request: what the user asked for.
        verdicts: as far as the series went.
        head: the commit that the work tree stood on when the session was made.
        decisions: the user's decisions, by patch.
        decide: what has to be decided besides a conflict, a line each.
        format: version of this shape.
    """

    request: RebaseRequest
    verdicts: tuple[Verdict, ...]
    head: str
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    decide: tuple[str, ...] = ()
    format: Literal[1] = FORMAT

    @property
    def conflict(self) -> Verdict | None:
        """The verdict that waits for a resolution; None where the whole series is carried."""
        return self.verdicts[-1] if self.verdicts and self.verdicts[-1].needs_person else None


def directory(layout: Layout) -> Path:
    """The directory of a port's session."""
    return layout.rebase / "session"


def work_tree(layout: Layout) -> Path:
    """The work tree where a session's conflicts are resolved."""
    return directory(layout) / "tree"


def read(layout: Layout) -> RebaseSession:
    """A port's session.

    Raises:
        PortError: there is none, or its file is damaged.
    """
    path = directory(layout) / "session.json"
    try:
        data = json.loads(path.read_bytes())
        if data["format"] != FORMAT:
            raise PortError(
                f"{path} is of another npuport: format {data['format']}", hint="npuport rebase --abort"
            )
        return from_json(RebaseSession, data)
    except FileNotFoundError as error:
        raise PortError("no rebase is in progress", hint="npuport rebase --to REF, or --latest") from error
    except (ValueError, KeyError, TypeError) as error:
        raise PortError(f"{path} is not readable: {error!r}", hint="npuport rebase --abort") from error


def check(layout: Layout, session: RebaseSession) -> None:
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
    """Refuse to begin a rebase or an edit while there is a session.

    Raises:
        PortError: there is one.
    """
    if directory(layout).exists():
        raise PortError("a rebase is in progress", hint=CHOICES)


def sum_of(layout: Layout) -> str:
    """The sha256 of the lock, which holds those of the patches."""
    return hashlib.sha256(layout.lock.read_bytes()).hexdigest()


def write(directory: Path, session: RebaseSession) -> None:
    text = json.dumps(to_json(session), indent=2) + "\n"
    write_atomically(directory / "session.json", text.encode())


def note(layout: Layout, decide: tuple[str, ...]) -> None:
    """Keep with the session what has to be decided."""
    write(directory(layout), replace(read(layout), decide=decide))


def abort(layout: Layout) -> bool:
    """End a session; returns whether there was one."""
    if not directory(layout).exists():
        return False
    retire(directory(layout), layout.out)
    return True


def resolution(layout: Layout, session: RebaseSession, scratch: Path) -> bytes:
    """The user's resolution of a conflict, as a diff, whether committed or not.

    Raises:
        PortError: markers are left, or nothing is left of the patch.
    """
    assert session.conflict is not None
    tree = work_tree(layout)
    if not (tree / ".git").is_dir():
        raise PortError(f"{tree} is not a git work tree any more", hint="npuport rebase --abort")
    upstream = git.list_tree(tree, session.head)
    patch = layout.patches / session.conflict.patch
    own = patch.read_bytes() if patch.is_file() else b""
    for path in git.changed(tree, session.head):
        file = tree / path
        known = git.read_objects(tree, [upstream[path].oid])[0] if path in upstream else None
        if file.is_file() and not file.is_symlink() and (line := _marker(file.read_bytes(), known, own)):
            raise PortError(f"{file}:{line}: a conflict marker is left", hint=f"edit {file} to remove it")
    for path, stages in git.unmerged(tree).items():
        exists = (tree / path).exists()
        if exists and not {2, 3} <= stages.keys():  # left as it is, the whole file would come back
            raise PortError(
                f"{tree / path} is in one side only, and undecided",
                hint=f"take its change where it belongs, then `git rm -f` or `git add` it in {tree}",
            )
    diff = git.diff(tree, session.head, git.tree_on_disk(tree, scratch, keep=True))
    if not diff:
        raise PortError(
            f"nothing is left of {session.conflict.patch}: {tree} is the same as upstream",
            hint="npuport rebase --skip, if that is meant",
        )
    return diff


def _marker(data: bytes, upstream: tuple[str, bytes] | None, patch: bytes) -> int:
    """The number of the first marker line that neither upstream nor the patch has; 0 where there is none."""
    own = Counter(_MARKER.findall(upstream[1] if upstream else b""))
    own += Counter(_MARKER.findall(re.sub(rb"^[+ ]", b"", patch, flags=re.M)))
    for number, line in enumerate(data.split(b"\n"), 1):
        if _MARKER.fullmatch(line):
            own[line] -= 1
            if own[line] < 0:
                return number
    return 0
