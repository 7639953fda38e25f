"""What a Nextcloud client hears when it asks how far its chunked upload has come, to go on with it.

The desktop client asks after a restart and sends what is missing; Android's asks before every upload and gives up
without an answer; iOS asks with Depth 0 whether the folder is there.
Owns: the PROPFIND of the folder of an upload: its chunks with their sizes, by number (``FIRST-LAST`` in version 1).
Never: another property: what they ask for is ``resourcetype`` and ``getcontentlength``. Depth infinity is Depth 1 here.
Source: desktop src/libsync/propagateuploadng.cpp; android-library ChunkedFileUploadRemoteOperation.java; 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from davserver.catalog.uploads import Chunk
from davserver.dav import xml
from davserver.dav.multistatus import streamed
from davserver.dav.paths import InChunks, href_of
from davserver.dav.requests import Depth, Request
from davserver.dav.responses import Response

_TYPE = "{DAV:}resourcetype"
_LENGTH = "{DAV:}getcontentlength"
_OF_THE_FOLDER = {_TYPE: xml.element(_TYPE, "<D:collection/>")}


def respond(request: Request, target: InChunks, chunks: Iterable[Chunk]) -> Response:
    """Answer 207; raises BadRequest for what is no PROPFIND."""
    depth = request.depth(Depth.INFINITY)
    wanted = _wanted(request.body.read_all(xml.DEFAULT_LIMIT))
    listed = () if depth is Depth.ZERO else chunks
    return streamed(_responses(request.prefix, target, listed, wanted))


def _wanted(body: bytes) -> list[str] | None:
    """Return the names of the properties that are asked for; None for all."""
    if not body:
        return None
    prop = xml.parse(body, root="{DAV:}propfind").find("{DAV:}prop")
    return None if prop is None else list(dict.fromkeys(str(child.tag) for child in prop))


def _responses(prefix: str, target: InChunks, chunks: Iterable[Chunk], wanted: list[str] | None) -> Iterator[str]:
    yield xml.response(href_of(prefix, target.segments, folder=True), _propstats(_OF_THE_FOLDER, wanted))
    for chunk in chunks:
        known = {_TYPE: xml.empty_element(_TYPE), _LENGTH: xml.element(_LENGTH, str(chunk.size))}
        inside = replace(target, name=_name(chunk))
        yield xml.response(href_of(prefix, inside.segments, folder=False), _propstats(known, wanted))


def _name(chunk: Chunk) -> str:
    return f"{chunk.number}-{chunk.number + chunk.size - 1}" if chunk.ranged else str(chunk.number)


def _propstats(known: Mapping[str, str], wanted: list[str] | None) -> str:
    if wanted is None:
        return xml.propstat(200, "".join(known.values()))
    found = "".join(known[name] for name in wanted if name in known)
    missing = "".join(xml.empty_element(name) for name in wanted if name not in known)
    stats = [xml.propstat(200, found)] if found or not missing else []
    return "".join([*stats, *([xml.propstat(404, missing)] if missing else [])])
