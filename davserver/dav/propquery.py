"""What a PROPFIND asks for: its body, compiled into one function from a subject to propstats.

Owns: ``allprop``, ``include``, ``propname``, ``prop``.
Follows: RFC 4918 sections 9.1, 14.2, 14.8, 14.18, 14.19, 14.20.
Invariant: what depends on the request alone is worked out once, not per resource.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from davserver.dav import xml
from davserver.dav.faults import BadRequest
from davserver.dav.properties import (
    ALLPROP,
    LIVE,
    Subject,
    Wanted,
    Writer,
    all_properties,
    named_properties,
    property_names,
)

MAX_NAMES = 256

Query = Callable[[Subject], str]
"""Writes the propstats of one resource."""

_OK_OPEN = "<D:propstat><D:prop>"
_OK_CLOSE = "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
_MISSING_CLOSE = "</D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>"


@lru_cache(maxsize=64)
def parse_query(body: bytes, hidden: frozenset[str] = frozenset()) -> Query:
    """Read a PROPFIND body; an empty one means ``allprop``, which leaves out what is hidden. Raises BadRequest.

    Cached: a client sends the same few bodies all day, and what is compiled from one holds no state.
    """
    if not body:
        return _allprop(hidden, {})
    document = xml.parse(body, root="{DAV:}propfind")
    parts = {str(child.tag): child for child in document}
    if "{DAV:}prop" in parts:
        return _prop(_names(parts["{DAV:}prop"]))
    if "{DAV:}propname" in parts:
        return _propname
    if "{DAV:}allprop" in parts:
        include = _names(parts["{DAV:}include"]) if "{DAV:}include" in parts else []
        return _allprop(hidden, {name: LIVE[name] for name in include if name in LIVE})
    raise BadRequest("propfind holds none of prop, propname and allprop")


def query_of(prop: xml.Element) -> Query:
    """Return the query of a ``prop`` element; raises BadRequest if it names too many properties."""
    return _prop(_names(prop))


def _names(parent: xml.Element) -> list[str]:
    names = list(dict.fromkeys(str(child.tag) for child in parent))
    if len(names) > MAX_NAMES:
        raise BadRequest(f"more than {MAX_NAMES} properties are asked for")
    return names


def _allprop(hidden: frozenset[str], include: dict[str, Writer]) -> Query:
    live = {name: write for name, write in ALLPROP.items() if name not in hidden} | include

    def write(subject: Subject) -> str:
        return _OK_OPEN + all_properties(subject, live) + _OK_CLOSE

    return write


def _propname(subject: Subject) -> str:
    return _OK_OPEN + property_names(subject) + _OK_CLOSE


def _prop(names: list[str]) -> Query:
    wanted = [Wanted(name, LIVE.get(name), xml.empty_element(name)) for name in names]

    def write(subject: Subject) -> str:
        found, missing = named_properties(subject, wanted)
        if not missing:
            return _OK_OPEN + found + _OK_CLOSE
        absent = _OK_OPEN + missing + _MISSING_CLOSE
        return _OK_OPEN + found + _OK_CLOSE + absent if found else absent

    return write


ALL: Query = _allprop(frozenset(), {})
"""What ``allprop`` means."""
