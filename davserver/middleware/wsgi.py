"""The types of PEP 3333, and a short answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

Environ = dict[str, Any]
Headers = list[tuple[str, str]]


class StartResponse(Protocol):
    """``start_response``."""

    def __call__(self, status: str, headers: Headers, exc_info: Any = None, /) -> Any:
        """Begin the response."""
        ...


Application = Callable[[Environ, StartResponse], Iterable[bytes]]


def answer(start_response: StartResponse, status: str, text: str, exc_info: Any = None) -> list[bytes]:
    """Answer with a line of plain text."""
    body = (text + "\n").encode()
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
    start_response(status, headers, exc_info)
    return [body]
