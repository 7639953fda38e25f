r"""The Authorization header.

Owns: its syntax, for Basic and Bearer.
Follows: RFC 7617 (Basic, UTF-8), RFC 6750 section 2.1 (Bearer), RFC 9110 section 11.6.2.
Deviations: a Basic that is not UTF-8 is read as latin-1, which older clients send; Windows' ``DOMAIN\name`` is
``name``.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from dataclasses import dataclass

from davserver.errors import NotAuthenticated

_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*\Z")
MAX_CHARS = 16 << 10
"""A signed token with many groups has a few KiB."""


@dataclass(frozen=True, slots=True)
class Basic:
    """A user name and a password, both in normal form C, or a token in the place of the password."""

    name: str
    password: str

    def __repr__(self) -> str:
        return f"Basic({self.name!r}, ...)"


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token."""

    token: str

    def __repr__(self) -> str:
        return "Bearer(...)"


def parse_authorization(header: str) -> Basic | Bearer:
    """Read the header as the server decoded it (latin-1); raises NotAuthenticated."""
    scheme, _, rest = header.strip().partition(" ")
    if len(header) > MAX_CHARS:
        raise NotAuthenticated("the Authorization header is too long")
    if scheme.lower() == "basic":
        return _basic(rest.strip())
    if scheme.lower() == "bearer" and _BEARER.match(rest.strip()):
        return Bearer(rest.strip())
    raise NotAuthenticated("the Authorization header is neither Basic nor Bearer")


def normal(text: str) -> str:
    """Write a name or password as it is stored and compared: keyboards differ in how they compose an é."""
    return unicodedata.normalize("NFC", text)


def _basic(encoded: str) -> Basic:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise NotAuthenticated("the Basic credentials are not base64") from None
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    name, colon, password = text.partition(":")
    if not colon:
        raise NotAuthenticated("the Basic credentials have no password")
    return Basic(normal(name.rpartition("\\")[2]), normal(password))
