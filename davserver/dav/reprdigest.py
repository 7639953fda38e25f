"""Digests a response offers of a file: known ones always, others if the client wants them.

Owns: Want-Repr-Digest and Want-Content-Digest; Repr-Digest, Content-Digest, Content-MD5 and OC-Checksum of responses;
a memory of digests that had to be computed.
Never: makes a response wait for the digest of a file larger than ``MAX_COMPUTED_BYTES``, or for another's computation.
Follows: RFC 9530 sections 2 to 4: a preference of 0 refuses an algorithm; what is wanted is a wish and may be left out;
Repr-Digest is of the whole file also beside a part of it, Content-Digest of the bytes that go out. RFC 1864.
Invariant: a digest is looked up by ETag, which changes with the bytes; a stored one was compared with the bytes as they
came, or taken of them.
"""

from __future__ import annotations

import base64
import hashlib
from collections import OrderedDict
from threading import BoundedSemaphore, Lock

from davserver.collection.extents import RangeReader
from davserver.collection.filenode import FileNode, etag_of
from davserver.dav.conditional import HeaderLookup
from davserver.dav.responses import HeaderList, Response
from davserver.dav.structured import parse_dictionary, write_member

Checksums = tuple[tuple[str, str], ...]
SLICE_BYTES = 1 << 20
MAX_COMPUTED_BYTES = 1 << 30
"""Some three seconds of reading and hashing. Files that came by one PUT have their digest, whatever their size."""
MAX_REMEMBERED = 4096
MAX_AT_ONCE = 2

_OFFERED = {"sha-256": "sha256", "sha-512": "sha512"}
"""Algorithms of the registry that are worth offering: the others are for input only, as they are insecure."""


class ReprDigests:
    """Digests of files by ETag. Threads: any."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._lock = Lock()
        self._computing = BoundedSemaphore(MAX_AT_ONCE)

    def digest(self, file: FileNode, algorithm: str, blocks: RangeReader) -> bytes | None:
        """Return a file's digest: stored, remembered or computed now; None if that would take too long.

        Raises BlockError if the file cannot be read.
        """
        stored = _stored(file, algorithm)
        if stored is not None:
            return stored
        key = (etag_of(file), algorithm)
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                return known
        if file.size > MAX_COMPUTED_BYTES or not self._computing.acquire(blocking=False):
            return None
        try:
            computed = _compute(file, algorithm, blocks)
        finally:
            self._computing.release()
        with self._lock:
            self._known[key] = computed
            while len(self._known) > MAX_REMEMBERED:
                self._known.popitem(last=False)
        return computed


def offer(
    response: Response, headers: HeaderLookup, file: FileNode, digests: ReprDigests, blocks: RangeReader, *, head: bool
) -> Response:
    """Add the digests to a response with the file's content or a part of it; returns it. Raises BadRequest."""
    want = headers.get("Want-Repr-Digest")
    want_content = None if head else headers.get("Want-Content-Digest")
    whole = response.status == 200
    if want is None:
        response.headers += known_digests(file, whole=whole)
    else:
        response.headers += _best("Repr-Digest", want, file, digests, blocks)
        response.headers += _in_old_headers(file, whole=whole)
    if want_content is not None:
        response.headers += _of_the_content(want_content, response, file, digests, blocks)
    return response


def known_digests(file: FileNode, *, whole: bool) -> HeaderList:
    """Write what is offered unasked, with all of a file or with a part of it: what is stored."""
    checksums = file.attributes.checksums
    if not checksums:
        return []
    known = _known(checksums)
    return [*([("Repr-Digest", known)] if known else []), *_in_old_headers(file, whole=whole)]


def wanted_algorithms(field: str, text: str) -> list[str]:
    """List the registered names a client prefers, best first, of those offered here; raises BadRequest."""
    weights = parse_dictionary(field, text)
    wanted = [(weight, key) for key, weight in weights.items() if key in _OFFERED and isinstance(weight, int)]
    return [key for weight, key in sorted(wanted, key=lambda pair: -pair[0]) if weight > 0]


def _known(checksums: Checksums) -> str:
    """Write what is stored of what is offered; "" if nothing is."""
    stored = dict(checksums)
    known = [(key, stored.get(algorithm)) for key, algorithm in _OFFERED.items()]
    return ", ".join(write_member(key, bytes.fromhex(digest)) for key, digest in known if digest is not None)


def _best(field: str, want: str, file: FileNode, digests: ReprDigests, blocks: RangeReader) -> HeaderList:
    for key in wanted_algorithms(f"Want-{field}", want):
        digest = digests.digest(file, _OFFERED[key], blocks)
        if digest is not None:
            return [(field, write_member(key, digest))]
    return []


def _of_the_content(
    want: str, response: Response, file: FileNode, digests: ReprDigests, blocks: RangeReader
) -> HeaderList:
    """Offer the digest of the bytes that go out: of the whole file, or of a part that is short enough to be at hand."""
    if response.status == 200:
        return _best("Content-Digest", want, file, digests, blocks)
    wanted = wanted_algorithms("Want-Content-Digest", want)
    if not wanted or not isinstance(response.body, bytes):
        return []
    digest = hashlib.new(_OFFERED[wanted[0]], response.body).digest()
    return [("Content-Digest", write_member(wanted[0], digest))]


def _in_old_headers(file: FileNode, *, whole: bool) -> HeaderList:
    """Write what ownCloud's clients read; Content-MD5 is of the bytes that go out."""
    checksums = file.attributes.checksums
    if not checksums:
        return []
    headers = [("OC-Checksum", " ".join(f"{algorithm.upper()}:{digest}" for algorithm, digest in checksums))]
    md5 = _stored(file, "md5") if whole else None
    if md5 is not None:
        headers.append(("Content-MD5", base64.b64encode(md5).decode("ascii")))
    return headers


def _stored(file: FileNode, algorithm: str) -> bytes | None:
    for name, digest in file.attributes.checksums:
        if name == algorithm:
            return bytes.fromhex(digest)
    return None


def _compute(file: FileNode, algorithm: str, blocks: RangeReader) -> bytes:
    hasher = hashlib.new(algorithm)
    for offset in range(0, file.size, SLICE_BYTES):
        hasher.update(file.read_at(offset, SLICE_BYTES, blocks))
    return hasher.digest()
