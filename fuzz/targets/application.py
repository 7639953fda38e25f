"""The application as a whole, in this process: a request as its bytes, through every wrapper, into a real house."""

from __future__ import annotations

import gzip
import io
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree

from davserver.config import Settings
from davserver.server.board import Board
from davserver.server.body import ChunkedBody, DeclaredBody
from davserver.server.compose import compose
from davserver.server.head import HeadLimits, Refused, read_head
from davserver.server.process import Site
from davserver.server.sockets import parse_listen
from fuzz.seeds import recorded_requests
from fuzz.target import Target

_FRESH_EVERY = 1000
"""So many requests meet one house: what one did stays for the next, but a lock does not stand in the way for ever."""
_BEYOND_US = {501, 502, 507}
_MOST_BODY = 1 << 20


class _Stage:
    """The house that requests meet, with one file in one collection."""

    def __init__(self) -> None:
        self._folder: TemporaryDirectory[str] | None = None
        self._site: Site | None = None
        self._numbers = count()

    def app(self) -> Any:
        """Return the application for the next request."""
        if next(self._numbers) % _FRESH_EVERY == 0:
            self._begin_anew()
        assert self._site is not None
        return self._site.app

    def close(self) -> None:
        """Let go of the house; the next request gets a new one."""
        if self._site is not None:
            for close in self._site.closing:
                close()
        if self._folder is not None:
            self._folder.cleanup()
        self._site, self._folder, self._numbers = None, None, count()

    def _begin_anew(self) -> None:
        self.close()
        next(self._numbers)
        shared_memory = Path("/dev/shm")  # nothing of it is trusted; a disk would be a hundred times slower
        self._folder = TemporaryDirectory(dir=shared_memory if shared_memory.is_dir() else None)
        settings = Settings(data=Path(self._folder.name) / "data", log_access=False)
        settings.data.mkdir()
        self._site = compose(settings, parse_listen("127.0.0.1:8080"), Board(), multiprocess=False)
        for request in (b"MKCOL /c HTTP/1.0\r\n\r\n", b"PUT /c/f HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello"):
            status, _, _ = _answer(self._site.app, request)
            assert status == 201


STAGE = _Stage()


def check_request(data: bytes) -> bool:
    """Whatever comes is answered, by no error of ours, with headers of one line each and well-formed XML."""
    try:
        status, headers, body = _answer(STAGE.app(), data)
    except (Refused, EOFError):
        return False
    assert 200 <= status < 500 or status in _BEYOND_US, status
    for name, value in headers.items():
        assert not {*"\r\n\0"} & {*name, *value}, (name, value)
    assert headers["x-content-type-options"] == "nosniff"
    if "content-length" in headers and not data.lstrip(b"\r\n").startswith(b"HEAD") and status != 304:
        assert len(body) == int(headers["content-length"])
    if headers.get("content-encoding") == "gzip" and body:
        body = gzip.decompress(body)
    if headers.get("content-type", "").startswith("application/xml; charset=utf-8") and body.startswith(b"<?xml"):
        ElementTree.fromstring(body)
    return True


def _answer(app: Any, data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Serve one request; raises Refused for its head, EOFError if there is none."""
    stream = io.BufferedReader(io.BytesIO(data))  # type: ignore[arg-type]  # BytesIO is raw enough
    head = read_head(stream, HeadLimits(size=8192, fields=50))
    if head is None:
        raise EOFError
    path, _, query = head.target.partition(b"?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": head.method.decode(),
        "REQUEST_URI": head.target.decode("latin-1"),
        "PATH_INFO": _unquoted(path),
        "QUERY_STRING": query.decode("latin-1"),
        "SCRIPT_NAME": "",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "1",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": ChunkedBody(stream, _MOST_BODY) if head.length is None else DeclaredBody(stream, head.length),
    }
    for name, value in head.fields.items():
        key = name.decode().upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else "HTTP_" + key] = value.decode("latin-1")
    answered: list[tuple[int, dict[str, str]]] = []

    def start(status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> None:
        answered.append((int(status[:3]), {name.lower(): value for name, value in headers}))

    response = app(environ, start)
    try:
        body = b"".join(response)
    finally:
        response.close()
    return (*answered[-1], body)


def _unquoted(path: bytes) -> str:
    from urllib.parse import unquote_to_bytes  # noqa: PLC0415  # as the gateway does it

    return unquote_to_bytes(path).decode("latin-1")


_WORDS = (
    b"PROPFIND ", b"REPORT ", b"SEARCH ", b"PATCH ", b"POST ", b"COPY ", b"MOVE ", b"LOCK ", b"UNLOCK ", b"DELETE ",
    b"\r\nDepth: infinity", b"\r\nDestination: /c/g", b"\r\nOverwrite: F", b"\r\nIf: (<x>)", b"\r\nRange: bytes=1-2,4-",
    b"\r\nContent-Range: bytes 1-2/*", b"\r\nUpload-Complete: ?0", b"\r\nX-OC-Mtime: 5", b"\r\nTimeout: Second-9",
    b"\r\nContent-Type: application/json", b"\r\nX-Update-Range: append", b"\r\nTransfer-Encoding: chunked",
    b"/by_id/", b"/history/c/", b"/_/uploads/", b"/_/api/collections/c/changes", b"/remote.php/dav/uploads/u/1/.file",
    b"\r\nOC-Checksum: SHA1:", b"\r\nRepr-Digest: sha-256=:", b"\r\nWant-Repr-Digest: sha-256=1", b"\r\nIf-Match: *",
    b"\r\nAccept-Encoding: gzip", b"\r\nX-Forwarded-Prefix: /d", b"\r\nAuthorization: Basic dTpw", b"%2F", b"%00",
)  # fmt: skip
TARGETS = (Target("application", check_request, tuple(recorded_requests()), _WORDS, 4096, share=6),)
