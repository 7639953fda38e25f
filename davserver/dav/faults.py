"""What only a protocol can refuse: errors that exist because a request was made, not because of a tree.

Owns: the HTTP and WebDAV side of the exception tree.
Never: a status; ``dav/status.py`` maps these as it maps the domain's errors.

::

    DavserverError
        Invalid
            BadRequest              a header, path or body that breaks its syntax
        Conflict                    the parent of what was to be made is missing
        Forbidden                   the server will not, whatever the condition (precondition code)
        MethodNotAllowed            not on this resource (allow)
        MediaTypeUnsupported        a body where none, or one of another type, is understood
            CodingUnsupported       a body in a coding that is not undone here
        NotImplementedYet           a header the server must not ignore and does not understand
        OtherServer                 a Destination or If tag that is not ours
        PayloadTooLarge             a body beyond its limit (limit)
        Unprocessable               a query that is well-formed and not understood
        RangeNotSatisfiable         no byte of the file is in the asked ranges (size)
"""

from __future__ import annotations

from davserver.errors import DavserverError, Invalid


class BadRequest(Invalid):
    """A header, path or body that breaks its syntax."""


class Conflict(DavserverError):
    """The state does not allow it: an ancestor is missing or is a file; ``code`` is an RFC 4918 element or ""."""

    def __init__(self, message: str, *, code: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class Forbidden(DavserverError):
    """Refused whatever the state is; ``code`` is an RFC 4918 precondition element or ""."""

    def __init__(self, message: str, *, code: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class MethodNotAllowed(DavserverError):
    """The resource does not answer this verb; ``allow`` lists those it does."""

    def __init__(self, method: str, allow: tuple[str, ...], reason: str = "") -> None:
        super().__init__(f"{method} is not possible here" + (f": {reason}" if reason else ""))
        self.allow = allow


class MediaTypeUnsupported(DavserverError):
    """A request body where none is understood, or of a type that is not."""


class CodingUnsupported(MediaTypeUnsupported):
    """A request body in a content coding (gzip) that is not undone here."""


class NotImplementedYet(DavserverError):
    """A header the server may not ignore asks for something it does not do."""


class OtherServer(DavserverError):
    """A Destination or If tag names another server."""


class PayloadTooLarge(DavserverError):
    """A request body is longer than the ``limit`` bytes this verb reads."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is longer than {limit} bytes")
        self.limit = limit


class Unprocessable(DavserverError):
    """A query that is well-formed and asks for what is not understood."""


class RangeNotSatisfiable(DavserverError):
    """No byte of the ``size`` bytes is in any of the asked ranges."""

    def __init__(self, size: int) -> None:
        super().__init__(f"no byte of {size} is in the asked range")
        self.size = size
