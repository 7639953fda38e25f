"""Resumable uploads: begun by a PUT or POST with ``Upload-Complete: ?0``, continued at a URL of their own.

Owns: the upload resource ``/_/uploads/TOKEN``: HEAD tells the offset, PATCH appends, DELETE gives up.
Follows: draft-ietf-httpbis-resumable-upload (interop version 8, as of draft-08 to -12), without interim responses
    (104): who begins with ``?0``, perhaps without content, learns the URL from the final one.
Deviation: if the file cannot be linked at the end (412, 423, 507), the upload stays incomplete, so that the client may
    send an empty last PATCH again; by the draft it would have to begin anew.
Invariant: an offset that was answered is stored for good, and the next PATCH at it is accepted: asking for it takes the
    upload from whatever request still hangs on a dead connection.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from davserver.catalog.uploads import OpenUpload
from davserver.collection.filenode import FileNode
from davserver.dav.assembling import OF_THE_FILE, as_put, chosen, kept, link, recalled_put
from davserver.dav.digests import DeclaredDigests
from davserver.dav.faults import BadRequest, MediaTypeUnsupported, MethodNotAllowed
from davserver.dav.paths import SERVICE, UPLOADS, InUpload, href_of
from davserver.dav.put import PutJob, answer
from davserver.dav.requests import Headers, Request
from davserver.dav.responses import HeaderList, Response, no_content
from davserver.dav.sites import writable
from davserver.errors import DigestMismatch, FileTooLarge
from davserver.live.house import House
from davserver.live.uploads import LIFETIME_S, append, begin, cancel, check_room, receive, take_over

PARTIAL_UPLOAD = "application/partial-upload"
INTEROP_VERSION = "8"

_SLICE_BYTES = 64 << 10
"""What is read at once, and so the most that is lost of what came when a connection breaks."""
_OF_A_MESSAGE = ("Content-Digest", "Content-MD5")
_BOOLEAN = re.compile(r"\?([01])[ \t]*(?:;.*)?\Z", re.ASCII)
_INTEGER = re.compile(r"([0-9]{1,15})[ \t]*(?:;.*)?\Z", re.ASCII)
_PROBLEMS = "https://iana.org/assignments/http-problem-types#"


def is_in_parts(request: Request) -> bool:
    """Tell whether a request begins an upload that others continue; ``?1`` means that all comes with this one."""
    return _boolean(request.headers, "Upload-Complete") is False


def limits(house: House, lifetime_s: int = LIFETIME_S) -> tuple[str, str]:
    """Return the header that says how long a file may be and how long an upload is kept."""
    most = min(house.settings.file_bytes, house.settings.upload_bytes)
    return ("Upload-Limit", f"max-size={most}, max-age={lifetime_s}")


def create(request: Request, house: House) -> Response:
    """Begin an upload with what the request has of it: 201 with its URL. Refuses at once what a PUT would be refused.

    The headers of this request decide about the file in the end, whenever that is.
    """
    version = request.headers.get("Upload-Draft-Interop-Version")
    if version is not None and version.strip() != INTEROP_VERSION:
        raise BadRequest(f"resumable uploads of interop version {version}", hint=f"this server has {INTEROP_VERSION}")
    path = href_of("", writable(request.target).segments, folder=request.slash)
    job = PutJob.of(as_put(request, path, chosen(request.headers, OF_THE_FILE)))
    length = _integer(request.headers, "Upload-Length")
    replace(job, expected_bytes=length).check(house)
    if length is not None and length > house.settings.file_bytes:
        raise FileTooLarge(length, house.settings.file_bytes)
    about = kept(path, request.headers)
    token = house.random_bytes(16).hex()
    upload = house.edit(
        lambda edit: begin(edit, house.settings, token=token, principal=request.principal, request=about, length=length)
    )
    upload = _receive(request, house, upload)
    where = ("Location", href_of(request.prefix, (SERVICE, UPLOADS, token), folder=False))
    return Response(201, [where, *_state(upload, house)])


def handle(request: Request, target: InUpload, house: House) -> Response:
    """Serve a request to an upload resource."""
    handler = _VERBS.get(request.method)
    if handler is None:
        raise MethodNotAllowed(request.method, tuple(_VERBS))
    return handler(request, target.token, house)


def _head(request: Request, token: str, house: House) -> Response:
    upload = house.edit(lambda edit: take_over(edit, token, request.principal))
    return no_content([*_state(upload, house), ("Cache-Control", "no-store")])


def _delete(request: Request, token: str, house: House) -> Response:
    house.edit(lambda edit: cancel(edit, token, request.principal))
    return no_content()


def _options(_request: Request, _token: str, house: House) -> Response:
    return no_content([("Allow", ", ".join(_VERBS)), ("Accept-Patch", PARTIAL_UPLOAD), limits(house)])


def _patch(request: Request, token: str, house: House) -> Response:
    media_type = (request.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    if media_type != PARTIAL_UPLOAD:
        raise MediaTypeUnsupported(f"an upload takes {PARTIAL_UPLOAD}, not {media_type!r}")
    completes = _boolean(request.headers, "Upload-Complete")
    offset = _integer(request.headers, "Upload-Offset")
    if completes is None or offset is None:
        raise BadRequest("a PATCH of an upload needs Upload-Complete and Upload-Offset")
    length = _announced(request, offset, completes=completes)
    upload = house.edit(lambda edit: take_over(edit, token, request.principal, offset, length))
    if upload.complete:
        return _problem(house, upload, 400, "completed-upload", "the upload is complete")
    if offset != upload.received:
        expected = {"expected-offset": upload.received, "provided-offset": offset}
        return _problem(house, upload, 409, "mismatching-upload-offset", "the upload is not there", **expected)
    if length is not None and length != upload.length:
        return _problem(house, upload, 400, "inconsistent-upload-length", "another length was announced")
    upload = _receive(request, house, upload)
    if not completes:
        return no_content(_state(upload, house))
    if upload.length is not None and upload.length != upload.received:
        return _problem(house, upload, 400, "inconsistent-upload-length", "the upload is shorter than announced")
    return _complete(request, house, upload)


def _complete(request: Request, house: House, upload: OpenUpload) -> Response:
    job = PutJob.of(recalled_put(request, upload))
    try:
        linked = link(job, house, upload, remember=True)
    except DigestMismatch:
        # No further byte can make it right.
        house.edit(lambda edit: cancel(edit, upload.token, upload.principal))
        raise
    response = answer(linked, heeded=job.mtime_ns is not None)
    response.headers += [("Upload-Complete", "?1"), ("Upload-Offset", str(upload.received))]
    return response


def _receive(request: Request, house: House, upload: OpenUpload) -> OpenUpload:
    """Add the body to the upload, block by block; all at once at its end if the client declared a digest of it."""
    declared = chosen(request.headers, _OF_A_MESSAGE)
    digests = DeclaredDigests.of(Headers.of(declared))
    waiting: list[FileNode] = []
    known = upload

    def record(node: FileNode) -> None:
        nonlocal known
        _check_length(house, known, sum(each.size for each in waiting) + node.size)
        if declared:
            waiting.append(node)
        else:
            before = known
            known = house.edit(lambda edit: append(edit, house.settings, before, node.extents))

    def pieces() -> Iterator[bytes]:
        for piece in request.body.slices(_SLICE_BYTES):
            digests.update(piece)
            yield piece

    if request.body.length:
        with house.uploads() as uploads:
            check_room(uploads, house.settings, upload.principal, int(house.clock() * 1e9), request.body.length)
    receive(pieces(), request.body.length, house, record)
    digests.verify()
    extents = [extent for node in waiting for extent in node.extents]
    return house.edit(lambda edit: append(edit, house.settings, known, extents)) if extents else known


def _check_length(house: House, upload: OpenUpload, more: int) -> None:
    """Give an upload up that gets longer than it was announced to be, as the draft demands."""
    size = upload.received + more
    if upload.length is not None and size > upload.length:
        house.edit(lambda edit: cancel(edit, upload.token, upload.principal))
        raise BadRequest(f"{size} bytes of an upload of {upload.length}")
    if size > house.settings.file_bytes:
        raise FileTooLarge(size, house.settings.file_bytes)


def _announced(request: Request, offset: int, *, completes: bool) -> int | None:
    """Return the length of the file that a PATCH announces; raises BadRequest if it announces two."""
    length = _integer(request.headers, "Upload-Length")
    if not completes or request.body.length is None:
        return length
    end = offset + request.body.length
    if length not in {None, end}:
        raise BadRequest(f"the upload ends at byte {end}, Upload-Length says {length}")
    return end


def _state(upload: OpenUpload, house: House) -> HeaderList:
    headers = [("Upload-Offset", str(upload.received)), ("Upload-Complete", f"?{int(upload.complete)}")]
    if upload.length is not None:
        headers.append(("Upload-Length", str(upload.length)))
    return [*headers, limits(house)]


def _problem(house: House, upload: OpenUpload, status: int, kind: str, title: str, **more: int | str) -> Response:
    """Answer with an RFC 9457 problem and the state of the upload."""
    body = json.dumps({"type": _PROBLEMS + kind, "title": title, **more}).encode()
    return Response(status, [("Content-Type", "application/problem+json"), *_state(upload, house)], body)


def _boolean(headers: Headers, name: str) -> bool | None:
    match = _BOOLEAN.match((headers.get(name) or "").strip())
    return None if match is None else match[1] == "1"


def _integer(headers: Headers, name: str) -> int | None:
    match = _INTEGER.match((headers.get(name) or "").strip())
    return None if match is None else int(match[1])


_Handler = Callable[[Request, str, House], Response]
_VERBS: Mapping[str, _Handler] = {"HEAD": _head, "PATCH": _patch, "DELETE": _delete, "OPTIONS": _options}
