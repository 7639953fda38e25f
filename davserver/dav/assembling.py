"""From parts to a file: what resumable and chunked uploads have in common at their end.

Owns: the PUT that an upload stands for: its target and headers, kept as JSON from the request that began it or given by
the one that ends it.
Never: another way into the tree than PUT's, with all of its checks at the moment of the change.
Invariant: if anything is refused at the end, the parts stay: the client may send the last request again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from io import BytesIO

from davserver.catalog.uploads import OpenUpload
from davserver.collection.attributes import Attributes
from davserver.collection.etag import content_etag
from davserver.dav.paths import parse_address
from davserver.dav.put import Linked, PutJob, place
from davserver.dav.requests import SLICE_BYTES, Body, Headers, Request
from davserver.dav.sites import locate
from davserver.live.house import House
from davserver.live.uploads import assemble, finish

OF_THE_FILE = (
    "Content-Type", "X-OC-Mtime", "X-OC-CTime", "OC-Checksum", "Repr-Digest",
    "If", "If-Match", "If-None-Match", "If-Unmodified-Since",
)  # fmt: skip
"""Headers about the whole file; those about one message (Content-Digest, Content-MD5) end with their message."""


def chosen(headers: Headers, names: Iterable[str]) -> dict[str, str]:
    """Return those of the headers that were sent."""
    return {name: value for name in names if (value := headers.get(name)) is not None}


def kept(raw_path: str, headers: Headers) -> str:
    """Write down what a PUT of the whole file would say."""
    return json.dumps({"path": raw_path, "headers": chosen(headers, OF_THE_FILE)})


def as_put(request: Request, raw_path: str, headers: dict[str, str]) -> Request:
    """Return the PUT of a whole file that a request ends; ``raw_path`` is still encoded. It has no body of its own."""
    address = parse_address(raw_path)
    return request._replace(
        method="PUT",
        target=address.target,
        slash=address.slash,
        headers=Headers.of({**chosen(request.headers, ("Host",)), **headers}),
        body=Body(BytesIO(), 0),
    )


def recalled_put(request: Request, upload: OpenUpload) -> Request:
    """Return the PUT that was kept when the upload began; lock tokens that come with its last request count too."""
    known = json.loads(upload.request)
    return as_put(request, known["path"], known["headers"] | chosen(request.headers, ("If",)))


def link(job: PutJob, house: House, upload: OpenUpload, *, remember: bool) -> Linked:
    """Put the file of an upload where it belongs and end the upload, both or neither.

    The bytes are read once more only if the client declared a digest of the whole file. Raises what a PUT raises,
    UploadOvertaken, or InvalidOperation for a missing chunk.
    """
    replace(job, expected_bytes=upload.received).check(house)
    node = assemble(house, upload)
    if job.digests.checksums:
        for offset in range(0, node.size, SLICE_BYTES):
            job.digests.update(node.read_at(offset, SLICE_BYTES, house.blocks))
    job.digests.verify()
    attributes = Attributes(
        etag=content_etag(node.extents), content_type=job.content_type, checksums=job.digests.checksums
    )
    old = locate(house, job.target).node
    return place(
        job, house, node.with_attributes(attributes), old, lambda edit: finish(edit, upload, remember=remember)
    )
