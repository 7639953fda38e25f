"""Which names a collection may have."""

from __future__ import annotations

from davserver.errors import InvalidName, NameTooLong
from davserver.values import check_name

RESERVED_NAMES = frozenset({"by_id", "history", "_", "remote.php"})
"""First path segments of the URL space that are no collections."""

MAX_NAME_BYTES = 255


def check_collection_name(name: str) -> None:
    """Refuse what cannot name a collection; raises InvalidName."""
    check_name(name)
    if name in RESERVED_NAMES:
        raise InvalidName(name, "reserved by the URL space")
    if any(ord(c) < 32 or 127 <= ord(c) < 160 for c in name):
        raise InvalidName(name, "contains a control character")
    if len(name.encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES:
        raise NameTooLong(name, MAX_NAME_BYTES)
