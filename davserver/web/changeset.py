"""The JSON of a set of changes, read into values.

Owns: the syntax: members, types, limits; what a property's text is stored as.
Never: looks at a collection (``web.changes``).
Invariant: nothing that is not understood is passed over: an unknown member may be a condition.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from davserver.collection.newname import check_new_name
from davserver.errors import Invalid
from davserver.values import TreePath, parse_path

MAX_CHANGES = 10_000
MAX_VALUE_CHARS = 16 << 10

_CHARACTER = r"(?:[\w.~!$'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
_URI = (  # one with a scheme, as RFC 3986 has it: XML parsers refuse a namespace that is none, and so a whole listing
    rf"[A-Za-z][A-Za-z0-9+.-]*:(?://[A-Za-z0-9.-]+(?::[0-9]{{1,5}})?(?:/(?:{_CHARACTER}|/)*)?|(?!//)(?:{_CHARACTER}|/)*)"
    rf"(?:\?(?:{_CHARACTER}|[/?])*)?(?:\#(?:{_CHARACTER}|[/?])*)?"
)
_PROPERTY = re.compile(rf"\{{(?=[^}}]{{1,1000}}\}})({_URI})\}}([A-Za-z_][-\w.]{{0,250}})\Z", re.ASCII)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}(?:[ \t]*;[ \t]*[\x20-\x7e]{1,200})?\Z", re.ASCII)
_OURS = frozenset({"DAV:", "urn:schemas-microsoft-com:", "http://owncloud.org/ns"})

_COMMON = frozenset({"do", "path", "if_match", "if_none_match"})
_MEMBERS: Mapping[str, frozenset[str]] = {
    "put": frozenset({"text", "base64", "content_type", "mtime"}),
    "mkdir": frozenset({"mtime"}),
    "copy": frozenset({"to", "overwrite"}),
    "move": frozenset({"to", "overwrite"}),
    "delete": frozenset(),
    "properties": frozenset({"set", "remove"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One change as it was asked for; times in nanoseconds, ``properties`` by name, None for one to be removed.

    ``if_match`` and ``if_none_match`` are entity tags without quotes; ``*`` stands for any.
    """

    do: str
    path: TreePath
    to: TreePath = ()
    overwrite: bool = True
    data: bytes = b""
    content_type: str | None = None
    mtime_ns: int | None = None
    properties: Mapping[str, str | None] = field(default_factory=dict)
    if_match: frozenset[str] | None = None
    if_none_match: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Changes in order, and the lock tokens that come with them."""

    items: tuple[Item, ...]
    lock_tokens: frozenset[str]


def parse_changes(body: bytes) -> ChangeSet:
    """Read a request; raises Invalid, with the index of the change where there is one."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"not JSON: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("changes"), list):
        raise Invalid('a JSON object with a list "changes" is needed')
    _refuse_others(document, frozenset({"changes", "lock_tokens"}))
    changes = document["changes"]
    if not 0 < len(changes) <= MAX_CHANGES:
        raise Invalid(f"1 to {MAX_CHANGES} changes can be made at once")
    items = []
    for index, change in enumerate(changes):
        try:
            items.append(_item(change))
        except Invalid as error:
            raise Invalid(f"change {index}: {error.message}") from None
    return ChangeSet(tuple(items), _texts(document, "lock_tokens") or frozenset())


def _item(change: object) -> Item:
    if not isinstance(change, dict):
        raise Invalid("not a JSON object")
    do = _text(change, "do")
    if do not in _MEMBERS:
        raise Invalid(f"do is one of {', '.join(_MEMBERS)}, not {do!r}")
    _refuse_others(change, _COMMON | _MEMBERS[do])
    path = _path(_text(change, "path"), is_new=do in {"put", "mkdir"})
    return Item(
        do=do,
        path=path,
        to=_path(_text(change, "to"), is_new=True) if "to" in _MEMBERS[do] else (),
        overwrite=_flag(change, "overwrite"),
        data=_data(change) if do == "put" else b"",
        content_type=_media_type(change),
        mtime_ns=_time_ns(change),
        properties=_properties(change) if do == "properties" else {},
        if_match=_tags(change, "if_match"),
        if_none_match=_tags(change, "if_none_match"),
    )


def _refuse_others(members: Mapping[str, Any], known: frozenset[str]) -> None:
    unknown = sorted(members.keys() - known)
    if unknown:
        raise Invalid(f"unknown member {unknown[0]!r}")


def _text(change: Mapping[str, Any], name: str) -> str:
    value = change.get(name)
    if not isinstance(value, str):
        raise Invalid(f"{name} has to be a text")
    return value


def _flag(change: Mapping[str, Any], name: str) -> bool:
    value = change.get(name, True)
    if not isinstance(value, bool):
        raise Invalid(f"{name} is true or false")
    return value


def _path(text: str, *, is_new: bool) -> TreePath:
    path = parse_path(text)
    if not path:
        raise Invalid("a path cannot be empty: the collection itself is not changed here")
    if is_new:
        check_new_name(path[-1])
    return path


def _data(change: Mapping[str, Any]) -> bytes:
    if ("text" in change) == ("base64" in change):
        raise Invalid("put takes either text or base64")
    try:
        if "text" in change:
            return _text(change, "text").encode()
        return base64.b64decode(_text(change, "base64"), validate=True)
    except ValueError as error:  # of UTF-8 or of base64, whose reader has several kinds of it
        raise Invalid(f"the content cannot be read: {error}") from None


def _media_type(change: Mapping[str, Any]) -> str | None:
    if change.get("content_type") is None:
        return None
    text = _text(change, "content_type")
    if not _MEDIA_TYPE.match(text):
        raise Invalid(f"no media type: {text!r}")
    return text


def _time_ns(change: Mapping[str, Any]) -> int | None:
    value = change.get("mtime")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1 << 33:
        raise Invalid("mtime is in seconds since 1970")
    return int(value * 1_000_000_000)


def _texts(members: Mapping[str, Any], name: str) -> frozenset[str] | None:
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise Invalid(f"{name} is a list of texts")
    return frozenset(value)


def _tags(change: Mapping[str, Any], name: str) -> frozenset[str] | None:
    value = change.get(name)
    tags = frozenset({value}) if isinstance(value, str) else _texts(change, name)
    if tags is not None and not tags:
        raise Invalid(f"{name} names no entity tag")
    return None if tags is None else frozenset(tag.strip('"') for tag in tags)


def _properties(change: Mapping[str, Any]) -> dict[str, str | None]:
    given = change.get("set", {})
    if not isinstance(given, dict):
        raise Invalid("set is an object of names and texts")
    properties: dict[str, str | None] = dict.fromkeys(_texts(change, "remove") or (), None)
    properties |= {name: _text(given, name) for name in given}
    if not properties:
        raise Invalid("no property to set or to remove")
    return {name: _element(name, value) for name, value in properties.items()}


def _element(name: str, value: str | None) -> str | None:
    """Return what a dead property is stored as: a whole element that means the same anywhere."""
    match = _PROPERTY.match(name)
    if match is None:
        raise Invalid(f"no name of a property: {name!r}; {{namespace}}name is one")
    namespace, local = match.groups()
    if namespace in _OURS and name != "{DAV:}displayname":
        raise Invalid(f"{name} is not set here")
    if value is None:
        return None
    if _NOT_XML.search(value) or len(value) > MAX_VALUE_CHARS:
        raise Invalid(f"the value of {name} is too long, or holds what XML cannot")
    text = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    return f'<x:{local} xmlns:x="{namespace}">{text}</x:{local}>'
