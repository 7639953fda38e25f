"""Quota: how much more a collection takes.

Owns: the check before a body, and the figures that clients are told.
Never: the last word: ``Edit.apply`` refuses what grows a collection beyond its limit, whichever verb it is.
Follows: RFC 4331 (507 with ``quota-not-exceeded``; used and available count bytes of files, copies in full).
"""

from __future__ import annotations

from davserver.collection.filenode import FileNode
from davserver.dav.sites import Site
from davserver.errors import QuotaExceeded
from davserver.live.views import View


def check_room(site: Site, new_bytes: int | None) -> None:
    """Refuse a file of this size, in place of what is there, if the collection has a limit; raises QuotaExceeded."""
    if site.view is None or new_bytes is None or site.view.info.quota_bytes is None:
        return
    old_bytes = site.node.size if isinstance(site.node, FileNode) else 0
    need, left = new_bytes - old_bytes, left_in(site.view, site.view.info.quota_bytes)
    if need > max(0, left):
        raise QuotaExceeded(need, left)


def left_in(view: View, limit: int) -> int:
    """Return the bytes a collection may still grow by."""
    return max(0, limit - view.root.bytes)


def available(limit: int | None, used: int, free: int | None) -> int | None:
    """Return what to tell as available: the lesser of what the limit and the disk leave; None if neither is known."""
    if limit is None:
        return free
    left = max(0, limit - used)
    return left if free is None else min(left, free)
