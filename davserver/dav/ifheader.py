"""The ``If`` header: state lists of lock tokens and entity tags.

Owns: its grammar and its evaluation against whatever the caller says a resource's state is.
Never: looks at trees, locks or the catalog; compares resource tags as text (the caller resolves them to paths).
Follows: RFC 4918 section 10.4. An untagged list is about the request's own resource. Deviation: lists of both kinds may
be mixed in one header, which the grammar forbids, clients send, and every known server accepts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from davserver.dav.faults import BadRequest

MAX_HEADER_CHARS = 8192

_LEXEME = re.compile(
    r"""[ \t]* (?:
        (?P<url><[^<>\s"]*>)
      | (?P<etag>\[[ \t]*(?:W/)?"[^"]*"[ \t]*\])
      | (?P<not>[Nn][Oo][Tt])(?=[ \t<\[])
      | (?P<open>\()
      | (?P<close>\))
    ) [ \t]*""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One state token or entity tag (exactly one is set); ``etag`` with its quotes, as in an ETag header."""

    token: str | None = None
    etag: str | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class StateList:
    """Conditions that hold together; ``resource`` is the tag as it was sent, None for the request's own resource."""

    resource: str | None
    conditions: tuple[Condition, ...]


class ResourceState(Protocol):
    """What the conditions are held against."""

    def has_token(self, token: str) -> bool:
        """Tell whether the token names a live lock on the resource."""

    def has_etag(self, etag: str) -> bool:
        """Tell whether this (quoted) entity tag is the resource's, by strong comparison."""


def parse_if(header: str) -> tuple[StateList, ...]:
    """Read the value of an If header; at least one list. Raises BadRequest with the place of the fault."""
    if len(header) > MAX_HEADER_CHARS:
        raise BadRequest(f"If header longer than {MAX_HEADER_CHARS} characters")
    return _Parser(header).lists()


def submitted_tokens(lists: Iterable[StateList]) -> frozenset[str]:
    """Collect every token of the header.

    A token counts as submitted wherever it stands and whether or not its condition holds (RFC 4918 section 10.4.1).
    """
    return frozenset(c.token for state in lists for c in state.conditions if c.token is not None)


def holds(lists: Iterable[StateList], state_of: Callable[[str | None], ResourceState]) -> bool:
    """Tell whether any list holds; ``state_of`` gives the state of a resource tag (None: the request's own)."""
    return any(all(_condition_holds(c, state_of(state.resource)) for c in state.conditions) for state in lists)


def _condition_holds(condition: Condition, state: ResourceState) -> bool:
    token, etag = condition.token, condition.etag
    matched = (token is not None and state.has_token(token)) or (etag is not None and state.has_etag(etag))
    return matched != condition.negated


class _Parser:
    """Recursive descent over the lexemes; one use per header."""

    def __init__(self, text: str) -> None:
        self._text = text.strip(" \t")
        self._at = 0
        self._kind = ""
        self._value = ""
        self._advance()

    def lists(self) -> tuple[StateList, ...]:
        found: list[StateList] = []
        resource: str | None = None
        while self._kind:
            if self._kind == "url":
                resource = self._value[1:-1]
                self._advance()
                if self._kind != "open":
                    raise self._fault("a resource tag without a list")
            found.append(StateList(resource, self._conditions()))
        if not found:
            raise self._fault("no list")
        return tuple(found)

    def _conditions(self) -> tuple[Condition, ...]:
        if self._kind != "open":
            raise self._fault("expected '('")
        self._advance()
        conditions: list[Condition] = []
        while self._kind != "close":
            conditions.append(self._condition())
        self._advance()
        if not conditions:
            raise self._fault("an empty list")
        return tuple(conditions)

    def _condition(self) -> Condition:
        negated = self._kind == "not"
        if negated:
            self._advance()
        kind, value = self._kind, self._value
        if kind not in {"url", "etag"} or value == "<>":
            raise self._fault("expected a token or an entity tag")
        self._advance()
        inner = value[1:-1]
        if kind == "url":
            return Condition(token=inner, negated=negated)
        return Condition(etag=inner.strip(), negated=negated)

    def _advance(self) -> None:
        """Take the next lexeme; an empty kind is the end of the header."""
        if self._at == len(self._text):
            self._kind = self._value = ""
            return
        match = _LEXEME.match(self._text, self._at)
        if match is None:
            raise self._fault("unknown text")
        self._at = match.end()
        self._kind = str(match.lastgroup)
        self._value = match[self._kind]

    def _fault(self, reason: str) -> BadRequest:
        return BadRequest(f"If header, character {self._at + 1}: {reason}")
