"""What a PROPFIND asks for: its body, compiled into one function from a subject to propstats.

Owns: ``allprop``, ``include``, ``propname``, ``prop``.
Follows: RFC 4918 sections 9.1, 14.2, 14.8, 14.18, 14.19, 14.20.
Invariant: what depends on the request alone is worked out once, not per resource.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from typing import Protocol

from davserver.dav import xml
from davserver.dav.faults import BadRequest
from davserver.dav.properties import (
    ALLPROP,
    FROM_AROUND,
    LIVE,
    OF_ITSELF,
    M,
    Member,
    Subject,
    Wanted,
    Writer,
    all_properties,
    named_properties,
    property_names,
)

MAX_NAMES = 256


class _Compile(Protocol):
    """Makes the writer of propstats of the writers of properties, by their names."""

    def __call__(self, live: Mapping[str, Writer[M]], /) -> Callable[[M], str]: ...


class Query:
    """What is asked for. Called with a subject, it writes the propstats; threads: any.

    ``from_around`` names those of its properties that do not follow from a resource alone.
    """

    __slots__ = ("_compile", "_write", "from_around")

    def __init__(self, compile_with: _Compile, names: Iterable[str]) -> None:
        self.from_around = tuple(name for name in names if name in FROM_AROUND)
        self._compile = compile_with
        self._write = compile_with(LIVE)

    def __call__(self, subject: Subject) -> str:
        """Write the propstats of one resource."""
        return self._write(subject)

    def settled(self, around: Mapping[str, str]) -> Callable[[Member], str]:
        """Return what writes the same for resources that have these elements of ``from_around`` in common."""
        return self._compile({**OF_ITSELF, **{name: _constant(text) for name, text in around.items()}})


def _constant(text: str) -> Writer[Member]:
    return lambda _member: text


_OK_OPEN = "<D:propstat><D:prop>"
_OK_CLOSE = "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
_MISSING_CLOSE = "</D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>"


@lru_cache(maxsize=64)
def parse_query(body: bytes, hidden: frozenset[str] = frozenset()) -> Query:
    """Read a PROPFIND body; an empty one means ``allprop``, which leaves out what is hidden. Raises BadRequest.

    Cached: a client sends the same few bodies all day, and what is compiled from one holds no state.
    """
    if not body:
        return _allprop(hidden)
    document = xml.parse(body, root="{DAV:}propfind")
    parts = {str(child.tag): child for child in document}
    if "{DAV:}prop" in parts:
        return query_of(parts["{DAV:}prop"])
    if "{DAV:}propname" in parts:
        return Query(_propname, LIVE)
    if "{DAV:}allprop" in parts:
        return _allprop(hidden, _names(parts["{DAV:}include"]) if "{DAV:}include" in parts else ())
    raise BadRequest("propfind holds none of prop, propname and allprop")


def query_of(prop: xml.Element) -> Query:
    """Return the query of a ``prop`` element; raises BadRequest if it names too many properties."""
    names = _names(prop)
    return Query(partial(_prop, names), names)


def _names(parent: xml.Element) -> list[str]:
    names = list(dict.fromkeys(str(child.tag) for child in parent))
    if len(names) > MAX_NAMES:
        raise BadRequest(f"more than {MAX_NAMES} properties are asked for")
    return names


def _allprop(hidden: frozenset[str], include: Iterable[str] = ()) -> Query:
    shown = [name for name in ALLPROP if name not in hidden]
    names = [*shown, *(name for name in include if name in LIVE and name not in shown)]
    return Query(partial(_all, names), names)


def _all(names: list[str], live: Mapping[str, Writer[M]]) -> Callable[[M], str]:
    written = {name: live[name] for name in names}

    def write(member: M) -> str:
        return _OK_OPEN + all_properties(member, written) + _OK_CLOSE

    return write


def _propname(live: Mapping[str, Writer[M]]) -> Callable[[M], str]:
    def write(member: M) -> str:
        return _OK_OPEN + property_names(member, live) + _OK_CLOSE

    return write


def _prop(names: list[str], live: Mapping[str, Writer[M]]) -> Callable[[M], str]:
    wanted = Wanted.of(names, live)

    def write(member: M) -> str:
        found, missing = named_properties(member, wanted)
        if not missing:
            return _OK_OPEN + found + _OK_CLOSE
        absent = _OK_OPEN + missing + _MISSING_CLOSE
        return _OK_OPEN + found + _OK_CLOSE + absent if found else absent

    return write


ALL: Query = _allprop(frozenset())
"""What ``allprop`` means."""
