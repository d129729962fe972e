"""The little of the hub that fetching a model needs, on loopback: a real HTTP server that can be made to fail."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE = (".safetensors", ".bin", "tokenizer.json")


@dataclass
class Repository:
    """Files of one revision. `commit` follows from them."""

    files: dict[str, bytes]

    @property
    def commit(self) -> str:
        return hashlib.sha1(repr(sorted(self.files.items())).encode()).hexdigest()

    def digest(self, name: str) -> str:
        """As the hub names a blob: sha256 of a large file, git's hash of a small one."""
        content = self.files[name]
        if name.endswith(LARGE):
            return hashlib.sha256(content).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()

    def lfs(self, name: str, key: str) -> dict[str, Any] | None:
        if not name.endswith(LARGE):
            return None
        return {key: self.digest(name), "size": len(self.files[name]), "pointerSize": 134}


@dataclass
class Hub:
    """`cuts`: after how many bytes of the weights the connection breaks, one for each of the next requests.
    `dead`: weights are not served at all. `gated`: its files are for those who asked."""

    repositories: dict[str, dict[str, Repository]] = field(default_factory=dict)
    offers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    cuts: list[int] = field(default_factory=list)
    dead: bool = False
    fetched: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""

    def add(self, name: str, folder: Path, revision: str = "main", **more: bytes) -> Repository:
        files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        repository = Repository({**files, **more})
        self.repositories.setdefault(name, {})[revision] = repository
        return repository

    def names_fetched(self) -> list[str]:
        return [name for name, _ in self.fetched]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: object) -> None: ...

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        if path.startswith("/api/models/"):
            self._tell(path.removeprefix("/api/models/"))
        else:
            name, _, rest = path.removeprefix("/").partition("/resolve/")
            self._file(name, rest, with_body=with_body)

    def _tell(self, path: str) -> None:
        name = "/".join(path.split("/")[:2])
        rest = path.removeprefix(name).removeprefix("/")
        if name not in self.hub.repositories:
            return self._refuse(404, "RepoNotFound")
        what, _, revision = rest.partition("/")
        if what == "discussions":
            offers = self.hub.offers.get(name, [])
            return self._json({"discussions": offers, "count": len(offers), "start": 0})
        repository = _find(self.hub.repositories[name], revision or "main")
        if repository is None:
            return self._refuse(404, "RevisionNotFound")
        if what == "tree":
            return self._json(
                [
                    {"type": "file", "path": file, "size": len(content), "oid": repository.digest(file)}
                    | ({"lfs": lfs} if (lfs := repository.lfs(file, "oid")) else {})
                    for file, content in repository.files.items()
                ]
            )
        siblings = [
            {"rfilename": file, "size": len(content), "blobId": repository.digest(file)}
            | ({"lfs": lfs} if (lfs := repository.lfs(file, "sha256")) else {})
            for file, content in repository.files.items()
        ]
        return self._json({"id": name, "modelId": name, "sha": repository.commit, "siblings": siblings})

    def _file(self, name: str, rest: str, *, with_body: bool) -> None:
        revision, _, file = rest.rpartition("/")
        repository = _find(self.hub.repositories.get(name, {}), revision)
        if repository is None or file not in repository.files:
            return self._refuse(404, "EntryNotFound")
        if name in self.hub.gated:
            return self._refuse(403, "GatedRepo")
        content = repository.files[file]
        wanted = self.headers.get("Range") if with_body else None
        start = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("ETag", f'"{repository.digest(file)}"')
        self.send_header("X-Repo-Commit", repository.commit)
        self.send_header("Content-Length", str(len(content) - start))
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if not with_body:
            return None
        self.hub.fetched.append((file, wanted))
        if file.endswith(".safetensors") and (self.hub.dead or self.hub.cuts):
            self.wfile.write(content[start : start + (0 if self.hub.dead else self.hub.cuts.pop(0))])
            self.close_connection = True  # fewer bytes than promised
            return None
        self.wfile.write(content[start:])
        return None

    def _json(self, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("X-Error-Message", code)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    """Serve until the end of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="hub")
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _find(revisions: dict[str, Repository], revision: str) -> Repository | None:
    by_commit = {repository.commit: repository for repository in revisions.values()}
    return revisions.get(revision) or by_commit.get(revision)
