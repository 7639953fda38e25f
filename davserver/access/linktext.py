"""The text of a link: what stands in its URL, and lets whoever has it in.

Invariant: 144 random bits cannot be guessed, so a plain SHA-256 of them is enough to store.
"""

from __future__ import annotations

import base64
from hashlib import sha256
from urllib.parse import quote

from davserver.values import RandomBytes

BELOW = "/_/s"
"""Links stand below it."""
CHARS = 24
PATTERN = rf"[A-Za-z0-9_-]{{{CHARS}}}"
"""How it looks; in a URL none of it is ever encoded."""
_BYTES = 18
_VISITOR = "link:"


def make_link_text(random_bytes: RandomBytes) -> str:
    """Make a new one."""
    return base64.urlsafe_b64encode(random_bytes(_BYTES)).decode()


def digest_of(text: str) -> str:
    """Return what is stored of it."""
    return sha256(text.encode()).hexdigest()


def visitor_of(link_id: str) -> str:
    """Name whoever comes by a link; no account has such a name."""
    return _VISITOR + link_id


def is_link(name: str) -> bool:
    """Tell whether a principal came by a link."""
    return name.startswith(_VISITOR)


def url_path(text: str, name: str, *, folder: bool) -> str:
    """Write the path of a link's URL, to what it calls ``name``."""
    return f"{BELOW}/{text}/{quote(name, safe='', errors='surrogateescape')}" + ("/" if folder else "")
