"""One request on a connection: read strictly, answered with a framing that cannot lie.

Owns: cheroot's HTTPRequest with our own reading of the head, body and our own response head.
Never: reads ahead of the request's end, keeps a connection whose next byte could belong to the last body.
Follows: RFC 9112 sections 6, 9.3, 9.6; RFC 9110 sections 6.6.1 (Date), 10.1.1 (100-continue).
"""

from __future__ import annotations

import email.utils
import time
from typing import TYPE_CHECKING

from cheroot.server import HTTPRequest

from davserver.server.asked import Asked
from davserver.server.body import NO_BODY, Body, ChunkedBody, DeclaredBody, HeldBody
from davserver.server.head import Fields, Refused
from davserver.server.reply import Reply, head_of, reply_of

if TYPE_CHECKING:
    from davserver.server.connection import Connection
    from davserver.server.http import Server

DRAIN_LIMIT = 1 << 20
"""Bytes of an unread body that are cheaper to read than a new connection."""


class Request(HTTPRequest):
    """A request and its response."""

    server: Server
    conn: Connection
    asked: Asked
    rfile: Body | HeldBody
    reply: Reply

    ready = False
    started_request = False
    sent_headers = False
    response_protocol = "HTTP/1.0"
    method = b""

    def __init__(self, server: Server, conn: Connection) -> None:
        # Not calling up: cheroot's constructor sets a dozen attributes that nothing here looks at.
        self.server = server
        self.conn = conn

    def parse_request(self) -> None:
        """Read the head; ``ready`` tells whether there is a request to respond to."""
        try:
            asked = self.conn.source.take_head(self.server.heads)
        except Refused as refusal:
            self.started_request = True
            self.refuse(refusal.status, refusal.reason)
            return
        if asked is not None:
            self._take(asked)

    def _take(self, asked: Asked) -> None:
        self.started_request = True
        self.asked = asked
        head = asked.head
        own, limit = head.own, self.server.limits.body
        length = own.length
        if limit and length is not None and length > limit:
            self.refuse("413 Content Too Large", f"at most {limit} bytes are taken")
            return
        self.method = head.method
        self.uri = head.target
        self.response_protocol = "HTTP/1.1" if head.version == (1, 1) else "HTTP/1.0"
        self.close_connection = not own.keep_alive
        self.chunked_read = length is None
        self.rfile = self._body(own, limit)
        self.ready = True

    def _body(self, own: Fields, limit: int) -> Body | HeldBody:
        length = own.length
        if length == 0:
            return NO_BODY
        if length is not None and len(self.conn.source.held) >= length:
            return HeldBody(self.conn.source.take(length))
        before = self._send_continue if own.expects_continue else None
        if length is None:
            return ChunkedBody(self.conn.rfile, limit, before)
        return DeclaredBody(self.conn.rfile, length, before)

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
        reply = reply_of(status, [("Content-Type", "text/plain; charset=utf-8")])
        head = self._head(reply, len(body))
        self.conn.linger = True
        self.conn.wfile.write(head if self.method == b"HEAD" else head + body)

    def send_headers(self) -> None:
        """Send the response's head alone."""
        self.conn.wfile.write(self.response_head())

    def response_head(self) -> bytes:
        """Settle how the response is framed and whether the connection stays; return the head to send."""
        self.sent_headers = True
        reply, length = self.reply, self.reply.length
        code = reply.code
        if code < 200 or code == 204:
            length = None
        elif code != 304 and length is None and self.method != b"HEAD":
            if self.response_protocol == "HTTP/1.1":
                self.chunked_write = True
            else:
                self.close_connection = True  # the end of the connection is the end of the body
        if not self.rfile.finished and not self.rfile.drain(DRAIN_LIMIT):
            self.close_connection = True
            self.conn.linger = True
        if not self.close_connection and (not self.server.ready or self.server.watch.is_crowded):
            self.close_connection = True
        return self._head(reply, length)

    def _head(self, reply: Reply, length: int | None) -> bytes:
        connection = "Transfer-Encoding: chunked\r\n" if self.chunked_write else ""
        if self.close_connection:
            connection += "Connection: close\r\n"
        elif self.response_protocol == "HTTP/1.0":
            connection += "Connection: keep-alive\r\n"
        return head_of(reply, length=length, connection=connection, date=http_date(), server=self.server.banner)

    def _send_continue(self) -> None:
        """Ask for the body, unless the client sent some of it without waiting or an answer went out already."""
        if not self.sent_headers and not self.conn.has_body():
            self.conn.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")


_date = (0, "")


def http_date() -> str:
    """Return the time now as a Date header has it; formatted once a second."""
    global _date  # noqa: PLW0603  # a cache of one immutable pair: replaced whole, a race costs one formatting
    now = int(time.time())
    known, text = _date
    if known != now:
        text = email.utils.formatdate(now, usegmt=True)
        _date = (now, text)
    return text
