"""A multistatus on its way out, in slices.

Owns: the size of a slice.
Invariant: what fails before the first slice is full fails with a proper status; later, the connection is cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from davserver.dav import xml
from davserver.dav.responses import HeaderList, Response, started, xml_document

SLICE_BYTES = 512 << 10
"""A few large slices: each costs system calls and turns of the interpreter. A thousand members fit one."""

_HEADERS: HeaderList = [("Cache-Control", "no-store")]
_OPEN = xml.MULTISTATUS_OPEN.encode()
_CLOSE = xml.MULTISTATUS_CLOSE.encode()


def whole(responses: Iterable[str]) -> Response:
    """Answer 207 with the few responses there are."""
    return xml_document(207, xml.multistatus(responses), _HEADERS)


def streamed(responses: Iterable[str]) -> Response:
    """Answer 207 with written responses; what fits a slice has a length, a longer one is chunked."""
    return sliced(response.encode() for response in responses)


def sliced(pieces: Iterable[bytes]) -> Response:
    """Answer 207 with pieces of one or more responses each, as ``streamed``."""
    return xml_document(207, started(_slices(pieces)), _HEADERS)


def _slices(pieces: Iterable[bytes]) -> Iterator[bytes]:
    gathered = [_OPEN]
    length = 0
    for piece in pieces:
        gathered.append(piece)
        length += len(piece)
        if length >= SLICE_BYTES:
            yield b"".join(gathered)
            gathered, length = [], 0
    gathered.append(_CLOSE)
    yield b"".join(gathered)
