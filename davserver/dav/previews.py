"""A PDF in a frame of the page: ``/_/preview/PATH...``, with the names of the URL space.

Owns: which files may be framed, and by whom: PDF, by this origin.
Why: a file's own address sends PDF into a sandbox and forbids frames; in a sandbox browsers do not start their viewer.
That runs a PDF's scripts, if it runs them, in a process or an interpreter of its own, out of reach of the page.
Invariant: what comes from here is declared to be PDF, and browsers do not guess (nosniff): HTML of that name is a PDF
that cannot be shown, never a document of this origin.
"""

from __future__ import annotations

from davserver.dav import get
from davserver.dav.faults import Forbidden, MethodNotAllowed
from davserver.dav.paths import InPreview
from davserver.dav.requests import Request
from davserver.dav.responses import HeaderList, Response
from davserver.live.house import House

VERBS = ("GET", "HEAD")
KIND = "application/pdf"
_REPLACED = frozenset({"content-security-policy", "x-frame-options", "content-disposition"})
_FRAMED: HeaderList = [
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'",
    ),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("Content-Disposition", "inline"),
]


def handle(request: Request, target: InPreview, house: House) -> Response:
    """Serve a PDF as GET serves it, but for who may frame it."""
    if request.method not in VERBS:
        raise MethodNotAllowed(request.method, VERBS)
    response = get.handle(request._replace(target=target.of), house)
    kinds = {value.partition(";")[0].strip().lower() for name, value in response.headers if name == "Content-Type"}
    if not kinds <= {KIND, "multipart/byteranges"} or (not kinds and response.status != 304):
        raise Forbidden("only PDF is shown in a frame", hint="GET it by its own URL")
    kept = [header for header in response.headers if header[0].lower() not in _REPLACED]
    return Response(response.status, [*kept, *_FRAMED], response.body)
