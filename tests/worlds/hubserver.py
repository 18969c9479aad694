"""A hub on 127.0.0.1: speaks as much of a hub's protocol as its real client asks for, and fails on request.

`Repository` is what it serves, `Faults` how it fails; `HuggingFace`, `ModelScope` and `OpenMind` are the
three dialects. openMind's client insists on https and on its own domain, so that server is a proxy as well:
the client's CONNECT to modelers.cn ends here, in TLS by a certificate of the test's own authority.
"""

import hashlib
import json
import re
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass
class Repository:
    """One model: its files at one commit, and the names of that commit."""

    name: str
    files: dict[str, bytes]
    branches: tuple[str, ...] = ("main", "master")
    #: Overrides of what the hub announces of a file.
    announced: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: What the listing names besides the files.
    listed: tuple[str, ...] = ()

    @property
    def commit(self) -> str:
        told = sorted((name, hashlib.sha256(data).hexdigest()) for name, data in self.files.items())
        return hashlib.sha1(repr(told).encode()).hexdigest()

    def entries(self) -> list[dict[str, Any]]:
        """Name, size, sha256, git id and whether it is in LFS, of every file."""
        found = []
        for name in sorted({*self.files, *self.listed}):
            data = self.files.get(name, b"")
            blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            entry = {
                "name": name,
                "size": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "blob": blob,
            }
            entry["lfs"] = name.endswith((".safetensors", ".bin"))
            found.append(entry | self.announced.get(name, {}))
        return found


@dataclass
class Faults:
    """How the hub fails; each is as it is set until it is set anew."""

    status: int | None = None  # the answer to every request
    file_status: int | None = None  # the answer to every request for a file's contents
    drop_after: int | None = None  # the connection of a file's contents ends after so many bytes
    drops: int = 0  # how often
    dropped_status: int | None = None  # the answer to a request for contents after that
    redirect: bool = False  # contents come from another place
    hold: bool = False  # contents stop after a kilobyte until `Hub.release`
    ignore_range: bool = False
    silent: bool = False  # no answer until `Hub.release`


class Hub:
    """A running hub. `asked` holds every request: method, path with query, headers."""

    dialect: ClassVar[type["Dialect"]]
    hub: ClassVar[str]
    endpoint_variable: ClassVar[str]

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.faults = Faults()
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        #: Set when contents are held, and to release them.
        self.held, self.released = threading.Event(), threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.dialect)
        self.server.daemon_threads = True
        self.server.owner = self  # type: ignore[attr-defined]
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def source(self) -> str:
        return f"{self.hub}:{self.repository.name}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """What a client needs to find this hub and none else."""
        return {self.endpoint_variable: self.url}

    def hold(self) -> None:
        """Send a kilobyte of each large file, then nothing until `release`; sets `held`."""
        self.faults.hold = True

    def release(self) -> None:
        """Send the rest, and whole files from now on."""
        self.faults.hold = False
        self.released.set()

    def stop(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def contents_asked(self) -> list[tuple[str, dict[str, str]]]:
        """The requests for files' contents: path and headers."""
        return [(path, headers) for _, path, headers in self.asked if self.dialect.contents.search(path)]


class Dialect(BaseHTTPRequestHandler):
    """What the three have in common."""

    protocol_version = "HTTP/1.1"
    contents: ClassVar[re.Pattern[str]]

    @property
    def hub(self) -> Hub:
        return self.server.owner  # type: ignore[attr-defined, no-any-return]

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.hub.asked.append((self.command, self.path, dict(self.headers)))
        faults = self.hub.faults
        if faults.silent:
            self.hub.released.wait()
            self.close_connection = True
            return
        address = urlsplit(self.path)
        asked = {key: values[0] for key, values in parse_qs(address.query).items()}
        is_file = bool(self.contents.search(self.path))
        gone = faults.dropped_status if faults.drop_after is not None and not faults.drops else None
        if status := faults.status or (faults.file_status or gone if is_file else None):
            self.answer(status, {"code": "failed", "msg": "no", "Message": "no"})
        else:
            self.route(unquote(address.path), asked)

    def route(self, path: str, asked: dict[str, str]) -> None:
        raise AssertionError(path)

    def answer(self, status: int, data: Any, **headers: str) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def known(self, revision: str) -> bool:
        repository = self.hub.repository
        return revision in (*repository.branches, repository.commit)

    def serve(self, name: str) -> None:
        """A file's contents, with Range, with the faults."""
        hub, faults = self.hub, self.hub.faults
        if name not in hub.repository.files:
            self.answer(404, {"code": "branch_or_path_not_found"}, X_Error_Code="EntryNotFound")
            return
        if faults.redirect and "elsewhere=1" not in self.path:
            self.send_response(302)
            self.send_header("Location", self.elsewhere())
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data, start = hub.repository.files[name], 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked and not faults.ignore_range:
            start = int(asked[1])
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.end_headers()
        if self.command != "HEAD":
            try:
                self.pour(data[start:])
            except ConnectionError:  # the client has gone
                self.close_connection = True

    def pour(self, data: bytes) -> None:
        faults = self.hub.faults
        if faults.drop_after is not None and faults.drops > 0 and len(data) > faults.drop_after:
            faults.drops -= 1
            self.wfile.write(data[: faults.drop_after])
            self.wfile.flush()
            self.close_connection = True
            return
        if faults.hold and len(data) > 1024:
            self.wfile.write(data[:1024])
            data = data[1024:]
            self.hub.held.set()
            self.hub.released.wait()
        self.wfile.write(data)

    def elsewhere(self) -> str:
        return f"{self.hub.url}{self.path}{'&' if '?' in self.path else '?'}elsewhere=1"


class _HuggingFace(Dialect):
    contents = re.compile(r"/resolve/")

    def route(self, path: str, asked: dict[str, str]) -> None:
        name = self.hub.repository.name
        if found := re.fullmatch(rf"/api/models/{name}/revision/(.+)", path):
            if not self.known(found[1]):
                self.answer(404, {"error": "Invalid rev id"}, X_Error_Code="RevisionNotFound")
                return
            siblings = [
                {
                    "rfilename": entry["name"],
                    "size": entry["size"],
                    "blobId": entry["blob"],
                    **(
                        {"lfs": {"sha256": entry["sha256"], "size": entry["size"], "pointerSize": 134}}
                        if entry["lfs"]
                        else {}
                    ),
                }
                for entry in self.hub.repository.entries()
            ]
            self.answer(
                200, {"id": name, "modelId": name, "sha": self.hub.repository.commit, "siblings": siblings}
            )
        elif found := re.fullmatch(rf"/{name}/resolve/{self.hub.repository.commit}/(.+)", path):
            self.serve(found[1])
        else:
            self.answer(404, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")


class _ModelScope(Dialect):
    contents = re.compile(r"/repo\?")

    def route(self, path: str, asked: dict[str, str]) -> None:
        repository = self.hub.repository
        if not path.startswith(f"/api/v1/models/{repository.name}/repo") or not self.known(
            asked.get("Revision", "")
        ):
            self.answer(404, {"Code": 10010205001, "Message": "no such model", "Success": False})
        elif path.endswith("/repo/files"):
            files = [
                {
                    "Name": entry["name"].rsplit("/", 1)[-1],
                    "Path": entry["name"],
                    "Size": entry["size"],
                    "Sha256": entry["sha256"],
                    "Type": "blob",
                    "Revision": repository.commit,
                }
                for entry in repository.entries()
            ]
            newest = {"Id": "", "ShortId": repository.commit[:8]}  # as the real one has been seen to answer
            self.answer(
                200, {"Code": 200, "Success": True, "Data": {"Files": files, "LatestCommitter": newest}}
            )
        else:
            self.serve(asked["FilePath"])


class _OpenMind(Dialect):
    contents = re.compile(r"/media/")

    def do_CONNECT(self) -> None:
        """Be modelers.cn: TLS in this very connection."""
        self.hub.asked.append((self.command, self.path, dict(self.headers)))
        self.send_response(200)
        self.end_headers()
        self.connection = self.hub.tls.wrap_socket(self.connection, server_side=True)  # type: ignore[attr-defined]
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self.connection.close()

    def elsewhere(self) -> str:
        return f"https://cdn.modelers.cn{self.path}?elsewhere=1"

    def route(self, path: str, asked: dict[str, str]) -> None:
        repository = self.hub.repository
        name, commit = (
            repository.name,
            {"commit_sha": repository.commit, "message": "it", "created": "2026-01-02T03:04:05Z"},
        )
        entries = {entry["name"]: entry for entry in repository.entries()}
        etags = {key: entry["sha256"] if entry["lfs"] else entry["blob"] for key, entry in entries.items()}
        if path == f"/api/v1/model/{name}":
            self.answer(200, {"data": {"id": "1", "name": name.split("/")[1], "owner": name.split("/")[0]}})
        elif path == f"/api/v1/file/{name}" and self.known(asked.get("ref", "main")):
            tree = [
                {
                    "type": "file",
                    "path": key,
                    "size": entry["size"],
                    "etag": etags[key],
                    "is_lfs": entry["lfs"],
                    "commit": commit,
                }
                for key, entry in entries.items()
            ]
            self.answer(200, {"data": {"last_commit": {"commit": commit}, "tree": tree}})
        elif path == f"/api/v1/file/{name}/info" and asked["path"] in entries:
            entry = entries[asked["path"]]
            data = {
                "branch_last_commit": repository.commit,
                "etag": etags[entry["name"]],
                "size": entry["size"],
            }
            self.answer(200, {"data": data | {"path": entry["name"], "is_lfs": entry["lfs"]}})
        elif found := re.fullmatch(rf"/api/v1/file/{name}/{repository.commit}/media/(.+)", path):
            self.serve(found[1])
        else:
            self.answer(404, {"code": "ref_not_exist" if f"/{name}" in path else "repo_not_exist"})


class HuggingFace(Hub):
    """huggingface.co, as huggingface_hub sees it."""

    dialect, hub, endpoint_variable = _HuggingFace, "hf", "HF_ENDPOINT"


class ModelScope(Hub):
    """modelscope.cn, as modelscope_hub sees it."""

    dialect, hub, endpoint_variable = _ModelScope, "modelscope", "MODELSCOPE_ENDPOINT"


class OpenMind(Hub):
    """modelers.cn, as openmind_hub sees it."""

    dialect, hub, endpoint_variable = _OpenMind, "openmind", "OPENMIND_HUB_ENDPOINT"

    def __init__(self, repository: Repository, directory: Path) -> None:
        from worlds.certificates import authority

        self.ca, certificate = authority(directory, "*.modelers.cn", "modelers.cn")
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate)
        super().__init__(repository)

    def environment(self) -> dict[str, str]:
        return {"HTTPS_PROXY": self.url, "https_proxy": self.url, "REQUESTS_CA_BUNDLE": str(self.ca)}
