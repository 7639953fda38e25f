"""The table of verbs: which function serves which.

Owns: the dispatch, and that a refused verb names those that work (RFC 9110 section 15.5.6).
Never: anything a verb does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from davserver.dav import (
    chunks,
    copymove,
    delete,
    get,
    lock,
    mkcol,
    options,
    partial,
    patch,
    previews,
    propfind,
    proppatch,
    put,
    report,
    resumable,
    search,
    unlock,
    zips,
)
from davserver.dav.admission import admit, of_what_is_missing
from davserver.dav.faults import BadRequest, MethodNotAllowed, NotImplementedYet
from davserver.dav.paths import InChunks, InPreview, InUpload, InZip
from davserver.dav.requests import Request
from davserver.dav.responses import Response
from davserver.dav.status import row_of
from davserver.errors import DavserverError, NotFound
from davserver.live.house import House

Handler = Callable[[Request, House], Response]
"""Serves one verb; raises DavserverError for what ``dav.status`` turns into an answer."""


def _put(request: Request, house: House) -> Response:
    """Tell the kinds of PUT apart."""
    if resumable.is_in_parts(request):
        return resumable.create(request, house)
    if request.headers.get("Content-Range") is not None:
        return partial.handle(request, house)
    return put.handle(request, house)


def _post(request: Request, house: House) -> Response:
    """Serve a POST, which does nothing here but begin an upload."""
    if not resumable.is_in_parts(request):
        allow = options.verbs_at(request, house)
        if request.method not in allow:
            raise MethodNotAllowed(request.method, allow)
        raise BadRequest("a POST begins an upload", hint="Upload-Complete: ?0")
    return resumable.create(request, house)


VERBS: Mapping[str, Handler] = {
    "OPTIONS": options.handle,
    "GET": get.handle,
    "HEAD": get.handle,
    "PROPFIND": propfind.handle,
    "PUT": _put,
    "POST": _post,
    "PATCH": patch.handle,
    "DELETE": delete.handle,
    "MKCOL": mkcol.handle,
    "COPY": copymove.handle,
    "MOVE": copymove.handle,
    "PROPPATCH": proppatch.handle,
    "REPORT": report.handle,
    "SEARCH": search.handle,
    "LOCK": lock.handle,
    "UNLOCK": unlock.handle,
}

_KNOWN = frozenset({"TRACE"})
"""Methods of HTTP itself that no resource here answers; for one nobody has heard of RFC 9110 section 9.1 has 501."""


def serve(request: Request, house: House) -> Response:
    """Answer a request; raises DavserverError."""
    admit(request, house)
    handler = _handler_of(request)
    if handler is None and request.method not in _KNOWN:
        raise NotImplementedYet(f"the method {request.method} is not known here")
    if handler is None:
        raise MethodNotAllowed(request.method, options.verbs_at(request, house))
    try:
        response = handler(request, house)
    except NotFound as error:
        raise of_what_is_missing(request, house, error) from None
    except DavserverError as error:
        if row_of(error).status != 405 or isinstance(error, MethodNotAllowed):
            raise
        raise MethodNotAllowed(request.method, options.verbs_at(request, house), error.message) from error
    if request.method == "HEAD":
        _drop_body(response)
    return response


def _handler_of(request: Request) -> Handler | None:
    match request.target:
        case InUpload() as upload:
            return lambda asked, house: resumable.handle(asked, upload, house)
        case InChunks() as folder:
            return lambda asked, house: chunks.handle(asked, folder, house)
        case InZip() as packed:
            return lambda asked, house: zips.handle(asked, packed, house)
        case InPreview() as shown:
            return lambda asked, house: previews.handle(asked, shown, house)
        case _:
            return VERBS.get(request.method)


def _drop_body(response: Response) -> None:
    """Leave the body out, and keep its length in the header where it is known."""
    if isinstance(response.body, bytes):
        response.headers = response.finished_headers()
    response.body = b""
