"""Between a request and the WSGI application.

Owns: the environ, as far as it does not follow from the head (``asked``); the counting of response bytes against their
declared length.
Never: ends a response cleanly that is not whole.
Follows: PEP 3333.
Invariants: what the client sees as a complete response is complete: too short, too long or broken off, the
connection is cut (``Cut``) before its framing could say otherwise.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from cheroot.wsgi import Gateway_10

from davserver.dav.filespan import ENVIRON_KEY, FileSpan
from davserver.middleware.exchange import WAITED_KEY
from davserver.server.reply import reply_of
from davserver.server.request import Request

ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]
_SMALL = 8 << 10
"""To copy so many bytes costs less than to tell the kernel of several pieces."""


class Cut(Exception):
    """The response cannot be completed: the connection must not look as if it were."""


class Gateway(Gateway_10):
    """Runs the application for one request."""

    version = ("davserver", 1)
    req: Request

    def __init__(self, req: Request) -> None:
        # Not calling up: each request comes by here, and cheroot's constructors do no more than this.
        self.req = req
        self.started_response = False
        self.remaining_bytes_out: int | None = None
        self.env = self.get_environ()

    def get_environ(self) -> dict[str, Any]:  # type: ignore[override]  # cheroot's stub says None
        """Return the environ: what the head says, who sent it, and where the body is read."""
        req = self.req
        conn = req.conn
        environ = {
            **req.asked.environ,
            "REMOTE_ADDR": conn.remote_addr or "",
            "REMOTE_PORT": str(conn.remote_port or ""),
            ENVIRON_KEY: conn.is_plain,
            WAITED_KEY: conn.waited_s,
            "wsgi.errors": sys.stderr,
            "wsgi.input": req.rfile,
        }
        if conn.ssl_env:
            environ.update(conn.ssl_env)
        return environ

    def respond(self) -> None:
        """Send what the application returns. Errors: Cut, ClientGone; what it raises before its response began."""
        response: Iterable[bytes] = self.req.server.wsgi_app(self.env, self.start_response)
        try:
            if isinstance(response, list | tuple):
                self._declare(response)
            for chunk in response:
                if chunk:
                    self.write(chunk)
            self._finish()
        finally:
            close = getattr(response, "close", None)
            if close is not None:
                close()

    def start_response(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: ExcInfo | None = None,
    ) -> Callable[[bytes], None]:
        """Take status and headers; they are sent with the first bytes of the body."""
        if exc_info is not None and exc_info[1] is not None and self.req.sent_headers:
            raise exc_info[1]
        if self.started_response and exc_info is None:
            raise RuntimeError("start_response was called twice")
        self.req.reply = reply = reply_of(status, headers)
        self.remaining_bytes_out = reply.length
        self.started_response = True
        return self.write

    def write(self, chunk: bytes) -> None:
        """Send a piece of the body, the head before the first one. Errors: Cut, ClientGone."""
        if not self.started_response:
            raise RuntimeError("the application wrote before it called start_response")
        if self._has_no_body():
            return
        head = b"" if self.req.sent_headers else self.req.response_head()
        size = len(chunk)
        left = self.remaining_bytes_out
        if left is not None and size > left:
            self._send(head, chunk[:left])
            raise Cut(f"the response is {size - left} bytes longer than its Content-Length, or more")
        if self.req.chunked_write:
            self._send(head + b"%x\r\n" % size, chunk, b"\r\n")
        else:
            self._send(head, chunk)
        if left is not None:
            self.remaining_bytes_out = left - size

    def _send(self, before: bytes, chunk: bytes, after: bytes = b"") -> None:
        out = self.req.conn.wfile
        if isinstance(chunk, FileSpan):
            out.write(before)
            out.send_file(chunk.fd, chunk.offset, chunk.length)
            out.write(after)
        elif len(chunk) <= _SMALL:
            out.write(b"".join((before, chunk, after)))
        else:
            out.write_together(before, chunk, after)

    def _has_no_body(self) -> bool:
        return self.req.method == b"HEAD" or self.req.reply.code in {204, 304}

    def _declare(self, response: list[bytes] | tuple[bytes, ...]) -> None:
        """Give a response that is all there its length."""
        if self.started_response and self.remaining_bytes_out is None and not self._has_no_body():
            self.remaining_bytes_out = sum(len(chunk) for chunk in response)
            self.req.reply = self.req.reply._replace(length=self.remaining_bytes_out)

    def _finish(self) -> None:
        if not self.started_response:
            raise RuntimeError("the application did not call start_response")
        if not self.req.sent_headers:
            self.req.ensure_headers_sent()
        if self.remaining_bytes_out and not self._has_no_body():
            raise Cut(f"the response is {self.remaining_bytes_out} bytes shorter than its Content-Length")
        if self.req.chunked_write:
            self.req.conn.wfile.write(b"0\r\n\r\n")
