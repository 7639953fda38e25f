"""What a request asks for beside its path: parameters of the query, and a JSON object in its body.

Owns: their limits. Errors: Invalid, with the name of what is wrong; Incomplete for a body that ends early.
"""

from __future__ import annotations

import json
from collections.abc import Collection as AnyOf
from typing import Any
from urllib.parse import parse_qs

from davserver.errors import Incomplete, Invalid
from davserver.values import TreePath, parse_path
from davserver.web.responses import Environ

MOST_BODY_BYTES = 64 << 10
MOST_LISTED = 1000
USUALLY_LISTED = 100


class Query:
    """The parameters of a request; each may be there once."""

    def __init__(self, environ: Environ, known: AnyOf[str]) -> None:
        """Read them; raises Invalid for an unknown one, since a misspelt one must not be passed over."""
        try:
            given = parse_qs(
                environ.get("QUERY_STRING", ""), keep_blank_values=True, errors="strict", max_num_fields=20
            )
        except ValueError as error:
            raise Invalid(f"the query cannot be read: {error}") from error
        for name, values in given.items():
            if name not in known:
                raise Invalid(f"unknown parameter {name!r}")
            if len(values) > 1:
                raise Invalid(f"{name} is given twice")
        self._values: dict[str, str] = {name: values[0] for name, values in given.items()}

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; without a default it has to be there."""
        value = self._values.get(name, default)
        if value is None:
            raise Invalid(f"the parameter {name} is needed")
        return value

    def path(self, name: str) -> TreePath:
        """Return a path in a collection, empty for the collection itself."""
        return parse_path(self._values.get(name, "").strip("/"))

    def number(self, name: str) -> int | None:
        """Return a positive number, or None."""
        value = self._values.get(name)
        if value is None:
            return None
        if not (value.isascii() and value.isdecimal() and len(value) < 19 and int(value)):
            raise Invalid(f"{name} is a positive number")
        return int(value)

    def limit(self) -> int:
        """Return how many entries are wanted."""
        return min(self.number("limit") or USUALLY_LISTED, MOST_LISTED)

    def flag(self, name: str) -> bool:
        """Return whether something is wanted."""
        value = self._values.get(name, "0")
        if value not in {"1", "true", "0", "false"}:
            raise Invalid(f"{name} is 1 or 0")
        return value in {"1", "true"}


def has_body(environ: Environ) -> bool:
    """Tell whether a request brings anything."""
    return "HTTP_TRANSFER_ENCODING" in environ or bool(int(environ.get("CONTENT_LENGTH") or 0))


def json_object(environ: Environ, known: AnyOf[str]) -> dict[str, Any]:
    """Read the body: a JSON object with known members.

    A form of another site cannot send JSON, so nothing else is taken for it.
    """
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Invalid("this takes JSON: Content-Type: application/json")
    try:
        document = json.loads(_body(environ))
    except (ValueError, RecursionError) as error:
        raise Invalid(f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise Invalid("not a JSON object")
    unknown = sorted(document.keys() - set(known))
    if unknown:
        raise Invalid(f"unknown member {unknown[0]!r}")
    return document


def text_or_none(members: dict[str, Any], name: str) -> str | None:
    """Return a text of Unicode, or None where there is none; half a character, which JSON can write, is none."""
    value = _string(members, name)
    if value is not None and any("\ud800" <= char <= "\udfff" for char in value):
        raise Invalid(f"{name} has to be a text of Unicode")
    return value


def path_or_none(members: dict[str, Any], name: str) -> TreePath | None:
    """Return a path in a collection, or None where there is none. What was imported may have names of any bytes."""
    value = _string(members, name)
    return None if value is None else parse_path(value.strip("/"))


def _string(members: dict[str, Any], name: str) -> str | None:
    value = members.get(name)
    if value is not None and not isinstance(value, str):
        raise Invalid(f"{name} has to be a text")
    return value


def _body(environ: Environ) -> bytes:
    declared = None if "HTTP_TRANSFER_ENCODING" in environ else int(environ.get("CONTENT_LENGTH") or 0)
    wanted = MOST_BODY_BYTES + 1 if declared is None else declared
    body = bytearray()
    while wanted <= MOST_BODY_BYTES + 1 and len(body) < wanted:
        try:
            piece = environ["wsgi.input"].read(wanted - len(body))
        except (OSError, ValueError) as error:
            raise Incomplete(declared, len(body)) from error
        if not piece:
            break
        body += piece
    if wanted > MOST_BODY_BYTES + 1 or len(body) > MOST_BODY_BYTES:
        raise Invalid(f"a body of more than {MOST_BODY_BYTES} bytes")
    if declared is not None and len(body) < declared:
        raise Incomplete(declared, len(body))
    return bytes(body)
