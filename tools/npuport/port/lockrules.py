"""What the fields of `upstream.lock` may hold: each rule returns what is wrong with a value, or None."""

import re

#: Stands for the licence's sha256 where upstream has no such file at the pin.
NO_LICENSE = "none"


def wrong_url(url: str) -> str | None:
    """Refuse what git would read as an option or a program, and a password."""
    if not url or url.startswith("-") or "::" in url or re.search(r"[\x00-\x20\x7f]", url):
        return "is not a repository's url or path"
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", url)
    if scheme and scheme[1] not in ("https", "http", "ssh", "git", "file"):
        return "has a scheme other than https, http, ssh, git and file"
    if re.match(r"[a-z]+://[^/@]*:[^/@]*@", url):
        return "holds a password, which belongs in git's credential store"
    return None


def wrong_branch(name: str) -> str | None:
    """Refuse what git check-ref-format refuses."""
    parts = name.split("/")
    if (
        not name
        or name == "@"
        or name.startswith("-")
        or re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{", name)
        or any(not part or part.startswith(".") or part.endswith((".lock", ".")) for part in parts)
    ):
        return "is not a branch's name"
    return None


def wrong_pin(commit: str) -> str | None:
    """Refuse what is not a full commit id."""
    return None if re.fullmatch(r"[0-9a-f]{40}", commit) else "is not a full commit id, 40 hex digits"


def wrong_id(oid: str) -> str | None:
    """Refuse what is neither empty nor a full object id."""
    return None if re.fullmatch(r"(?:[0-9a-f]{40})?", oid) else "is not a full object id, 40 hex digits"


def wrong_sha256(digest: str) -> str | None:
    """Refuse what is neither empty nor a sha256."""
    return None if re.fullmatch(r"(?:[0-9a-f]{64})?", digest) else "is not a sha256, 64 hex digits"


def wrong_license(digest: str) -> str | None:
    """Refuse what is neither a sha256 nor `none`."""
    return None if digest == NO_LICENSE else wrong_sha256(digest)


def wrong_path(path: str) -> str | None:
    """Refuse a path that leads out of the tree."""
    parts = path.split("/")
    if not path or any(part in ("", ".", "..") for part in parts) or re.search(r"[\x00-\x1f\x7f]", path):
        return "is not a path inside the tree"
    return None


def wrong_patch_name(name: str) -> str | None:
    """Refuse a patch's file name without its four digits."""
    if re.fullmatch(r"[0-9]{4}-[A-Za-z0-9][A-Za-z0-9._+-]*\.patch", name):
        return None
    return "is not of the form NNNN-what-it-does.patch"
