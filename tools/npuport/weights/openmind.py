"""openMind (Modelers), by openmind_hub. Runs in the client's process; see `client`."""

import contextlib
import os
from pathlib import Path

from npuport.weights.remote import Listing, RemoteFile


def listing(name: str, revision: str, scratch: Path) -> Listing:
    """The model's files at a branch, tag or commit."""
    from openmind_hub import OmApi, RepoFile  # type: ignore[import-untyped, unused-ignore]

    del scratch
    api, token = OmApi(), _token()
    commit = api.get_repo_last_commit(name, revision=revision, token=token).oid
    files = [
        file
        for file in api.list_repo_tree(name, recursive=True, revision=commit, token=token)
        if isinstance(file, RepoFile)
    ]
    return Listing(
        commit,
        tuple(
            RemoteFile(
                file.path,
                int(file.size),
                sha256=file.lfs.sha256 if file.lfs else None,
                blob=None if file.lfs else file.blob_id,
            )
            for file in files
        ),
    )


def get(name: str, commit: str, file: RemoteFile, into: Path, scratch: Path) -> None:
    """Download one file; the client resumes an interrupted download.

    The client writes only below its own home, which `hub` puts into `scratch`.
    """
    from openmind_hub import OM_HUB_CACHE, om_hub_download

    for part in Path(OM_HUB_CACHE).glob(f"*/blobs/{file.sha256 or file.blob}.incomplete"):
        if part.stat().st_size >= file.size:
            part.unlink()  # the client would ask for the bytes after the last one, and fail for ever
    held = scratch / "openmind" / "files"
    with contextlib.suppress(ValueError):  # the file differs from the announced one: `fetch` reports that
        om_hub_download(
            name,
            file.name,
            revision=commit,
            local_dir=held,
            local_dir_use_symlinks=False,
            token=_token(),
        )
    (held / file.name).rename(into / file.name)


def _token() -> str | None:
    """The client keeps no login of its own; a token is always an argument."""
    return os.environ.get("OPENMIND_HUB_TOKEN") or None
