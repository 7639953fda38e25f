"""Nextcloud's chunked upload: MKCOL a folder, PUT chunks into it, MOVE its ``.file`` to where the file belongs.

Owns: these verbs, DELETE, and PROPFIND (``chunklist``) below ``/remote.php/dav/uploads/USER/ID``.
Follows: Nextcloud developer manual, "Chunked file upload", version 2 (chunks ``1`` to ``10000``) and version 1 as
    rclone speaks it (chunks named ``FIRST-LAST`` by their bytes). Chunks may come in any order, and again.
Rights: version 2 says with every request where the file will go: who may not write there does not begin. Version 1
    says it at the end only: until then it takes an account, and no token of scope read. That is no more than the
    account can do anyway, since any may make a collection, and it is bounded (``limits.uploads``).
Deviation: chunks may have any size; conditions and locks of the ``Destination`` are looked at when the file is put
    together. If a chunk is missing the whole is refused, so that a file is never shorter than what was sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from davserver.catalog.uploads import OpenUpload
from davserver.collection.attributes import EMPTY
from davserver.dav import chunklist, nextcloud
from davserver.dav.admission import admit
from davserver.dav.assembling import OF_THE_FILE, as_put, chosen, link
from davserver.dav.destination import raw_path_of
from davserver.dav.digests import DeclaredDigests
from davserver.dav.faults import BadRequest, MethodNotAllowed
from davserver.dav.paths import InChunks
from davserver.dav.put import PutJob, answer
from davserver.dav.requests import SLICE_BYTES, Request
from davserver.dav.responses import Response, created, no_content
from davserver.errors import FileTooLarge, Incomplete, NotFound, TooManyUploads
from davserver.live.house import House
from davserver.live.uploads import begin, cancel, drop_chunk, find, put_chunk, room

_CHUNK = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18}))?\Z", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,18}\Z", re.ASCII)
_WHOLE = ".file"


def handle(request: Request, target: InChunks, house: House) -> Response:
    """Serve a request to the folder of an upload or to something in it."""
    verbs = _FOLDER if not target.name else _FILE if target.name == _WHOLE else _CHUNKS
    handler = verbs.get(request.method)
    if handler is None:
        raise MethodNotAllowed(request.method, tuple(verbs))
    return handler(request, target, house)


def _token(target: InChunks) -> str:
    return "/".join(("chunks", target.user, target.upload))


def _make(request: Request, target: InChunks, house: House) -> Response:
    request.body.refuse()
    length = _total(request, house)
    if request.headers.get("Destination") is not None:
        admit(as_put(request, _destination(request), {}), house)
    token, principal = _token(target), request.principal
    house.edit(lambda edit: begin(edit, house.settings, token=token, principal=principal, request="", length=length))
    return created()


def _propfind(request: Request, target: InChunks, house: House) -> Response:
    upload = _find(request, target, house)
    with house.uploads() as uploads:
        chunks = uploads.chunks(upload.token)
    return chunklist.respond(request, target, chunks)


def _cancel(request: Request, target: InChunks, house: House) -> Response:
    house.edit(lambda edit: cancel(edit, _token(target), request.principal))
    return no_content()


def _drop(request: Request, target: InChunks, house: House) -> Response:
    match = _CHUNK.match(target.name)
    if match is None:
        raise NotFound("no such chunk")
    upload, chunk = _find(request, target, house), int(match[1])
    house.edit(lambda edit: drop_chunk(edit, upload, chunk))
    return no_content()


def _put(request: Request, target: InChunks, house: House) -> Response:
    match = _CHUNK.match(target.name)
    if match is None:
        raise BadRequest("a chunk is named by its number, or FIRST-LAST by its bytes")
    chunk, ranged = int(match[1]), match[2] is not None
    length = int(match[2]) - chunk + 1 if ranged else request.body.length
    if length is not None and length < ranged:
        raise BadRequest(f"a chunk that ends before it begins: {target.name}")
    if ranged and request.body.length not in {None, length}:
        raise BadRequest(f"a chunk of {length} bytes by its name has {request.body.length}")
    _total(request, house)
    upload = _find(request, target, house)
    digests = DeclaredDigests.of(request.headers)
    most = _room_for(house, upload, chunk)
    _check_room(length or 0, most)
    with house.upload(length) as body:
        for piece in request.body.slices(SLICE_BYTES):
            digests.update(piece)
            body.write(piece)
            _check_size(body.received, house)
            _check_room(body.received, most)
        if length is not None and body.received != length:
            raise Incomplete(length, body.received)
        digests.verify()
        node = body.finish(lambda _etag: EMPTY)
    house.edit(lambda edit: put_chunk(edit, house.settings, upload, chunk, node.extents, ranged=ranged))
    return created()


def _move(request: Request, target: InChunks, house: House) -> Response:
    path = _destination(request)
    upload = _find(request, target, house)
    total = _total(request, house)
    if total is None:
        total = upload.length
    if total is not None and total != upload.received:
        raise BadRequest(f"the chunks have {upload.received} bytes, OC-Total-Length says {total}")
    _check_size(upload.received, house)
    headers = chosen(request.headers, OF_THE_FILE)
    if not request.overwrite():
        headers["If-None-Match"] = "*"
    job = PutJob.of(as_put(request, path, headers))
    return answer(link(job, house, upload, remember=False), heeded=job.mtime_ns is not None)


def _destination(request: Request) -> str:
    """Return the still encoded path of the file that the chunks are for; raises BadRequest or OtherServer."""
    header = request.headers.get("Destination")
    if header is None:
        raise BadRequest("MOVE needs a Destination")
    raw = raw_path_of(header.strip(), request.authorities, prefix=request.prefix)
    return nextcloud.split(raw)[1]


def _find(request: Request, target: InChunks, house: House) -> OpenUpload:
    with house.uploads() as uploads:
        return find(uploads, _token(target), request.principal, int(house.clock() * 1e9))


def _room_for(house: House, upload: OpenUpload, chunk: int) -> int:
    """Return the most bytes a chunk may have beside what its sender has in open uploads: what it replaces counts."""
    with house.uploads() as uploads:
        left = room(uploads, house.settings, upload.principal, int(house.clock() * 1e9))
        return left + sum(uploads.sizes(upload.token, chunk))


def _check_room(size: int, most: int) -> None:
    """Refuse a chunk before it has come whole; the edit that records it has the last word."""
    if size > most:
        raise TooManyUploads(f"a chunk of {size} bytes or more, and {most} fit beside the open uploads")


def _total(request: Request, house: House) -> int | None:
    """Return the length of the whole file that the client announces; raises BadRequest or FileTooLarge."""
    text = request.headers.get("OC-Total-Length")
    if text is None:
        return None
    if not _NUMBER.match(text.strip()):
        raise BadRequest(f"OC-Total-Length is not a number: {text!r}")
    return _check_size(int(text), house)


def _check_size(size: int, house: House) -> int:
    if size > house.settings.file_bytes:
        raise FileTooLarge(size, house.settings.file_bytes)
    return size


_Handler = Callable[[Request, InChunks, House], Response]
_FOLDER: Mapping[str, _Handler] = {"MKCOL": _make, "PROPFIND": _propfind, "DELETE": _cancel}
_CHUNKS: Mapping[str, _Handler] = {"PUT": _put, "DELETE": _drop}
_FILE: Mapping[str, _Handler] = {"MOVE": _move}
