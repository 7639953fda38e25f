from __future__ import annotations

import base64
import hashlib

import pytest

from davserver.dav.digests import KEPT_MOST_BYTES, DeclaredDigests
from davserver.dav.faults import BadRequest
from davserver.errors import DigestMismatch

BODY = b"hello, digests"
MD5 = hashlib.md5(BODY).digest()
SHA256 = hashlib.sha256(BODY).digest()
SHA1 = hashlib.sha1(BODY).hexdigest()


SHA512 = hashlib.sha512(BODY).digest()


def field(**digests):
    return ", ".join(
        f"{name.replace('_', '-')}=:{base64.b64encode(digest).decode()}:" for name, digest in digests.items()
    )


def check(headers, body=BODY, *, keep=False):
    digests = DeclaredDigests.of(headers, keep=keep)
    digests.update(body[:3])
    digests.update(memoryview(body)[3:])
    digests.verify()
    return digests.checksums


def test_nothing_declared():
    assert check({}) == ()


def test_declared_and_right():
    assert check({"Content-MD5": base64.b64encode(MD5).decode()}) == (("md5", MD5.hex()),)
    assert check({"OC-Checksum": f"SHA1:{SHA1} MD5:{MD5.hex().upper()}"}) == (("md5", MD5.hex()), ("sha1", SHA1))


@pytest.mark.parametrize("headers", [{"Content-MD5": base64.b64encode(MD5).decode()}, {"OC-Checksum": f"SHA1:{SHA1}"}])
def test_another_body(headers):
    with pytest.raises(DigestMismatch):
        check(headers, BODY + b"!")


def test_an_unknown_algorithm_declares_nothing():
    assert check({"OC-Checksum": "ADLER32:00000001 CRC99:zz"}) == ()
    assert check({"Content-Digest": "crc32c=:AAAA:, unixsum=3", "Repr-Digest": "id-sha-256=:AAAA:"}) == ()


@pytest.mark.parametrize("header", ["Content-Digest", "Repr-Digest"])
def test_registered_digests(header):
    sha1 = bytes.fromhex(SHA1)
    declared = field(md5=MD5, sha=sha1, sha_256=SHA256, sha_512=SHA512, adler=b"1234")
    assert check({header: declared}) == (
        ("md5", MD5.hex()),
        ("sha1", SHA1),
        ("sha256", SHA256.hex()),
        ("sha512", SHA512.hex()),
    )
    for name, digest in (("md5", MD5), ("sha", sha1), ("sha_256", SHA256), ("sha_512", SHA512)):
        with pytest.raises(DigestMismatch):
            check({header: field(**{name: digest})}, BODY + b"!")


def test_a_repr_digest_says_nothing_of_a_part():
    whole = {"Repr-Digest": field(sha_256=bytes(32)), "Content-Range": "bytes 0-2/9"}
    assert check(whole) == ()
    with pytest.raises(DigestMismatch):
        check({**whole, "Content-Digest": field(sha_256=bytes(32))})


def test_one_digest_is_taken_if_it_is_to_be_kept():
    assert check({}, keep=True) == (("sha256", SHA256.hex()),)
    assert check({"Content-Digest": field(sha_256=SHA256)}, keep=True) == (("sha256", SHA256.hex()),)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-MD5": "not base64!"},
        {"Content-MD5": base64.b64encode(b"short").decode()},
        {"OC-Checksum": "SHA1:xyz"},
        {"OC-Checksum": "SHA1:00"},
        {"Content-MD5": base64.b64encode(MD5).decode(), "OC-Checksum": "MD5:" + "0" * 32},
        {"Content-Digest": "sha-256=:AAAA:"},
        {"Content-Digest": "sha-256=4"},
        {"Content-Digest": "sha-256"},
        {"Repr-Digest": "sha-256=:broken"},
        {"Content-Digest": field(sha=MD5[:4] * 5), "OC-Checksum": f"SHA1:{SHA1}"},
    ],
)
def test_what_is_no_digest(headers):
    with pytest.raises(BadRequest):
        DeclaredDigests.of(headers)


def test_of_a_large_body_only_what_was_declared_is_taken():
    piece = bytes(1 << 20)
    for header, algorithms in ({}, []), ({"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}, ["md5"]):
        digests = DeclaredDigests.of(header, keep=True)
        for _ in range(KEPT_MOST_BYTES >> 20):
            digests.update(piece)
        assert dict(digests.checksums)["sha256"] == hashlib.sha256(bytes(KEPT_MOST_BYTES)).hexdigest()
        digests.update(b"x")
        digests.update(piece)
        assert [name for name, _ in digests.checksums] == algorithms
