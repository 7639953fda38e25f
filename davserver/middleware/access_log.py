"""One log line per request, written many at a time.

Owns: the shape of the lines; when they are written: within a quarter of a second, and all of them at a stop.
Why not at once: a write lets go of the interpreter's lock, which costs a busy process more than serving a small file.
Why the lines are rendered by who served: a thread that renders a few hundred of them keeps the interpreter from those
that serve, half a millisecond at a time, whenever they let go of it.
Never: a header but User-Agent, a credential, or a character that could forge a line or steer a terminal.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring as _quoted

from davserver.middleware.exchange import Exchange
from davserver.printable import printable
from davserver.values import Clock

Render = Callable[[Exchange, float], str]
"""From an exchange and the time it ended (seconds since the epoch) to a line without its end."""

_INTERVAL_S = 0.25
_ENOUGH = 256
_END = ("}", ', "broken": true}')


class AccessLog:
    """Takes exchanges from any thread; a thread of its own writes. ``write`` gets whole lines."""

    def __init__(self, write: Callable[[str], object], render: Render, *, clock: Clock) -> None:
        self._write = write
        self._render = render
        self._clock = clock
        self._waiting: deque[str] = deque()
        self._due = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="access log", daemon=True)
        self._thread.start()

    def observe(self, exchange: Exchange) -> None:
        """Log an exchange, soon."""
        self._waiting.append(self._render(exchange, self._clock()))
        if len(self._waiting) >= _ENOUGH:
            self._due.set()

    def close(self) -> None:
        """Write what waits and end; no exchange may follow."""
        self._closed = True
        self._due.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed:
            self._due.wait(_INTERVAL_S)
            self._due.clear()
            self._flush()

    def _flush(self) -> None:
        lines = []
        while self._waiting:  # threads may go on appending: a deque loses none of it
            lines.append(self._waiting.popleft())
        if lines:
            lines.append("")
            self._write("\n".join(lines))


def json_line(exchange: Exchange, ended_s: float) -> str:
    """Write an exchange as a JSON object, with the keys of the other log lines."""
    # By hand: each request pays for its line, and an encoder that looks at every value takes three times as long.
    return printable(
        f'{{"event": "request", "level": "info", "timestamp": "{_iso(ended_s)}", '
        f'"request_id": {_quoted(exchange.request_id)}, "method": {_quoted(exchange.method)}, '
        f'"target": {_quoted(exchange.target)}, "status": {exchange.status}, "bytes": {exchange.bytes_sent}, '
        f'"ms": {exchange.duration_s * 1000:.2f}, "client": {_quoted(exchange.client)}, '
        f'"user": {_quoted(exchange.principal)}, "agent": {_quoted(exchange.agent)}' + _END[exchange.broken]
    )


def console_line(exchange: Exchange, ended_s: float) -> str:
    """Write an exchange for a person at a terminal."""
    broken = " broken" if exchange.broken else ""
    return printable(
        f"{_iso(ended_s)} {exchange.method} {exchange.target} {exchange.status}{broken} "
        f"{exchange.bytes_sent} bytes {exchange.duration_s * 1000:.1f} ms {exchange.client} {exchange.request_id}"
    )


def _iso(time_s: float) -> str:
    milliseconds = int(time_s * 1000)
    return f"{_second(milliseconds // 1000)}.{milliseconds % 1000:03d}Z"


@lru_cache(maxsize=4)
def _second(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")
