"""What each answer that shows a file, or a part of it, says of it: worked out once.

Owns: the validators, type and headers of a file as an address shows it; a bounded memory of them. Whoever reads a file
in ranges asks again and again.
Never: goes stale. A file's node is immutable, and what is remembered is a function of it and of the other parts of its
key; whether the node still is what the URL names, and may be seen, is found out before.
Follows: RFC 9110 sections 8.8 and 15.4.5; RFC 9530.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

from davserver.collection.filenode import FileNode, etag_of
from davserver.dav import mediatypes
from davserver.dav.conditional import Validators
from davserver.dav.reprdigest import known_digests
from davserver.dav.resources import modified_s
from davserver.dav.responses import HeaderList, validator_headers

MAX_FILES = 64
MAX_EXTENTS = 512
MAX_MEM_BYTES = 16 << 10
"""With their nodes, which may be in no tree any more, some 10 MiB."""

_SANDBOX = "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'"
_OF_FILES: HeaderList = [
    ("Accept-Ranges", "bytes"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", _SANDBOX),
]
_TO_BE_SAVED = ("Content-Disposition", "attachment")
"""Without a name: the last one of the URL is taken."""
_REVALIDATE = ("Cache-Control", "private, no-cache")
_FOREVER = ("Cache-Control", "private, max-age=31536000, immutable")

HeaderTuple = tuple[tuple[str, str], ...]
_Key = tuple[FileNode, str, int, bool]


class Representation(NamedTuple):
    """What is said of a file.

    ``unchanged`` are the headers of a 304, ``headers`` those of every other form; ``kind`` is the type of the content.
    ``digests`` are offered unasked with all of the file, ``part_digests`` with a part.
    """

    current: Validators
    kind: str
    unchanged: HeaderTuple
    headers: HeaderTuple
    digests: HeaderTuple
    part_digests: HeaderTuple

    @classmethod
    def of(cls, file: FileNode, name: str, born_ns: int, *, is_immutable: bool) -> Representation:
        """Work it out; from the last name of the address, and the birth of what it leads into."""
        current = Validators(etag_of(file), modified_s(file, born_ns))
        kind = mediatypes.type_of(name, file)
        caching = _FOREVER if is_immutable else _REVALIDATE
        unchanged = (*validator_headers(current.etag, current.modified_s), caching)
        in_place = () if mediatypes.is_shown(kind) else (_TO_BE_SAVED,)
        return cls(
            current,
            kind,
            unchanged,
            (*unchanged, *_OF_FILES, *in_place),
            tuple(known_digests(file, whole=True)),
            tuple(known_digests(file, whole=False)),
        )


class Representations:
    """What was said last of files. Threads: any."""

    def __init__(self) -> None:
        self._known: dict[_Key, Representation] = {}
        self._adding = threading.Lock()

    def of(self, file: FileNode, name: str, born_ns: int, *, is_immutable: bool) -> Representation:
        """Return what is said of a file; it is remembered if its node is small, the oldest makes room."""
        key = (file, name, born_ns, is_immutable)
        known = self._known.get(key)
        if known is None:
            known = Representation.of(file, name, born_ns, is_immutable=is_immutable)
            if len(file.extents) <= MAX_EXTENTS and file.mem_bytes <= MAX_MEM_BYTES:
                self._remember(key, known)
        return known

    def _remember(self, key: _Key, known: Representation) -> None:
        with self._adding:
            if len(self._known) >= MAX_FILES:
                del self._known[next(iter(self._known))]
            self._known[key] = known
