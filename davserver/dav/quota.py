"""Quota: what a collection's limit leaves.

Never: refuses anything. ``PutJob.check`` does before a body comes, ``Edit.apply`` whatever grows a collection.
Follows: RFC 4331. Used and available count the bytes of files, copies in full, although copies share blocks: what a
user sees is what counts.
"""

from __future__ import annotations


def available(limit: int | None, used: int, free: int | None) -> int | None:
    """Return what to tell as available: the lesser of what limit and disk leave; None if neither is known."""
    if limit is None:
        return free
    left = max(0, limit - used)
    return left if free is None else min(left, free)
