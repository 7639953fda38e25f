"""Tokens: random texts that stand for an account.

Owns: how a token looks, how it is made, under what it is stored.
Invariant: 256 random bits cannot be guessed, so a plain SHA-256 of them is enough to store; no slow hash is needed.
"""

from __future__ import annotations

import base64
import re
from hashlib import sha256

from davserver.values import RandomBytes

PREFIX = "dav_"
"""What a token begins with, so that people and secret scanners know one when they see it."""

MAX_DAYS = 36_500
"""The longest that a token or a link may last."""

_TOKEN = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{43}\Z")


def make_token(random_bytes: RandomBytes) -> str:
    """Make a new token."""
    return PREFIX + base64.urlsafe_b64encode(random_bytes(32)).rstrip(b"=").decode()


def make_token_id(random_bytes: RandomBytes) -> str:
    """Make the name that a token is listed and revoked by; it is no secret."""
    return random_bytes(5).hex()


def looks_like_token(text: str) -> bool:
    """Tell whether a text has the form of a token."""
    return _TOKEN.match(text) is not None


def digest_of(token: str) -> str:
    """Return what is stored of a token."""
    return sha256(token.encode()).hexdigest()
