"""Nextcloud's clients, and rclone with ``vendor = nextcloud``: the URL shape they insist on.

They talk to ``/remote.php/dav/files/USER/`` (old ones: ``/remote.php/webdav/``) and derive from it where chunks go:
rclone uploads in chunks only if the address it was given ends in ``/dav/files/USER``. Both are names of our root; as
with the prefix of a proxy, the hrefs we answer have the shape of the URL that was asked for. USER may be any name: who
asks is what the credentials say.
Source: rclone backend/webdav/chunking.go (v1.75); Nextcloud developer manual, "Chunked file upload"; 2026-11.
"""

from __future__ import annotations

import re

_PUBLISHED = re.compile(r"(/remote\.php/(?:dav/files/[^/]+|webdav))(/.*)?\Z", re.DOTALL)


def split(raw_path: str) -> tuple[str, str]:
    """Cut a still encoded path into the name of our root that it uses ("" for the plain one) and what is below it."""
    match = _PUBLISHED.match(raw_path)
    return ("", raw_path) if match is None else (match[1], match[2] or "/")
