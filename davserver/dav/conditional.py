"""Conditional requests, as pure functions.

Owns: what If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since and If-Range mean for given validators.
Never: a lookup; the write side calls ``check_write`` inside ``house.edit``, where validators no longer change.
Follows: RFC 9110 sections 8.8.3.2 (comparison), 13.1 and 13.2.2 (precedence).
Invariants: If-None-Match given makes If-Modified-Since void, If-Match given makes If-Unmodified-Since void;
    times are compared in whole seconds, as Last-Modified shows them; a date that cannot be read is no condition.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from davserver.dav.faults import BadRequest
from davserver.dav.httpdate import parse_date
from davserver.errors import PreconditionFailed

_ENTITY_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_SEPARATOR = re.compile(r"[ \t]*(?:,[ \t]*)*")


class HeaderLookup(Protocol):
    """Where header values come from; ``dav.requests.Headers`` is one."""

    def get(self, name: str) -> str | None:
        """Return the value of a header, None if it was not sent."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What is there now: its unquoted strong ETag (None: it has none) and time in whole seconds (None: unknown)."""

    etag: str | None
    modified_s: int | None


class Tags:
    """A parsed If-Match or If-None-Match: ``*`` or entity tags. Weak tags are told apart."""

    __slots__ = ("anything", "strong", "weak")

    def __init__(self, text: str) -> None:
        """Read the header; raises BadRequest, since a condition misread is data lost."""
        self.anything = text.strip(" \t") == "*"
        self.strong: set[str] = set()
        self.weak: set[str] = set()
        if not self.anything:
            self._read(text)

    def _read(self, text: str) -> None:
        position = _end_of_separator(text, 0)
        while position < len(text):
            match = _ENTITY_TAG.match(text, position)
            if match is None:
                raise BadRequest(f"not a list of quoted entity tags: {text!r}")
            (self.weak if match[1] else self.strong).add(match[2])
            position = _end_of_separator(text, match.end())
        if not self.strong and not self.weak:
            raise BadRequest("an empty list of entity tags")

    def match_strongly(self, etag: str | None) -> bool:
        """Compare as If-Match does; ``*`` matches whatever exists."""
        return self.anything or (etag is not None and etag in self.strong)

    def match_weakly(self, etag: str | None) -> bool:
        """Compare as If-None-Match does."""
        return self.anything or (etag is not None and (etag in self.strong or etag in self.weak))


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditional headers of one request; times in seconds since the epoch."""

    if_match: Tags | None = None
    if_none_match: Tags | None = None
    if_modified_since_s: int | None = None
    if_unmodified_since_s: int | None = None

    @classmethod
    def of(cls, headers: HeaderLookup) -> Conditions:
        """Read them from the headers; raises BadRequest for a malformed list of tags."""
        match, none_match = headers.get("If-Match"), headers.get("If-None-Match")
        since, unmodified = headers.get("If-Modified-Since"), headers.get("If-Unmodified-Since")
        if match is None and none_match is None and since is None and unmodified is None:
            return NO_CONDITIONS
        return cls(
            None if match is None else Tags(match),
            None if none_match is None else Tags(none_match),
            None if since is None else parse_date(since),
            None if unmodified is None else parse_date(unmodified),
        )


NO_CONDITIONS = Conditions()


class ReadOutcome(Enum):
    """What a conditional GET or HEAD comes to."""

    PROCEED = "send the representation"
    NOT_MODIFIED = "304"


def check_read(conditions: Conditions, current: Validators) -> ReadOutcome:
    """Decide for GET and HEAD of something that exists; raises PreconditionFailed (412)."""
    if conditions is NO_CONDITIONS:
        return ReadOutcome.PROCEED
    _check_match(conditions, current)
    if conditions.if_none_match is not None:
        unchanged = conditions.if_none_match.match_weakly(current.etag)
    else:
        since = conditions.if_modified_since_s
        unchanged = since is not None and current.modified_s is not None and current.modified_s <= since
    return ReadOutcome.NOT_MODIFIED if unchanged else ReadOutcome.PROCEED


def check_write(conditions: Conditions, current: Validators | None) -> None:
    """Decide for every verb that changes something; ``None`` is an unmapped URL. Raises PreconditionFailed (412)."""
    if conditions is NO_CONDITIONS:
        return
    _check_match(conditions, current)
    if (
        conditions.if_none_match is not None
        and current is not None
        and conditions.if_none_match.match_weakly(current.etag)
    ):
        raise PreconditionFailed("If-None-Match: the resource matches")


def _check_match(conditions: Conditions, current: Validators | None) -> None:
    if conditions.if_match is not None:
        if current is None or not conditions.if_match.match_strongly(current.etag):
            raise PreconditionFailed("If-Match: the resource does not match")
        return
    limit = conditions.if_unmodified_since_s
    if limit is None or current is None or current.modified_s is None:
        return
    if current.modified_s > limit:
        raise PreconditionFailed("If-Unmodified-Since: the resource changed later")


def range_applies(if_range: str | None, current: Validators, now_s: float) -> bool:
    """Tell whether Range may be honoured: no If-Range, or its validator is strong and exactly the current one.

    A date counts as strong once its second has passed (RFC 9110 section 8.8.2.2): the file cannot have changed twice
    in a second that lies behind us and still bear that date unnoticed by the client.
    """
    if if_range is None:
        return True
    match = _ENTITY_TAG.fullmatch(if_range.strip(" \t"))
    if match is not None:
        return match[1] is None and match[2] == current.etag
    date = parse_date(if_range.strip(" \t"))
    return date is not None and date == current.modified_s and now_s >= date + 1


def _end_of_separator(text: str, position: int) -> int:
    match = _SEPARATOR.match(text, position)
    return position if match is None else match.end()
