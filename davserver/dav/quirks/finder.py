"""The Finder (``WebDAVFS``, macOS).

``finder-no-quota``: from macOS 15 (Darwin 24) on the Finder hangs for 90 seconds at a time on a volume that tells its
free space, so it is not told; older ones are. Source: cryptomator/webdav-nio-adapter #107, copyparty #1242.

``finder-busy``: the file system takes every 5xx but 507 for "no such file", and the Finder shows that a file is gone
when the server only was busy. It gets 423, which it takes for EBUSY. Source: Apple webdavfs-403,
``translate_status_to_error`` in ``mount.tproj/webdav_network.c``.
"""

from __future__ import annotations

import re

from davserver.dav.quirks.quirk import Asking, Quirk
from davserver.errors import Locked, StoreUnavailable

NO_QUOTA = Quirk("finder-no-quota", re.compile(r"WebDAVFS/.*Darwin/(?:2[4-9]|[3-9]\d)\."))
BUSY = Quirk("finder-busy", re.compile("WebDAVFS/"))


def busy_for(asking: Asking, error: Exception) -> Exception:
    """Return the error to answer with: for the Finder, a server that is busy is a file that is."""
    if isinstance(error, StoreUnavailable) and asking.has(BUSY):
        return Locked(())
    return error
