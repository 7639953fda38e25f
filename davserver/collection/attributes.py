"""Attributes: what a manifest cannot hold about a file or directory.

Owns: the value and its compact JSON form, as journal entries and directory records carry it.
Never: a clock; times come from whoever makes the change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from davserver.errors import Invalid


@dataclass(frozen=True, slots=True)
class Attributes:
    """Attributes of one file or directory; ``None`` and ``()`` mean "not known" and take no room when written.

    ``etag`` is strong and unquoted. Times are nanoseconds since the epoch. ``checksums`` are (algorithm, hex digest),
    ``properties`` are dead properties as (``{namespace}name``, XML text); both are sorted by name.
    """

    etag: str | None = None
    mtime_ns: int | None = None
    created_ns: int | None = None
    content_type: str | None = None
    checksums: tuple[tuple[str, str], ...] = ()
    properties: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the members that are set, under one-letter keys."""
        result: dict[str, Any] = {}
        if self.etag is not None:
            result["e"] = self.etag
        if self.mtime_ns is not None:
            result["m"] = self.mtime_ns
        if self.created_ns is not None:
            result["c"] = self.created_ns
        if self.content_type is not None:
            result["t"] = self.content_type
        if self.checksums:
            result["s"] = dict(self.checksums)
        if self.properties:
            result["p"] = dict(self.properties)
        return result

    @classmethod
    def from_json(cls, members: Mapping[str, Any]) -> Attributes:
        """Read what ``to_json`` wrote; raises Invalid.

        Unknown members are ignored, so that an older davserver can read on.
        """
        if not members:
            return EMPTY
        return cls(
            members.get("e"),
            members.get("m"),
            members.get("c"),
            members.get("t"),
            _pairs(members.get("s")),
            _pairs(members.get("p")),
        )


EMPTY = Attributes()


def _pairs(members: object) -> tuple[tuple[str, str], ...]:
    if not members:
        return ()
    if not isinstance(members, dict):
        raise Invalid("attributes whose checksums or properties are no pairs")
    return tuple(sorted(members.items()))
