"""A small WebDAV client for the tests: what goes over the wire is what the test says.

Paths are given as people read them ("a b/c"); ``Dav`` writes them as a URL. A request keeps its connection.
"""

from __future__ import annotations

import http.client
import select
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree

DAV = "{DAV:}"
TIMEOUT_S = 60.0
LISTED = (
    b'<?xml version="1.0"?><propfind xmlns="DAV:"><prop><resourcetype/><getcontentlength/><getetag/></prop></propfind>'
)

NO_ANSWER = (OSError, http.client.HTTPException)
"""What a request raises when the server went away before it was answered."""


class Entry(NamedTuple):
    """One resource of a listing; ``size`` and ``etag`` are None for a folder."""

    path: str
    is_folder: bool
    size: int | None
    etag: str | None


@dataclass(frozen=True)
class Answer:
    """A whole response."""

    status_code: int
    headers: http.client.HTTPMessage
    content: bytes


class Dav:
    """Requests below one base address, such as ``http://127.0.0.1:8080``. One thread at a time."""

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")
        self._connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=TIMEOUT_S)

    def close(self) -> None:
        """End the kept connection."""
        self._connection.close()

    def __enter__(self) -> Dav:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

    def url(self, path: str) -> str:
        """Write a path as the address of its resource."""
        return f"{self.base}/{quote(path.lstrip('/'), safe='/')}"

    def send(
        self, method: str, path: str, *, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request; return whatever answer came. Raises one of ``NO_ANSWER`` when none came."""
        self._leave_ended_connection()
        try:
            self._connection.request(method, urlsplit(self.url(path)).path, body=data, headers=dict(headers or {}))
            response = self._connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except NO_ANSWER:
            self._connection.close()
            raise

    def _leave_ended_connection(self) -> None:
        """Open a new connection if the server has ended the kept one, which it may after a time without requests."""
        sock = self._connection.sock
        if sock is not None and select.select([sock], [], [], 0)[0]:
            self._connection.close()

    def expect(self, method: str, path: str, *, data: bytes | None = None, **headers: str) -> Answer:
        """Send one request that has to succeed; headers are keywords with ``_`` for ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = self.send(method, path, data=data, headers=named)
        if not 200 <= response.status_code < 300 or (
            response.status_code == 207 and method in {"DELETE", "COPY", "MOVE"}
        ):
            raise AssertionError(f"{method} {path}: {response.status_code} {response.content[:300]!r}")
        return response

    def put(self, path: str, data: bytes) -> Answer:
        """Store a file."""
        return self.expect("PUT", path, data=data)

    def get(self, path: str) -> bytes:
        """Read a file whole."""
        return self.expect("GET", path).content

    def mkcol(self, path: str) -> None:
        """Make a folder or a collection."""
        self.expect("MKCOL", path)

    def copy(self, source: str, target: str) -> None:
        """Copy over whatever is there."""
        self.expect("COPY", source, Destination=self.url(target))

    def move(self, source: str, target: str) -> None:
        """Move over whatever is there."""
        self.expect("MOVE", source, Destination=self.url(target))

    def delete(self, path: str) -> None:
        """Remove a file, a folder or a collection."""
        self.expect("DELETE", path)

    def commit(self, collection: str) -> None:
        """Make a version of a collection (davserver's own API)."""
        self.expect("POST", f"_/api/collections/{collection}/commit", data=b"")

    def list(self, path: str, *, depth: str = "1") -> list[Entry]:
        """List a folder; its own entry comes first. Paths are relative to the base address."""
        response = self.expect("PROPFIND", path, data=LISTED, Depth=depth, Content_Type="application/xml")
        base = unquote(urlsplit(self.base).path)
        return list(_entries(response.content, base))

    def walk(self, root: str) -> Iterator[Entry]:
        """List everything below a folder, its paths relative to it; one request a folder."""
        root = root.strip("/")
        folders = [root]
        while folders:
            for entry in self.list(folders.pop() + "/")[1:]:
                if entry.is_folder:
                    folders.append(entry.path)
                yield entry._replace(path=entry.path[len(root) + 1 :])


def _entries(multistatus: bytes, base: str) -> Iterator[Entry]:
    for response in ElementTree.fromstring(multistatus).iter(f"{DAV}response"):
        href = response.findtext(f"{DAV}href", "")
        path = unquote(urlsplit(href).path)
        assert path.startswith(base + "/"), f"{href} is not below {base}/"
        path = path[len(base) :].strip("/")
        size = response.findtext(f".//{DAV}getcontentlength")
        is_folder = response.find(f".//{DAV}resourcetype/{DAV}collection") is not None
        yield Entry(
            path, is_folder, None if is_folder or size is None else int(size), response.findtext(f".//{DAV}getetag")
        )


def read_remote(dav: Dav, root: str) -> dict[str, bytes | None]:
    """Read a whole remote tree: path to content, ``None`` for a folder (the form of ``sampletree.Tree``)."""
    return {entry.path: None if entry.is_folder else dav.get(f"{root}/{entry.path}") for entry in dav.walk(root)}
