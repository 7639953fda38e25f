"""A multistatus on its way out, in slices.

Owns: the size of a slice.
Invariant: what fails before the first slice is full fails with a proper status; later, the connection is cut.
"""

from __future__ import annotations

from collections.abc import Iterator

from davserver.dav import xml
from davserver.dav.responses import Response, started, xml_document

SLICE_CHARS = 64 << 10


def streamed(responses: Iterator[str]) -> Response:
    """Answer 207 with written responses; what fits a slice has a length, a longer one is chunked."""
    return xml_document(207, started(_slices(responses)), [("Cache-Control", "no-store")])


def _slices(responses: Iterator[str]) -> Iterator[bytes]:
    pieces = [xml.MULTISTATUS_OPEN]
    length = 0
    for response in responses:
        pieces.append(response)
        length += len(response)
        if length >= SLICE_CHARS:
            yield "".join(pieces).encode()
            pieces, length = [], 0
    pieces.append(xml.MULTISTATUS_CLOSE)
    yield "".join(pieces).encode()
