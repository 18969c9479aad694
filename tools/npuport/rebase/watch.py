"""Look once for upstream commits that are newer than the pin, and whether the series would apply to them.

Two commits count: the tip of the lock's branch, and the newest tag that contains the pin. Each that is newer
gets a dry rebase: nothing of the port changes, and no code of upstream runs.
"""

import shlex
from dataclasses import dataclass, replace

from npuport import git
from npuport.base.schema import to_json
from npuport.base.text import Progress, silent
from npuport.port.layout import Layout
from npuport.port.lock import read_lock
from npuport.port.pin import Pin, fetch, pin
from npuport.rebase.advance import Options, start
from npuport.rebase.summary import Summary

CURRENT, CLEAN, PERSON = 0, 10, 11


@dataclass(frozen=True)
class News:
    """An upstream commit that is newer than the pin.

    Args:
        ref: its name for `npuport rebase --to`.
        summary: of a rebase to it.
    """

    ref: str
    summary: Summary

    @property
    def needs_person(self) -> bool:
        """Whether a rebase to it would stop, or its history does not contain the pin."""
        return bool(self.summary.decisions)

    def as_json(self) -> dict[str, object]:
        summary = self.summary
        return {
            "ref": self.ref,
            "commit": to_json(summary.new.commit),
            "commits": len(summary.log),
            "history": summary.history,
            "verdicts": to_json(summary.verdicts),
            "ahead": to_json(summary.ahead),
            "decisions": list(summary.decisions),
            "needs_person": self.needs_person,
            "next": self.command,
        }

    @property
    def command(self) -> str:
        return f"npuport rebase --to {shlex.quote(self.ref)}"


@dataclass(frozen=True)
class Watched:
    """The result of a look at upstream.

    Args:
        pin: the pin.
        branch: the branch that the lock names.
        tip: the tip of that branch; None where it is not newer.
        tag: the newest tag; None where it is not newer, or is the tip.
    """

    pin: Pin
    branch: str
    tip: News | None
    tag: News | None

    @property
    def target(self) -> News | None:
        """The commit to rebase to: the branch's tip where it is newer, else the tag."""
        return self.tip or self.tag

    @property
    def code(self) -> int:
        """The exit code: up to date, newer and clean, newer and a decision is needed."""
        return CURRENT if self.target is None else PERSON if self.target.needs_person else CLEAN


def watch(
    layout: Layout, *, tags: bool = False, offline: bool = False, progress: Progress = silent
) -> Watched:
    """Fetch upstream and look.

    Args:
        tags: look at tags only: the port follows releases.
        offline: take upstream as the cache has it.

    Raises:
        PortError: upstream is out of reach, or has lost the pin; a rebase is in progress.
    """
    lock = read_lock(layout.lock)
    repository = fetch(layout, lock, offline=offline, progress=progress)
    old = pin(repository, lock.commit, lock.commit)
    tip = git.commit_of(repository, f"refs/heads/{lock.branch}")
    branch = f"heads/{lock.branch}" if git.commit_of(repository, f"refs/tags/{lock.branch}") else lock.branch
    names = [name for name, commit in git.tags_above(repository, lock.commit) if commit != lock.commit]

    def look(ref: str) -> News:
        options = Options(dry_run=True, offline=True)  # upstream has just been fetched
        summary = start(layout, ref, options, progress).summary
        if git.merge_base(repository, lock.commit, summary.new.commit.id) != lock.commit:
            decisions = (*summary.decisions, f"{summary.history}; rebase to {ref} if that is meant")
            summary = replace(summary, decisions=decisions)
        return News(ref, summary)

    newer = not tags and (not tip or git.merge_base(repository, tip, lock.commit) != tip)
    news = look(branch) if newer else None
    newest = names[0] if names else ""
    is_tip = bool(news) and git.commit_of(repository, f"refs/tags/{newest}") == tip
    return Watched(old, lock.branch, news, look(f"tags/{newest}") if newest and not is_tip else None)
