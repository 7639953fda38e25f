"""Headers and texts that carry values: dates, times, digests, numbers, tokens, credentials, words of proxies."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime

from davserver.access.credentials import Basic, parse_authorization
from davserver.config import url_prefix
from davserver.dav.digests import DeclaredDigests
from davserver.dav.faults import BadRequest
from davserver.dav.httpdate import format_date, format_rfc3339, parse_date, parse_rfc3339
from davserver.dav.mtime import seconds_to_ns
from davserver.dav.requests import Headers
from davserver.dav.structured import parse_dictionary, write_member
from davserver.dav.synctoken import SyncToken
from davserver.errors import Invalid, LocatorError, NotAuthenticated
from davserver.middleware.browsers import can_be_owned, host_name
from davserver.middleware.compression import accepts_gzip
from davserver.middleware.forwarded import address_of, hops_of_forwarded, hops_of_x_headers
from davserver.values import PDH, Locator
from fuzz.target import Target, header_text

_BASE64 = re.compile(r"[A-Za-z0-9+/]*=*")
_FIXDATE = "%a, %d %b %Y %H:%M:%S GMT"


def check_date(data: bytes) -> bool:
    """A date is none, or is written so that it is read the same; the standard library agrees on the usual form."""
    text = header_text(data)
    seconds = parse_date(text)
    if seconds is not None:
        assert parse_date(format_date(seconds)) == seconds
    try:
        known = int(datetime.strptime(text, _FIXDATE).replace(tzinfo=UTC).timestamp())
    except ValueError:
        known = None
    if known is not None and datetime.fromtimestamp(known, UTC).strftime(_FIXDATE) == text:
        assert seconds == known
    stamp = parse_rfc3339(text)
    if stamp is not None and 0 <= stamp < 253_402_300_800:
        assert parse_rfc3339(format_rfc3339(stamp)) == stamp
    return True


def check_seconds(data: bytes) -> bool:
    """Seconds are refused, or exact."""
    text = header_text(data)
    try:
        ns = seconds_to_ns(text)
    except BadRequest:
        return False
    assert abs(ns / 1e9 - float(text)) <= max(1e-6, abs(float(text)) * 1e-12)
    assert seconds_to_ns(f"{'-' if ns < 0 else ''}{abs(ns) // 10**9}.{abs(ns) % 10**9:09d}") == ns
    return True


def check_dictionary(data: bytes) -> bool:
    """A dictionary is refused, or its byte sequences are what stands between the colons."""
    text = header_text(data)
    try:
        members = parse_dictionary("Repr-Digest", text)
    except BadRequest:
        return False
    digests = {key: value for key, value in members.items() if isinstance(value, bytes)}
    between = [piece.rstrip("=") for piece in text.split(":") if _BASE64.fullmatch(piece)]
    assert set(digests.values()) <= {
        base64.b64decode(piece + "=" * (-len(piece) % 4)) for piece in between if len(piece) % 4 != 1
    }
    written = ", ".join(write_member(key, value) for key, value in digests.items())
    assert parse_dictionary("Repr-Digest", written) == digests
    return True


def check_digests(data: bytes) -> bool:
    """Declared digests are refused, or hold or fail for a body, whatever the headers say."""
    values = [header_text(line) for line in data.split(b"\n")]
    names = ("Content-Digest", "Repr-Digest", "Content-MD5", "OC-Checksum")
    try:
        given = {name: value for name, value in zip(names, values, strict=False) if value}
        digests = DeclaredDigests.of(Headers.of(given), keep=True)
    except BadRequest:
        return False
    digests.update(b"hello")
    assert dict(digests.checksums)["sha256"].startswith("2cf24dba")
    return True


def check_sync_token(data: bytes) -> bool:
    """A token is none, or written so that it is read the same, in characters that XML and headers hold."""
    token = SyncToken.parse(data.decode("utf-8", "surrogateescape"))
    if token is None:
        return False
    assert token.pieces[-1].upto is None
    assert all(-1 <= piece.seq < 1 << 63 for piece in token.pieces)
    assert SyncToken.parse(str(token)) == token
    return True


def check_authorization(data: bytes) -> bool:
    """Credentials are refused, or read; what is read is written so that it is read the same."""
    try:
        credentials = parse_authorization(header_text(data))
    except NotAuthenticated:
        return False
    if isinstance(credentials, Basic):
        assert "\\" not in credentials.name
        pair = f"{credentials.name}:{credentials.password}".encode()
        assert (
            credentials.password not in repr(credentials).removesuffix("...)")
            or credentials.password in repr(credentials.name) + "Basic(, "
        )
        if ":" not in credentials.name:
            assert parse_authorization("Basic " + base64.b64encode(pair).decode()) == credentials
    else:
        assert parse_authorization(f"Bearer {credentials.token}") == credentials
    return True


def check_forwarded(data: bytes) -> bool:
    """What proxies say is refused or read; an address is one, whatever surrounds it."""
    text = header_text(data)
    try:
        hops = hops_of_forwarded(text)
    except Invalid:
        hops = []
    clients, _, rest = text.partition("\t")
    schemes, _, hosts = rest.partition("\t")
    hops += hops_of_x_headers(clients, schemes, hosts)
    for hop in hops:
        address = address_of(hop.client)
        assert address is None or address_of(str(address)) == address
    return bool(hops)


def check_prefix(data: bytes) -> bool:
    """A prefix is refused, or a path in letters that no two readers read differently."""
    try:
        prefix = url_prefix(header_text(data))
    except ValueError:
        return False
    assert prefix == "" or prefix.startswith("/")
    assert not prefix.endswith("/")
    assert prefix.isascii()
    assert "//" not in prefix
    assert url_prefix(prefix) == prefix
    return True


def check_accept_encoding(data: bytes) -> bool:
    """Gzip is taken where it is named or meant by ``*``, and never where it is refused alone."""
    text = header_text(data)
    accepts = accepts_gzip(text)
    assert not accepts or "gzip" in text.lower() or "*" in text
    assert not accepts_gzip("gzip;q=0")
    assert not accepts_gzip(text + ", identity;q=1, gzip;q=0, x-gzip;q=0")
    return accepts


def check_host(data: bytes) -> bool:
    """A Host has a name, which does not change when it is read again; what looks like a domain can be owned."""
    text = header_text(data)
    name = host_name(text)
    assert text.startswith("[") or host_name(name) == name
    if name.endswith(".com") and name.count(".") == 1 and name != "example.com":
        assert can_be_owned(name)
    return True


def check_names_of_blocks(data: bytes) -> bool:
    """Locators and portable data hashes are refused, or written as they were."""
    text = data.decode("latin-1")
    for kind in (Locator, PDH):
        try:
            value = kind.parse(text)
        except LocatorError:
            continue
        assert kind.parse(str(value)) == value
        assert "/" not in str(value)
    return True


_DATES = (
    b"Sun, 06 Nov 1994 08:49:37 GMT",
    b"Sunday, 06-Nov-94 08:49:37 GMT",
    b"Sun Nov  6 08:49:37 1994",
    b"1994-11-06T08:49:37.5+01:30",
)
_DICTIONARY = b'sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:, sha-512=3;q=1.5, a="b\\"", c=?1, d=(1 2), e'
_PIECES = base64.urlsafe_b64encode(json.dumps([[["a", "b"], 3], [None, -1]]).encode())
_UUID = b"abcde-4zz18-0123456789abcde"

TARGETS = (
    Target("date", check_date, _DATES, (b" GMT", b"Feb", b"29", b"60", b"-00:00"), 60),
    Target(
        "seconds", check_seconds, (b"1234567890.123456789", b"-5", b"0.000000001"), (b".", b"-", b"999999999999"), 40
    ),
    Target("dictionary", check_dictionary, (_DICTIONARY,), (b"=:", b":", b",", b";", b"=?0", b"*", b"@1"), 300),
    Target(
        "digests",
        check_digests,
        (_DICTIONARY[:54] + b"\n\n\n", b"\n\nXUFAKrxLKna5cZ2REBfFkg==\nSHA1:aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"),
        (b"sha-256=:", b":", b"\n", b"MD5:", b"SHA256:"),
        400,
    ),
    Target(
        "sync-token",
        check_sync_token,
        (b"davserver:" + _UUID + b"/5", b"davserver:" + _UUID + b"/" + _PIECES),
        (b"davserver:",),
        300,
    ),
    Target(
        "authorization",
        check_authorization,
        (b"Basic dTpw", b"Basic RFxc6To6", b"Bearer dav_abc~="),
        (b"Basic ", b"Bearer "),
        200,
    ),
    Target(
        "forwarded",
        check_forwarded,
        (b'for="[::1]:80";proto=https;host=h, for=unknown', b"1.2.3.4:5, ::1\thttps\th"),
        (b"for=", b"proto=", b"host=", b'"', b"\\", b"\t", b"::ffff:1.2.3.4"),
        300,
    ),
    Target("accept-encoding", check_accept_encoding, (b"gzip, br", b"*;q=0.5", b"x-gzip;q=1.0"), (b";q=", b"*"), 80),
    Target("prefix", check_prefix, (b"/dav/x.y", b"/a/"), (b"/", b"..", b"%2f"), 60),
    Target("host", check_host, (b"localhost:8080", b"[::1]:80", b"Evil.COM."), (b".com", b"[", b"]", b":", b"."), 80),
    Target("locator", check_names_of_blocks, (b"a" * 32 + b"+5+Ahint@1", b"b" * 32 + b"+67108864"), (b"+A", b"@"), 120),
)
