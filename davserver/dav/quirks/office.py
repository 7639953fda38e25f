"""Microsoft Office, opening a document by its URL.

``office-no-304``: an application that asks whether its copy is still good and hears 304 opens the document read-only,
so it always gets the document. Source: FubarDevelopment/WebDavServer #41.
"""

from __future__ import annotations

import re

from davserver.dav.quirks.quirk import Quirk

NO_304 = Quirk("office-no-304", re.compile("Microsoft Office"))
