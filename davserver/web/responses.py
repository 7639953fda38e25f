"""JSON in, JSON out: the shapes of what is not DAV."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
StatusOf = Callable[[Exception], int]
"""From an error to its status; the table is the DAV room's, the composition root hands it over."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: list[tuple[str, str]] = field(default_factory=list)

    def send(self, method: str, start_response: StartResponse) -> Iterable[bytes]:
        """Send it; HEAD gets the head."""
        headers = [
            ("Content-Type", self.content_type),
            ("Content-Length", str(len(self.body))),
            *self.headers,
        ]
        if not any(name == "Cache-Control" for name, _ in self.headers):
            headers.append(("Cache-Control", "no-store"))
        start_response(f"{self.status} {HTTPStatus(self.status).phrase}", headers)
        return [] if method == "HEAD" else [self.body]


def as_json(status: int, value: object, headers: list[tuple[str, str]] | None = None) -> Answer:
    """Answer with a JSON document."""
    return Answer(status, json.dumps(value).encode() + b"\n", headers=headers or [])


def failure(status: int, message: str, headers: list[tuple[str, str]] | None = None) -> Answer:
    """Answer with ``{"error": message}``."""
    return as_json(status, {"error": message}, headers)
