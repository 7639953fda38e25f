"""One request on a connection: read strictly, answered with a framing that cannot lie.

Owns: cheroot's HTTPRequest with our own reading of the head, body and our own response head.
Never: reads ahead of the request's end, keeps a connection whose next byte could belong to the last body.
Follows: RFC 9112 sections 6, 9.3, 9.6; RFC 9110 sections 6.6.1 (Date), 10.1.1 (100-continue).
"""

from __future__ import annotations

import email.utils
import time
import urllib.parse
from typing import TYPE_CHECKING, Any

from cheroot.server import HTTPRequest

from davserver.server.body import Body, ChunkedBody, DeclaredBody
from davserver.server.head import Head, Refused, read_head

if TYPE_CHECKING:
    from davserver.server.connection import Connection
    from davserver.server.http import Server

DRAIN_LIMIT = 1 << 20
"""Bytes of an unread body that are cheaper to read than a new connection."""

_HOP_BY_HOP = frozenset((b"connection", b"keep-alive", b"transfer-encoding"))


class Request(HTTPRequest):
    """A request and its response."""

    server: Server
    conn: Connection
    head: Head
    rfile: Body

    def parse_request(self) -> None:
        """Read the head; ``ready`` tells whether there is a request to respond to."""
        source = self.conn.rfile.source
        source.start_deadline(self.server.limits.head_s)
        try:
            head = read_head(self.conn.rfile, self.server.limits.head)
        except Refused as refusal:
            self.started_request = True
            self.refuse(refusal.status, refusal.reason)
            return
        source.end_deadline()
        if head is not None:
            self._take(head)

    def _take(self, head: Head) -> None:
        self.started_request = True
        self.head = head
        limit = self.server.limits.body
        if limit and head.length is not None and head.length > limit:
            self.refuse("413 Content Too Large", f"at most {limit} bytes are taken")
            return
        self.method = head.method
        self.uri = head.target
        path, _, self.qs = head.target.partition(b"?")
        self.path = urllib.parse.unquote_to_bytes(path)
        self.request_protocol = b"HTTP/%d.%d" % head.version
        self.response_protocol = self.request_protocol.decode("ascii")
        self.close_connection = not head.keep_alive
        self.chunked_read = head.length is None
        before = self._send_continue if head.expects_continue else None
        if head.length is None:
            self.rfile = ChunkedBody(self.conn.rfile, limit, before)
        else:
            self.rfile = DeclaredBody(self.conn.rfile, head.length, before)
        self.ready = True

    def respond(self) -> None:
        """Let the application answer."""
        self.server.gateway(self).respond()
        if not self.rfile.finished:
            self.close_connection = True

    def refuse(self, status: str, reason: str) -> None:
        """Answer instead of the application, and close: nobody knows where the next request would begin."""
        self.close_connection = True
        self.simple_response(status, reason + "\n")

    def simple_response(self, status: str, msg: str = "") -> None:
        """Send a short text as the whole response and close the connection."""
        body = msg.encode("utf-8")
        self.close_connection = True
        self.sent_headers = True
        lines = [
            b"HTTP/1.1 " + status.encode("ascii"),
            b"Content-Length: %d" % len(body),
            b"Content-Type: text/plain; charset=utf-8",
            b"Connection: close",
            b"Date: " + http_date(),
        ]
        text = b"" if getattr(self, "method", b"") == b"HEAD" else body
        self.conn.linger = True
        self.conn.wfile.write(b"\r\n".join(lines) + b"\r\n\r\n" + text)

    def send_headers(self) -> None:
        """Send the response's head alone."""
        self.conn.wfile.write(self.response_head())

    def response_head(self) -> bytes:
        """Settle how the response is framed and whether the connection stays; return the head to send."""
        self.sent_headers = True
        status = int(self.status[:3])
        names = {name.lower() for name, _ in self.outheaders}
        bodiless = status < 200 or status in {204, 304}
        if not bodiless and b"content-length" not in names and self.method != b"HEAD":
            if self.response_protocol == "HTTP/1.1":
                self.chunked_write = True
            else:
                self.close_connection = True  # the end of the connection is the end of the body
        if not self.rfile.finished and not self.rfile.drain(DRAIN_LIMIT):
            self.close_connection = True
            self.conn.linger = True
        if not self.close_connection and not self.server.can_add_keepalive_connection:
            self.close_connection = True
        return self._format_head(names, drop_length=status < 200 or status == 204)

    def _format_head(self, names: set[bytes], *, drop_length: bool) -> bytes:
        lines = [b"HTTP/1.1 " + self._status_line()]
        for name, value in self.outheaders:
            lowered = name.lower()
            if lowered in _HOP_BY_HOP or (drop_length and lowered == b"content-length"):
                continue  # framing is decided here: PEP 3333 forbids these to applications
            lines.append(name + b": " + value)
        if self.chunked_write:
            lines.append(b"Transfer-Encoding: chunked")
        if self.close_connection:
            lines.append(b"Connection: close")
        elif self.response_protocol == "HTTP/1.0":
            lines.append(b"Connection: keep-alive")
        if b"date" not in names:
            lines.append(b"Date: " + http_date())
        if b"server" not in names:
            lines.append(b"Server: " + self.server.banner)
        lines.append(b"\r\n")
        return b"\r\n".join(lines)

    def _status_line(self) -> bytes:
        status: Any = self.status  # cheroot's gateway stores bytes, its stubs say text
        return status if isinstance(status, bytes) else str(status).encode("latin-1")

    def _send_continue(self) -> None:
        """Ask for the body, unless the client sent some of it without waiting or an answer went out already."""
        if not self.sent_headers and not self.conn.rfile.has_data():
            self.conn.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")


_date = (0, b"")


def http_date() -> bytes:
    """Return the time now as a Date header has it; formatted once a second."""
    global _date  # noqa: PLW0603  # a cache of one immutable pair: replaced whole, a race costs one formatting
    now = int(time.time())
    known, text = _date
    if known != now:
        text = email.utils.formatdate(now, usegmt=True).encode("ascii")
        _date = (now, text)
    return text
