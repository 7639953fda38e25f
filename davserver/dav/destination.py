"""The ``Destination`` header, and resource tags of an ``If`` header: a URL that must be ours, reduced to its raw path.

Owns: splitting the URL, comparing its authority with the names this server is reached by, removing the proxy's prefix.
Never: percent-decodes; ``paths`` does, per segment and after the split, so that ``%3F``, ``%3B``, ``%23`` stay names.
Follows: RFC 4918 sections 8.3 (Simple-ref) and 10.3, RFC 3986, RFC 9110 section 4.2.3 (equivalence of authorities).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from davserver.dav.faults import BadRequest, OtherServer

_DEFAULT_PORTS = {"http": "80", "https": "443"}
_ILLEGAL = re.compile(r"[\x00-\x20\x7f<>\"\\]|%(?![0-9A-Fa-f]{2})")
"""RFC 3986 forbids ``^`{|}`` too; clients send them bare, and they cannot be misread."""


def raw_path_of(url: str, authorities: Collection[str], *, prefix: str = "") -> str:
    """Return the still encoded path (it starts with ``/``) that a URL or an absolute path names here.

    ``authorities`` are the hosts the client may know this server by (Host, X-Forwarded-Host, configured names), with or
    without port. The scheme is not compared: behind a proxy that ends TLS, the client's differs from ours and both name
    the same resource. ``prefix`` is the path under which a proxy publishes us; it is removed.

    Raises OtherServer for another authority or a path outside the prefix, BadRequest for what is no URL of a resource.
    """
    if not url.isascii() or _ILLEGAL.search(url):
        # Bytes above ASCII arrive decoded as latin-1; clients that do not encode mean UTF-8, and `paths` would take
        # the characters for it. Refusing is the only answer that never writes a wrong name.
        raise BadRequest(f"not a URL: {url!r}", hint="percent-encode every byte that RFC 3986 does not allow")
    try:
        scheme, authority, path, query, fragment = urlsplit(url)
    except ValueError as error:
        raise BadRequest(f"not a URL: {url!r}") from error
    if fragment or url.endswith("#"):
        raise BadRequest(f"a URL with a fragment names no resource: {url!r}")
    if query or url.endswith("?"):
        raise BadRequest(
            f"a URL with a query names no resource here: {url!r}", hint="a name holds a question mark as %3F"
        )
    if scheme or authority:
        _check_authority(url, scheme.lower(), authority, authorities)
        path = path or "/"
    if not path.startswith("/"):
        raise BadRequest(f"neither a URL nor an absolute path: {url!r}")
    return _without_prefix(url, path, prefix.rstrip("/"))


def _check_authority(url: str, scheme: str, authority: str, authorities: Collection[str]) -> None:
    if scheme not in _DEFAULT_PORTS or not authority:
        raise OtherServer(f"not an http URL: {url!r}")
    if normal_authority(authority) not in {normal_authority(known) for known in authorities}:
        raise OtherServer(f"{authority} is another server", hint=f"this one is {', '.join(authorities)}")


def normal_authority(authority: str) -> str:
    """Write an authority so that equivalent ones are equal: lower case, no user information, no default port.

    Both default ports are dropped whatever the scheme, since the scheme may be the proxy's.
    """
    host = authority.rpartition("@")[2].strip().lower()
    name, colon, port = host.rpartition(":")
    if colon and "]" not in port and (not port or port in _DEFAULT_PORTS.values()):
        return name
    return host


def _without_prefix(url: str, path: str, prefix: str) -> str:
    if not prefix:
        return path
    if path == prefix:
        return "/"
    if not path.startswith(prefix + "/"):
        raise OtherServer(f"outside of {prefix}/, which is all this server holds: {url!r}")
    return path[len(prefix) :]
