"""Hugging Face, by huggingface_hub. Runs in the client's process; see `client`."""

from pathlib import Path

from npuport.weights.remote import Listing, RemoteFile


def listing(name: str, revision: str, scratch: Path) -> Listing:
    """The model's files at a branch, tag or commit."""
    from huggingface_hub import HfApi, constants

    del scratch
    timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT  # without one it would wait for ever
    info = HfApi().model_info(name, revision=revision, files_metadata=True, timeout=timeout)
    return Listing(
        info.sha or "",
        tuple(
            RemoteFile(
                file.rfilename,
                int(file.size or 0),
                sha256=file.lfs.sha256 if file.lfs else None,
                blob=None if file.lfs else file.blob_id,  # of a file in LFS it names the pointer
            )
            for file in info.siblings or ()
        ),
    )


def get(name: str, commit: str, file: RemoteFile, into: Path, scratch: Path) -> None:
    """Download one file; an interrupted download is resumed.

    `hf_hub_download` begins anew in each process since huggingface_hub 1.0; its own `http_get` resumes.
    """
    from huggingface_hub import constants, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils._headers import build_hf_headers

    constants.DOWNLOAD_CHUNK_SIZE = 1 << 20  # its ten megabytes would be lost with an interrupt
    part = scratch / f"{file.name}.incomplete"
    if part.exists() and part.stat().st_size > file.size:
        part.unlink()
    with part.open("ab") as stream:
        http_get(
            hf_hub_url(name, file.name, revision=commit),
            stream,
            resume_size=stream.tell(),
            headers={**build_hf_headers(), "Accept-Encoding": "identity"},
            expected_size=file.size,
        )
    part.rename(into / file.name)
