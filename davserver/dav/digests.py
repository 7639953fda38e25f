"""Digests a client declares for a body, checked while it streams by.

Owns: Content-MD5 and OC-Checksum (MD5, SHA1, SHA256); what they must be when the last byte has come.
Never: keeps bytes.
Follows: RFC 1864 (base64 of the digest); ownCloud's header ``OC-Checksum: SHA1:hex MD5:hex``, which rclone sends.
Invariant: an algorithm that is not known here declares nothing: the header asks for no more than to be checked.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from davserver.dav.conditional import HeaderLookup
from davserver.dav.faults import BadRequest
from davserver.errors import DigestMismatch
from davserver.values import Buffer

_LENGTHS = {"md5": 16, "sha1": 20, "sha256": 32}


class DeclaredDigests:
    """The digests of one body: feed ``update``, then ``verify``. Without any declared, both cost nothing."""

    def __init__(self, declared: dict[str, bytes]) -> None:
        self._declared = declared
        self._hashes = [hashlib.new(name, usedforsecurity=False) for name in declared]

    @classmethod
    def of(cls, headers: HeaderLookup) -> DeclaredDigests:
        """Read them from the headers; raises BadRequest for a value that is no digest."""
        declared: dict[str, bytes] = {}
        content_md5 = headers.get("Content-MD5")
        if content_md5 is not None:
            declared["md5"] = _from_base64(content_md5)
        for word in (headers.get("OC-Checksum") or "").split():
            name, _, value = word.partition(":")
            algorithm = name.lower().replace("-", "")
            if algorithm in _LENGTHS:
                digest = _from_hex(algorithm, value)
                if declared.setdefault(algorithm, digest) != digest:
                    raise BadRequest("Content-MD5 and OC-Checksum declare different digests")
        return cls(declared)

    def update(self, data: Buffer) -> None:
        """Take the next bytes of the body."""
        for hasher in self._hashes:
            hasher.update(data)

    def verify(self) -> None:
        """Compare at the end of the body; raises DigestMismatch."""
        for hasher in self._hashes:
            expected = self._declared[hasher.name]
            if hasher.digest() != expected:
                raise DigestMismatch(hasher.name, expected.hex(), hasher.hexdigest())

    @property
    def checksums(self) -> tuple[tuple[str, str], ...]:
        """What was declared, as attributes keep it: (algorithm, hex), sorted."""
        return tuple(sorted((name, digest.hex()) for name, digest in self._declared.items()))


def _from_base64(text: str) -> bytes:
    try:
        digest = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest(f"Content-MD5 is not base64: {text!r}") from error
    return _of_length("Content-MD5", "md5", digest)


def _from_hex(algorithm: str, text: str) -> bytes:
    try:
        digest = bytes.fromhex(text)
    except ValueError as error:
        raise BadRequest(f"OC-Checksum is not hexadecimal: {text!r}") from error
    return _of_length("OC-Checksum", algorithm, digest)


def _of_length(header: str, algorithm: str, digest: bytes) -> bytes:
    if len(digest) != _LENGTHS[algorithm]:
        raise BadRequest(f"{header}: {len(digest)} bytes are not a digest of {algorithm}")
    return digest
