"""Windows Explorer (``Microsoft-WebDAV-MiniRedir``).

``explorer-short-listing``: the redirector refuses a listing of more than 1,000,000 bytes
(``FileAttributesLimitInBytes``) with an unspecific error, and it always asks for ``allprop``: with everything that
means, a folder ends at some 1,400 files. Without what it never reads it holds three times as many.
Source: IIS documentation "Using the WebDAV Redirector"; sabre/dav "Windows".

``explorer-attributes-without-token``: a PROPPATCH of nothing but Windows' own attributes passes a lock. Explorer sends
it after each upload, on some ways without the token it holds, and takes a refusal for a failed copy. Its requests
have some 600 bytes and say so: of a longer one, or of one in chunks, a lock is in the way before the body is read.
Source: cs3org/reva #4928; sabre/dav "Windows" and "MS Office".
"""

from __future__ import annotations

import re

from davserver.dav.quirks.quirk import Quirk

SHORT_LISTING = Quirk("explorer-short-listing", re.compile("Microsoft-WebDAV-MiniRedir"))
ATTRIBUTES_WITHOUT_TOKEN = Quirk("explorer-attributes-without-token", re.compile(""))

ATTRIBUTES_BYTES = 4 << 10
"""The longest body that may pass a lock."""

UNREAD = frozenset({"{DAV:}displayname", "{DAV:}getetag", "{DAV:}lockdiscovery", "{DAV:}supportedlock"})
"""What its listings leave out."""
