"""git's words about tags; a sibling of `git`."""

from pathlib import Path

from npuport.gitprocess import run

# Endings of a version that come before the version itself: 1.0-rc1 is older than 1.0.
_BEFORE = ("-dev", ".dev", "-alpha", "alpha", "a", "-beta", "beta", "b", "-rc", "rc", "-")


def tags_above(repository: Path, commit: str) -> list[tuple[str, str]]:
    """The tags whose history holds a commit, with the commits that they name; the newest version first."""
    order = [word for ending in _BEFORE for word in ("-c", f"versionsort.suffix={ending}")]
    form = "%(refname:lstrip=2)%00%(*objectname)%00%(objectname)"
    options = (f"--contains={commit}", "--sort=-version:refname", f"--format={form}", "refs/tags")
    found = []
    for line in run(*order, "for-each-ref", *options, cwd=repository).split(b"\n")[:-1]:
        name, peeled, oid = line.decode(errors="surrogateescape").split("\0")
        found.append((name, peeled or oid))
    return found
