"""Locks as XML: ``lockdiscovery`` and ``supportedlock``.

Owns: their text, for PROPFIND and for the answer to LOCK.
Follows: RFC 4918 sections 14.1, 15.8, 15.10.
"""

from __future__ import annotations

from collections.abc import Iterable

from davserver.catalog.model import Lock

SUPPORTED = (
    "<D:lockentry><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>"
    "<D:lockentry><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>"
)


def lockdiscovery(locks: Iterable[tuple[Lock, str]], now_ns: int) -> str:
    """Write the property; each lock comes with the href of its root."""
    content = "".join(active_lock(lock, href, now_ns) for lock, href in locks)
    return f"<D:lockdiscovery>{content}</D:lockdiscovery>" if content else "<D:lockdiscovery/>"


def active_lock(lock: Lock, href: str, now_ns: int) -> str:
    """Write one ``activelock``; the timeout is what is left of it, in seconds.

    ``lock.owner_xml`` is a whole ``owner`` element, self-contained, or "".
    """
    left_s = max(0, (lock.expires_ns - now_ns) // 1_000_000_000)
    return (
        f"<D:activelock><D:locktype><D:write/></D:locktype>"
        f"<D:lockscope><D:{'exclusive' if lock.exclusive else 'shared'}/></D:lockscope>"
        f"<D:depth>{'infinity' if lock.infinite else '0'}</D:depth>{lock.owner_xml}"
        f"<D:timeout>Second-{left_s}</D:timeout>"
        f"<D:locktoken><D:href>{lock.token}</D:href></D:locktoken>"
        f"<D:lockroot><D:href>{href}</D:href></D:lockroot></D:activelock>"
    )
