"""Locks for tests that go below HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from davserver.catalog.model import Lock


def lock_of(collection_id: int, **changes: Any) -> Lock:
    """Return Bob's lock on all of a collection, which does not expire while a test runs; parts can be said."""
    lock = Lock(
        token="urn:x",
        collection_id=collection_id,
        path=(),
        exclusive=True,
        infinite=True,
        owner_xml="",
        principal="bob",
        timeout_s=60,
        expires_ns=1 << 62,
    )
    return replace(lock, **changes)
