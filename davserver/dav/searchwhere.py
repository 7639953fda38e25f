"""The conditions of a search: from XML to a predicate on one resource.

Owns: the operators, the values of properties as they are compared, three-valued logic.
Never: a walk.
Follows: RFC 5323 sections 5.5 to 5.14. A comparison with a property that the resource does not have, or with a literal
that cannot be its value, is unknown (None), and so is its ``not``; only what is true is found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from davserver.collection.filenode import FileNode, etag_of
from davserver.dav import mediatypes, xml
from davserver.dav.faults import Unprocessable
from davserver.dav.httpdate import parse_date, parse_rfc3339
from davserver.dav.properties import DISPLAYNAME, Subject
from davserver.dav.resources import created_s, modified_s

Value = str | int | None
"""A property as it is compared: text, a number of bytes, seconds since 1970; None if the resource has none."""
Reader = Callable[[Subject], Value]
Predicate = Callable[[Subject], bool | None]

_TIMES = frozenset({"{DAV:}getlastmodified", "{DAV:}creationdate"})
_COMPARE: Mapping[str, Callable[[int], bool]] = {
    "{DAV:}eq": lambda order: order == 0,
    "{DAV:}lt": lambda order: order < 0,
    "{DAV:}gt": lambda order: order > 0,
    "{DAV:}lte": lambda order: order <= 0,
    "{DAV:}gte": lambda order: order >= 0,
}
_WILD = re.compile(r"\\(.)|(%)|(_)", re.DOTALL)


def predicate(element: xml.Element) -> Predicate:
    """Compile one condition; raises Unprocessable for what is not understood."""
    tag = str(element.tag)
    if tag in _COMPARE:
        return _comparison(element, _COMPARE[tag])
    match tag:
        case "{DAV:}and" | "{DAV:}or":
            return _junction([predicate(child) for child in element], decisive=tag == "{DAV:}or")
        case "{DAV:}not":
            return _negation(predicate(_only(element)))
        case "{DAV:}like":
            return _likeness(element)
        case "{DAV:}is-collection":
            return lambda subject: subject.file is None
        case "{DAV:}is-defined":
            defined = reader(_property(element))
            return lambda subject: defined(subject) is not None
        case _:
            raise Unprocessable(f"the operator {tag} is not supported")


def reader(name: str) -> Reader:
    """Return what reads a property for comparison; a dead one is its text."""
    known = _READERS.get(name)
    if known is not None:
        return known
    return lambda subject: _dead(subject, name)


def _displayname(subject: Subject) -> str:
    changed = _dead(subject, DISPLAYNAME)
    return subject.name if changed is None else changed


def _content_type(subject: Subject) -> str:
    return mediatypes.FOLDER if subject.file is None else mediatypes.type_of(subject.name, subject.file)


_READERS: Mapping[str, Reader] = {
    DISPLAYNAME: _displayname,
    "{DAV:}getcontentlength": lambda subject: subject.file.size if isinstance(subject.file, FileNode) else None,
    "{DAV:}getcontenttype": _content_type,
    "{DAV:}getetag": lambda subject: f'"{etag_of(subject.file)}"' if isinstance(subject.file, FileNode) else None,
    "{DAV:}getlastmodified": lambda subject: modified_s(subject.node, subject.born_ns),
    "{DAV:}creationdate": lambda subject: created_s(subject.node, subject.born_ns),
}


def _dead(subject: Subject, name: str) -> str | None:
    for known, element in subject.attributes.properties:
        if known == name:
            texts = xml.parse(element.encode()).itertext()
            return "".join(piece for piece in texts if isinstance(piece, str))
    return None


def _only(element: xml.Element) -> xml.Element:
    if len(element) != 1:
        raise Unprocessable(f"{element.tag} takes one condition")
    return element[0]


def _property(element: xml.Element) -> str:
    prop = element.find("{DAV:}prop")
    if prop is None or len(prop) != 1:
        raise Unprocessable(f"{element.tag} takes one property")
    return str(prop[0].tag)


def _literal(element: xml.Element) -> str:
    literal = element.findtext("{DAV:}literal")
    if literal is None:
        raise Unprocessable(f"{element.tag} takes a literal")
    return literal


def _ignores_case(element: xml.Element) -> bool:
    return element.get("caseless", "no").lower() == "yes"


def _comparison(element: xml.Element, holds: Callable[[int], bool]) -> Predicate:
    name = _property(element)
    read, wanted, folds = reader(name), _value(name, _literal(element)), _ignores_case(element)
    if isinstance(wanted, str) and folds:
        wanted = wanted.casefold()

    def compare(subject: Subject) -> bool | None:
        value = read(subject)
        if isinstance(value, str) and isinstance(wanted, str):
            text = value.casefold() if folds else value
            return holds((text > wanted) - (text < wanted))
        if isinstance(value, int) and isinstance(wanted, int):
            return holds((value > wanted) - (value < wanted))
        return None

    return compare


def _value(name: str, literal: str) -> Value:
    """Read a literal as a value of this property; None if it cannot be one."""
    text = literal.strip()
    if name == "{DAV:}getcontentlength":
        return int(text) if re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) else None
    if name in _TIMES:
        date = parse_date(text)
        return parse_rfc3339(text) if date is None else date
    return literal


def _likeness(element: xml.Element) -> Predicate:
    read = reader(_property(element))
    flags = re.DOTALL | (re.IGNORECASE if _ignores_case(element) else 0)
    matches = _pattern(_literal(element), flags)

    def like(subject: Subject) -> bool | None:
        value = read(subject)
        return None if value is None else matches(str(value))

    return like


def _pattern(literal: str, flags: int) -> Callable[[str], bool]:
    r"""Compile a pattern: ``%`` is any text, ``_`` one character, a backslash takes what follows as it is.

    Each piece between two ``%`` is searched behind the one before: linear, where one expression for all of it could be
    made to run for hours.
    """
    items = _items(literal)
    pieces = [re.compile("".join(piece), flags) for piece in items]

    def matches(text: str) -> bool:
        if len(pieces) == 1:
            return pieces[0].fullmatch(text) is not None
        first = pieces[0].match(text)
        if first is None:
            return False
        at = first.end()
        for piece in pieces[1:-1]:
            found = piece.search(text, at)
            if found is None:
                return False
            at = found.end()
        start = len(text) - len(items[-1])
        return start >= at and pieces[-1].fullmatch(text, start) is not None

    return matches


def _items(literal: str) -> list[list[str]]:
    """Split at each ``%``; the items of a piece are expressions of one character."""
    pieces: list[list[str]] = [[]]
    position = 0
    while position < len(literal):
        match = _WILD.match(literal, position)
        if match is None:
            pieces[-1].append(re.escape(literal[position]))
            position += 1
            continue
        if match[2]:
            pieces.append([])
        else:
            pieces[-1].append("." if match[3] else re.escape(match[1]))
        position = match.end()
    return pieces


def _junction(parts: list[Predicate], *, decisive: bool) -> Predicate:
    """Combine: ``or`` is decided by one that holds, ``and`` by one that does not; else unknown wins."""
    if not parts:
        raise Unprocessable("and and or take conditions")

    def combined(subject: Subject) -> bool | None:
        outcome: bool | None = not decisive
        for part in parts:
            holds = part(subject)
            if holds is decisive:
                return decisive
            if holds is None:
                outcome = None
        return outcome

    return combined


def _negation(part: Predicate) -> Predicate:
    def negated(subject: Subject) -> bool | None:
        holds = part(subject)
        return None if holds is None else not holds

    return negated
