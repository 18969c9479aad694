"""One look at upstream: is there something newer than the pin, and would the series apply to it?

Looked at are the tip of the lock's branch and the newest tag that holds the pin. Each that is newer is
rebased upon, dry: nothing of the port changes, and nothing of upstream's runs.
"""

import shlex
from dataclasses import dataclass, replace
from typing import Any

from npuport import git
from npuport.base.text import Progress, silent
from npuport.port.layout import Layout
from npuport.port.lock import read_lock
from npuport.port.pin import Pin, fetch, pin
from npuport.rebase.advance import Options, start
from npuport.rebase.summary import Summary

CURRENT, CLEAN, PERSON = 0, 10, 11


@dataclass(frozen=True)
class News:
    """Something newer than the pin.

    Args:
        ref: what `npuport rebase --to` takes for it.
        summary: what a rebase on it would come to.
    """

    ref: str
    summary: Summary

    @property
    def needs_person(self) -> bool:
        """Whether a rebase on it would stop, or its history has left the pin behind."""
        return bool(self.summary.decisions)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        commit = self.summary.new.commit
        return {
            "ref": self.ref,
            "commit": {
                "id": commit.id,
                "date": commit.date,
                "author": commit.author,
                "subject": commit.subject,
            },
            "commits": len(self.summary.log),
            "history": self.summary.history,
            "verdicts": [verdict.as_json() for verdict in self.summary.verdicts],
            "ahead": [verdict.as_json() for verdict in self.summary.ahead],
            "decisions": list(self.summary.decisions),
            "needs_person": self.needs_person,
            "next": self.command,
        }

    @property
    def command(self) -> str:
        """The command that rebases on it."""
        return f"npuport rebase --to {shlex.quote(self.ref)}"


@dataclass(frozen=True)
class Watched:
    """What a look has found.

    Args:
        pin: the pin.
        branch: the branch that the lock names.
        tip: the news of that branch; None where it has none.
        tag: the news of the newest tag; None where no tag is newer, or the tip is that tag.
    """

    pin: Pin
    branch: str
    tip: News | None
    tag: News | None

    @property
    def target(self) -> News | None:
        """What to rebase on: the branch's tip where it is newer, else the tag."""
        return self.tip or self.tag

    @property
    def code(self) -> int:
        """The exit code: up to date, newer and clean, newer and a person is needed."""
        return CURRENT if self.target is None else PERSON if self.target.needs_person else CLEAN


def watch(
    layout: Layout, *, tags: bool = False, offline: bool = False, progress: Progress = silent
) -> Watched:
    """Fetch upstream and look.

    Args:
        tags: look at tags only: the port follows releases.
        offline: take upstream as the cache has it.

    Raises:
        PortError: upstream is out of reach, or has lost the pin; a rebase is under way.
    """
    lock = read_lock(layout.lock)
    repository = fetch(layout, lock, offline=offline, progress=progress)
    old = pin(repository, lock.commit, lock.commit)
    tip = git.commit_of(repository, f"refs/heads/{lock.branch}")
    branch = f"heads/{lock.branch}" if git.commit_of(repository, f"refs/tags/{lock.branch}") else lock.branch
    names = [name for name, commit in git.tags_above(repository, lock.commit) if commit != lock.commit]

    def look(ref: str) -> News:
        options = Options(dry_run=True, offline=True)  # it has just been fetched
        summary = start(layout, ref, options, progress).summary
        if git.merge_base(repository, lock.commit, summary.new.commit.id) != lock.commit:
            decisions = (*summary.decisions, f"{summary.history}; rebase on {ref} if that is meant")
            summary = replace(summary, decisions=decisions)
        return News(ref, summary)

    newer = not tags and (not tip or git.merge_base(repository, tip, lock.commit) != tip)
    news = look(branch) if newer else None
    newest = names[0] if names else ""
    is_tip = bool(news) and git.commit_of(repository, f"refs/tags/{newest}") == tip
    return Watched(old, lock.branch, news, look(f"tags/{newest}") if newest and not is_tip else None)
