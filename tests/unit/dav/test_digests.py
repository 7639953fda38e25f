from __future__ import annotations

import base64
import hashlib

import pytest

from davserver.dav.digests import DeclaredDigests
from davserver.dav.faults import BadRequest
from davserver.errors import DigestMismatch

BODY = b"hello, digests"
MD5 = hashlib.md5(BODY).digest()
SHA1 = hashlib.sha1(BODY).hexdigest()


def check(headers, body=BODY):
    digests = DeclaredDigests.of(headers)
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


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-MD5": "not base64!"},
        {"Content-MD5": base64.b64encode(b"short").decode()},
        {"OC-Checksum": "SHA1:xyz"},
        {"OC-Checksum": "SHA1:00"},
        {"Content-MD5": base64.b64encode(MD5).decode(), "OC-Checksum": "MD5:" + "0" * 32},
    ],
)
def test_what_is_no_digest(headers):
    with pytest.raises(BadRequest):
        DeclaredDigests.of(headers)
