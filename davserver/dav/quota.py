"""Quota: what the limits of a collection and of its owner leave.

Never: the last word. ``check_room`` refuses before a body comes; the edit refuses whatever grows a collection
(``Edit.apply``) or an account (``live.allowance``), in the transaction that makes the change.
Follows: RFC 4331. Used and available count the bytes of files, copies in full, although copies share blocks: what a
user sees is what counts.
"""

from __future__ import annotations

from davserver.catalog.model import Collection
from davserver.collection.dirnode import DirNode
from davserver.collection.filenode import FileNode
from davserver.dav.sites import Reader, Site
from davserver.errors import QuotaExceeded
from davserver.live.allowance import Allowance
from davserver.live.house import House


def of_collection(info: Collection, root: DirNode) -> Allowance | None:
    """Return what a collection's own limit allows."""
    return None if info.quota_bytes is None else Allowance(info.quota_bytes, root.bytes)


def available(allowances: list[Allowance], free: int | None) -> int | None:
    """Return what to tell as available: the least that a limit or the disk leaves; None if nothing is known."""
    known = [each.left_bytes for each in allowances]
    return min(known if free is None else [*known, free], default=None)


def check_room(reader: Reader, site: Site, size: int) -> None:
    """Refuse a file of this size where there is no room for it, before it comes; raises QuotaExceeded.

    In an edit nothing is left to do: the edit itself counts what did come.
    """
    growth = size - (site.node.size if isinstance(site.node, FileNode) else 0)
    if growth <= 0 or not isinstance(reader, House):
        return
    view = site.require_parent()
    for allowance in (of_collection(view.info, view.root), reader.allowance_over(view.info)):
        if allowance is not None and growth > allowance.left_bytes:
            raise QuotaExceeded(growth, allowance.left_bytes)
