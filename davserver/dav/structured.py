"""Dictionaries of structured fields: ``sha-256=:base64:, sha-512=3;q=1``.

Owns: the syntax of RFC 9651 section 3.2, as far as digests need it: members with a byte sequence or an integer.
Never: what a key means.
Follows: RFC 9651 section 4.2: the last of two members of one name counts, parameters are read and dropped; a field
that is malformed makes the message malformed, since a digest that is not looked at is damage let in.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from davserver.dav.faults import BadRequest

Value = bytes | int | None
"""A byte sequence, an integer, or None for a value of any other type."""

_KEY: Final = r"[a-z*][a-z0-9_.*-]*"
_ITEM: Final = (
    r":[A-Za-z0-9+/=]*:"  # byte sequence
    r"|-?[0-9]{1,15}(?:\.[0-9]{1,3})?"  # integer, decimal
    r'|"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"'  # string
    r"|\?[01]"  # boolean
    r"|@-?[0-9]{1,15}"  # date
    r"|[A-Za-z*][A-Za-z0-9!#$%&'*+\-.^_`|~:/]*"  # token
)
_MEMBER = re.compile(
    rf"(?P<key>{_KEY})(?:=(?P<value>{_ITEM}|\([^()]*\)))?(?:;[ ]*{_KEY}(?:=(?:{_ITEM}))?)*[ \t]*(?P<comma>,[ \t]*|\Z)"
)


def parse_dictionary(field: str, text: str) -> dict[str, Value]:
    """Read a header's value; ``field`` is its name for the complaint. Raises BadRequest."""
    members: dict[str, Value] = {}
    position, text = 0, text.strip(" ")
    more = bool(text)
    while more:
        match = _MEMBER.match(text, position)
        if match is None:
            raise BadRequest(f"{field} is not a list of members such as sha-256=:base64: but {text!r}")
        members[match["key"]] = _value(field, match["value"])
        position = match.end()
        more = bool(match["comma"])
    return members


def _value(field: str, text: str | None) -> Value:
    if text is None:
        return None
    if text.startswith(":"):
        try:
            return base64.b64decode(text[1:-1], validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadRequest(f"{field}: not base64: {text!r}") from error
    return int(text) if text.lstrip("-").isdigit() else None


def write_member(key: str, value: bytes) -> str:
    """Write one member with a byte sequence."""
    return f"{key}=:{base64.b64encode(value).decode('ascii')}:"
