"""ModelScope, by modelscope_hub, the client under the package modelscope. Runs in the client's process."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from npuport.weights.remote import Listing, RemoteFile
from npuport.weights.spec import is_commit


def listing(name: str, revision: str, scratch: Path) -> Listing:
    """The model's files at a branch, tag or commit.

    Raises:
        LookupError: the hub does not name the commit of a branch or tag.
    """
    api = _api(scratch)
    commit = _commit(api, name, revision)
    files = api.list_repo_files(name, "model", revision=commit)
    return Listing(
        commit,
        tuple(
            RemoteFile(file.path, int(file.size), sha256=file.sha256 or None)
            for file in files
            if file.type != "tree"
        ),
    )


def get(name: str, commit: str, file: RemoteFile, into: Path, scratch: Path) -> None:
    """Download one file; the client resumes an interrupted download."""
    held = scratch / "files"
    _api(scratch).download_file(
        name,
        "model",
        file.name,
        revision=commit,
        local_dir=held,
        cache_dir=scratch / "cache",
        file_size=file.size,
    )
    (held / file.name).rename(into / file.name)


def _api(scratch: Path) -> Any:
    """The client with the user's own login, but without the session id by which it would know the machine."""
    from modelscope_hub import HubApi, HubConfig, set_default_config

    own = HubConfig()
    config = replace(own, config_dir=scratch / "session", cache_dir=scratch / "cache", token=own.token or "")
    set_default_config(config)
    return HubApi(config)


def _commit(api: Any, name: str, revision: str) -> str:
    """The commit that a revision is.

    The client drops the hub's answer to this, the newest commit of the listing: `Id`, or, where that is
    empty, `ShortId`, which the files' own `Revision` completes. So we make the client's request and read it.
    """
    answer = api.legacy._request(
        "GET", f"models/{name}/repo/files", params={"Revision": revision, "Recursive": "True"}
    )
    data = answer.json().get("Data") or {}
    newest = data.get("LatestCommitter") or {}
    full, short = str(newest.get("Id") or ""), str(newest.get("ShortId") or "")
    if is_commit(revision):
        if (full and full != revision) or (short and not revision.startswith(short)):
            raise LookupError(f"asked for {revision[:12]}, it answers with {(full or short)[:12]}")
        return revision
    known = {str(file.get("Revision") or "") for file in data.get("Files") or ()} | {full}
    found = {commit for commit in known if is_commit(commit) and commit.startswith(full or short or "?")}
    if len(found) != 1:
        raise LookupError(f"it does not name the commit of {revision}")
    return found.pop()
