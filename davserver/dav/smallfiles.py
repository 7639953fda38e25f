"""Small files, and the heads of any, as they were answered last, to be answered again.

Owns: a bounded memory of responses: 200 with a body of at most ``MAX_BYTES``, asked for without conditions or ranges.
Never: goes stale. A file's node is immutable, and what is remembered is a function of it and of the other parts of its
key; whether the node is still what the URL names, and may be seen, is found out before.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

from davserver.collection.filenode import FileNode
from davserver.dav.responses import Response

MAX_BYTES = 16 << 10
MAX_FILES = 256
"""With their headers and nodes some 5 MiB."""


class Shown(NamedTuple):
    """What the headers of a response depend on beside the request's own: the node, and how it is reached."""

    file: FileNode
    name: str
    born_ns: int
    is_immutable: bool
    is_head: bool


class SmallFiles:
    """Responses by what they show. Threads: any."""

    def __init__(self) -> None:
        self._known: dict[Shown, tuple[list[tuple[str, str]], bytes]] = {}
        self._adding = threading.Lock()

    def find(self, shown: Shown) -> Response | None:
        """Return the response that shows this; None if it is not known."""
        known = self._known.get(shown)
        return None if known is None else Response(200, list(known[0]), known[1])

    def remember(self, shown: Shown, response: Response) -> None:
        """Remember a response, if it is small; the oldest makes room."""
        body = response.body
        if response.status != 200 or not isinstance(body, bytes) or len(body) > MAX_BYTES:
            return
        with self._adding:
            if len(self._known) >= MAX_FILES:
                del self._known[next(iter(self._known))]
            self._known[shown] = (list(response.headers), body)
