"""What was answered last of a small file, to be answered again: its content, its head, its properties.

Owns: a bounded memory of responses of at most ``MAX_BYTES``, of those that follow from a file and how it was asked for.
Never: goes stale. A file's node is immutable, and what is remembered is a function of it and of the other parts of its
key; whether the node is still what the URL names, and may be seen, is found out before.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import NamedTuple

from davserver.collection.filenode import FileNode
from davserver.dav.responses import Response
from davserver.headers import Known

MAX_BYTES = 16 << 10
MAX_FILES = 256
"""With their headers and nodes some 9 MiB."""


class Shown(NamedTuple):
    """What a response depends on beside the request's own: the node, and how it is reached.

    ``name`` is the last one of the URL; ``form`` is what else the answer depends on.
    """

    file: FileNode
    name: str
    born_ns: int
    form: Hashable


class SmallFiles:
    """Responses by what they show. Threads: any."""

    def __init__(self) -> None:
        self._known: dict[Shown, tuple[int, Known, bytes]] = {}
        self._adding = threading.Lock()

    def find(self, shown: Shown) -> Response | None:
        """Return the response that shows this; None if it is not known."""
        known = self._known.get(shown)
        return None if known is None else Response(*known)

    def remember(self, shown: Shown, response: Response) -> None:
        """Remember a response, if it is small, and so is what it keeps in memory; the oldest makes room."""
        body = response.body
        if response.status not in {200, 207} or not isinstance(body, bytes):
            return
        if len(body) > MAX_BYTES or shown.file.mem_bytes > MAX_BYTES:
            return
        with self._adding:
            if len(self._known) >= MAX_FILES:
                del self._known[next(iter(self._known))]
            self._known[shown] = (response.status, Known(response.finished_headers()), body)
