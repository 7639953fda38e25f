"""Digests a client declares for a body, checked while it streams by.

Owns: Content-Digest, Repr-Digest, Content-MD5 and OC-Checksum of a request; what the digests must be when the last byte
has come; which digest is taken of a body for later, declared or not.
Never: keeps bytes.
Follows: RFC 9530 sections 2, 3 and 5; RFC 1864 (base64 of the digest); ownCloud's ``OC-Checksum: SHA1:hex MD5:hex``,
which rclone sends. A Repr-Digest is about the whole file, so it says nothing of the body if that has a Content-Range;
that of a PATCH is about the patch (RFC 9530 section 3.2). MD5 and SHA-1 find damage, not malice; they are checked.
Invariant: an algorithm that is not known here declares nothing: the header asks for no more than to be checked.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from davserver.dav.conditional import HeaderLookup
from davserver.dav.faults import BadRequest
from davserver.dav.structured import parse_dictionary
from davserver.errors import DigestMismatch
from davserver.values import Buffer

KEPT = "sha256"
"""What is taken of bodies that are not small even if nobody declared it: reading them again for it would cost more."""
KEPT_MOST_BYTES = 64 << 20
"""Of a larger body it is not taken: it would be a quarter of all the work that receiving one is (ADR 8)."""

_LENGTHS = {"md5": 16, "sha1": 20, "sha256": 32, "sha512": 64}
_REGISTERED = {"sha-256": "sha256", "sha-512": "sha512", "md5": "md5", "sha": "sha1"}


class DeclaredDigests:
    """The digests of one body: feed ``update``, then ``verify``. With none to take both cost nothing."""

    def __init__(self, declared: dict[str, bytes], *, keep: bool = False) -> None:
        """Check ``declared``; with ``keep`` take the digest ``KEPT`` too."""
        self._declared = declared
        self._is_kept = keep and KEPT not in declared
        self._received = 0
        wanted = [*declared, KEPT] if self._is_kept else list(declared)
        self._hashes = [hashlib.new(name, usedforsecurity=False) for name in wanted]

    @classmethod
    def of(cls, headers: HeaderLookup, *, keep: bool = False) -> DeclaredDigests:
        """Read them from the headers; raises BadRequest for a value that is no digest, or two that differ."""
        declared: dict[str, bytes] = {}
        content_md5 = headers.get("Content-MD5")
        if content_md5 is not None:
            _declare(declared, "Content-MD5", "md5", _from_base64(content_md5))
        for word in (headers.get("OC-Checksum") or "").split():
            name, _, value = word.partition(":")
            algorithm = name.lower().replace("-", "")
            if algorithm in _LENGTHS:
                _declare(declared, "OC-Checksum", algorithm, _from_hex(value))
        _declare_field(declared, "Content-Digest", headers.get("Content-Digest"))
        if headers.get("Content-Range") is None:
            _declare_field(declared, "Repr-Digest", headers.get("Repr-Digest"))
        return cls(declared, keep=keep)

    def update(self, data: Buffer) -> None:
        """Take the next bytes of the body."""
        self._received += len(data)
        if self._is_kept and self._received > KEPT_MOST_BYTES:
            self._is_kept = False
            self._hashes.pop()
        for hasher in self._hashes:
            hasher.update(data)

    def verify(self) -> None:
        """Compare at the end of the body; raises DigestMismatch."""
        for hasher in self._hashes:
            expected = self._declared.get(hasher.name)
            if expected is not None and hasher.digest() != expected:
                raise DigestMismatch(hasher.name, expected.hex(), hasher.hexdigest())

    @property
    def checksums(self) -> tuple[tuple[str, str], ...]:
        """The digests of what came until now, as attributes keep them: (algorithm, hex), sorted."""
        return tuple(sorted((hasher.name, hasher.hexdigest()) for hasher in self._hashes))


def _declare_field(declared: dict[str, bytes], header: str, text: str | None) -> None:
    if text is None:
        return
    for key, digest in parse_dictionary(header, text).items():
        algorithm = _REGISTERED.get(key)
        if algorithm is None:
            continue
        if not isinstance(digest, bytes):
            raise BadRequest(f"{header}: the value of {key} is a digest between colons")
        _declare(declared, header, algorithm, digest)


def _declare(declared: dict[str, bytes], header: str, algorithm: str, digest: bytes) -> None:
    if len(digest) != _LENGTHS[algorithm]:
        raise BadRequest(f"{header}: {len(digest)} bytes are not a digest of {algorithm}")
    if declared.setdefault(algorithm, digest) != digest:
        raise BadRequest(f"{header} declares another {algorithm} than an earlier header or word")


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest(f"Content-MD5 is not base64: {text!r}") from error


def _from_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise BadRequest(f"OC-Checksum is not hexadecimal: {text!r}") from error
