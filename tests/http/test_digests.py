"""Digests over a socket: RFC 9530, RFC 1864 and ownCloud's, in and out."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib

import pytest

from davserver.dav.reprdigest import MAX_COMPUTED_BYTES

BODY = b"digested"
LARGE = bytes(range(256)) * 1024


def base64_of(algorithm, body):
    return base64.b64encode(hashlib.new(algorithm, body).digest()).decode()


def field(name, body):
    return f"{name}=:{base64_of({'sha': 'sha1'}.get(name, name.replace('-', '')), body)}:"


@pytest.mark.parametrize("name", ["sha-256", "sha-512", "md5", "sha"])
@pytest.mark.parametrize("header", ["Content-Digest", "Repr-Digest"])
def test_a_declared_digest_is_verified(dav, header, name):
    dav.expect(201, "PUT", "/c/f", BODY, **{header: field(name, BODY)})
    dav.expect(400, "PUT", "/c/f", BODY + b"!", **{header: field(name, BODY)})
    dav.expect(400, "PUT", "/c/new", BODY, **{header: f"crc32c=:AAAA:, {field(name, BODY + b'!')}"})
    assert dav.expect(200, "GET", "/c/f").body == BODY
    dav.expect(404, "GET", "/c/new")


def test_other_algorithms_declare_nothing(dav):
    dav.expect(201, "PUT", "/c/f", BODY, Content_Digest="crc32c=:AAAA:, unixsum=3", Repr_Digest="id-sha-256=:AAAA:")


@pytest.mark.parametrize("value", ["sha-256=:AAAA:", "sha-256=abc", "sha-256", "sha-256=:AAAA", "SHA-256=:AAAA:"])
def test_what_is_no_digest_is_refused(dav, value):
    dav.expect(400, "PUT", "/c/f", BODY, Content_Digest=value)
    dav.expect(404, "GET", "/c/f")


def test_content_md5_and_oc_checksum_are_verified(dav):
    md5 = base64_of("md5", BODY)
    sha1 = hashlib.sha1(BODY).hexdigest()
    dav.expect(201, "PUT", "/c/f", BODY, Content_MD5=md5, OC_Checksum=f"SHA1:{sha1} ADLER32:00000000")
    dav.expect(400, "PUT", "/c/f", b"other", Content_MD5=md5)
    dav.expect(400, "PUT", "/c/f", b"other", OC_Checksum=f"SHA1:{sha1}")
    answer = dav.expect(200, "GET", "/c/f")
    assert answer.body == BODY
    assert answer.headers["Content-MD5"] == md5
    assert answer.headers["OC-Checksum"] == f"MD5:{hashlib.md5(BODY).hexdigest()} SHA1:{sha1}"
    part = dav.expect(206, "GET", "/c/f", Range="bytes=1-2")
    assert part.headers["Content-MD5"] is None
    assert part.headers["OC-Checksum"] == answer.headers["OC-Checksum"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_file_that_is_not_small_offers_what_was_taken_of_it(dav, method):
    dav.expect(201, "PUT", "/c/f", LARGE)
    for path, headers, status in (
        ("/c/f", {}, 200),
        ("/c/f", {"Range": "bytes=0-9"}, 206 if method == "GET" else 200),
        ("/c/copy", {}, 200),
    ):
        dav.send("COPY", "/c/f", None, {"Destination": "/c/copy"})
        answer = dav.expect(status, method, path, **headers)
        assert answer.headers["Repr-Digest"] == field("sha-256", LARGE)
        assert answer.headers["OC-Checksum"] == f"SHA256:{hashlib.sha256(LARGE).hexdigest()}"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("want", "given"),
    [
        ("sha-256=10", "sha-256"),
        ("sha-512=3, sha-256=10, unixsum=0", "sha-256"),
        ("sha-512=9, sha-256=1", "sha-512"),
        ("md5=10, sha-512=1", "sha-512"),
        ("sha-256=0", None),
        ("md5=5, sha=3", None),
        ("sha-256", None),
    ],
)
def test_want_repr_digest(dav, method, want, given):
    for path, body in (("/c/small", BODY), ("/c/large", LARGE)):
        dav.send("PUT", path, body)
        answer = dav.expect(200, method, path, Want_Repr_Digest=want)
        assert answer.headers["Repr-Digest"] == (None if given is None else field(given, body))
        assert answer.headers["Content-Digest"] is None


def test_want_content_digest_is_of_what_goes_out(dav):
    dav.expect(201, "PUT", "/c/f", BODY)
    want = {"Want_Content_Digest": "sha-512=1", "Want_Repr_Digest": "sha-256=1"}
    whole = dav.expect(200, "GET", "/c/f", **want)
    assert whole.headers["Content-Digest"] == field("sha-512", BODY)
    assert whole.headers["Repr-Digest"] == field("sha-256", BODY)
    part = dav.expect(206, "GET", "/c/f", Range="bytes=2-4", **want)
    assert part.headers["Content-Digest"] == field("sha-512", BODY[2:5])
    assert part.headers["Repr-Digest"] == field("sha-256", BODY)
    assert dav.expect(206, "GET", "/c/f", Range="bytes=0-0,2-4", **want).headers["Content-Digest"] is None
    assert dav.expect(200, "HEAD", "/c/f", **want).headers["Content-Digest"] is None


def test_a_malformed_wish_is_refused(dav):
    dav.expect(201, "PUT", "/c/f", BODY)
    dav.expect(400, "GET", "/c/f", Want_Repr_Digest="sha-256;")


def test_a_computed_digest_follows_the_bytes(dav):
    for body in (b"one", b"two", b"one"):
        dav.send("PUT", "/c/f", body)
        for _ in range(2):
            answer = dav.expect(200, "HEAD", "/c/f", Want_Repr_Digest="sha-256=1")
            assert answer.headers["Repr-Digest"] == field("sha-256", body)


def test_a_range_write_leaves_no_stale_digest(dav):
    dav.expect(201, "PUT", "/c/f", LARGE)
    dav.expect(204, "PUT", "/c/f", b"!!", Content_Range="bytes 1-2/*", Content_Digest=field("sha-256", b"!!"))
    changed = LARGE[:1] + b"!!" + LARGE[3:]
    plain = dav.expect(200, "GET", "/c/f")
    assert plain.body == changed
    assert plain.headers["Repr-Digest"] is plain.headers["OC-Checksum"] is None
    wanted = dav.expect(200, "HEAD", "/c/f", Want_Repr_Digest="sha-256=1")
    assert wanted.headers["Repr-Digest"] == field("sha-256", changed)
    dav.expect(400, "PUT", "/c/f", b"??", Content_Range="bytes 1-2/*", Content_Digest=field("sha-256", b"!!"))
    assert dav.expect(200, "GET", "/c/f").body == changed


def test_what_is_not_modified_costs_no_digest_and_damage_is_an_error(site, dav):
    answer = dav.expect(201, "PUT", "/c/f", LARGE)
    for block in (site.data / "blocks").rglob("*"):
        if block.is_file() and len(block.name) == 32:
            block.unlink()
    dav.expect(304, "HEAD", "/c/f", If_None_Match=answer.headers["ETag"], Want_Repr_Digest="sha-512=1")
    assert dav.expect(200, "HEAD", "/c/f").headers["Repr-Digest"] == field("sha-256", LARGE)
    dav.expect(500, "HEAD", "/c/f", Want_Repr_Digest="sha-512=1")


def test_a_huge_file_is_not_read_for_a_wish(dav):
    """One byte at the end of more zeros than are read for a wish."""
    dav.expect(201, "PUT", "/c/f", b"")
    end = MAX_COMPUTED_BYTES
    dav.expect(204, "PUT", "/c/f", b"x", Content_Range=f"bytes {end}-{end}/*")
    assert dav.expect(200, "HEAD", "/c/f", Want_Repr_Digest="sha-256=1").headers["Repr-Digest"] is None
    answer = dav.expect(206, "GET", "/c/f", Range="bytes=-1", Want_Content_Digest="sha-256=1")
    assert answer.headers["Content-Digest"] == field("sha-256", b"x")


def test_every_part_of_several_has_its_range(dav):
    dav.expect(201, "PUT", "/c/f", LARGE)
    answer = dav.expect(206, "GET", "/c/f", Range="bytes=0-1,3-4", Want_Repr_Digest="sha-256=1")
    head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + answer.body, policy=email.policy.HTTP)
    assert [part.get_payload(decode=True) for part in message.iter_parts()] == [LARGE[:2], LARGE[3:5]]
    assert answer.headers["Repr-Digest"] == field("sha-256", LARGE)
