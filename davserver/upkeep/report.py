"""What fsck found and what repair did, as values.

Owns: the kinds of findings, which of them are errors, and the form of a report in JSON.
Never: looks for anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from davserver.live.house import House

MAX_PLACES = 1000
"""Of the places a finding hits, at most so many are listed; the others are counted."""

Fix = Callable[[House], str | None]
"""A repair that is safe: returns what it did, None if nothing can be done. Twice is like once."""


class Kind(StrEnum):
    """What a finding is about."""

    BLOCK_MISSING = "block-missing"
    BLOCK_TRASHED = "block-trashed"
    BLOCK_SIZE = "block-size"
    BLOCK_CORRUPT = "block-corrupt"
    BLOCK_UNREADABLE = "block-unreadable"
    MISPLACED = "misplaced"
    PERMISSIONS = "permissions"
    INDEX = "index"
    RECORD = "record"
    TOTALS = "totals"
    VERSION = "version"
    MANIFEST = "manifest"
    JOURNAL = "journal"
    GRAFT = "graft"
    TRAIL = "trail"
    DANGLING = "dangling"
    CATALOG = "catalog"
    ORPHANS = "orphans"
    TEMPORARY = "temporary"
    ASIDE = "set-aside"
    FOREIGN = "foreign"


NOTES = frozenset({Kind.ORPHANS, Kind.TEMPORARY, Kind.ASIDE, Kind.FOREIGN})
"""Worth knowing, and nothing wrong with what was stored."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file, or a directory (its path ends with ``/``), in some versions of a collection and perhaps in its head."""

    collection: str
    path: str
    versions: tuple[int, ...] = ()
    head: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the place for ``json.dumps``."""
        versions = list(self.versions)
        return {"collection": self.collection, "path": self.path, "versions": versions, "head": self.head}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing fsck has to say; ``subject`` is a locator, a record's hash, a collection's name or a file's path."""

    kind: Kind
    subject: str
    message: str
    places: tuple[Place, ...] = ()
    more_places: int = 0
    fix: Fix | None = field(default=None, compare=False, repr=False)

    @property
    def is_error(self) -> bool:
        """Whether something is wrong, and not merely worth knowing."""
        return self.kind not in NOTES

    def to_json(self) -> dict[str, Any]:
        """Return the finding for ``json.dumps``."""
        return {
            "kind": str(self.kind),
            "error": self.is_error,
            "subject": self.subject,
            "message": self.message,
            "places": [place.to_json() for place in self.places],
            "more_places": self.more_places,
        }


@dataclass(frozen=True, slots=True)
class Repair:
    """What was done about a finding; without ``done``, why not."""

    kind: Kind
    subject: str
    message: str
    done: bool

    def to_json(self) -> dict[str, Any]:
        """Return the repair for ``json.dumps``."""
        return {"kind": str(self.kind), "subject": self.subject, "message": self.message, "done": self.done}


@dataclass(slots=True, kw_only=True)
class Report:
    """What was looked at, what was found, and what was done."""

    findings: list[Finding] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    collections: int = 0
    versions: int = 0
    records: int = 0
    blocks: int = 0
    block_bytes: int = 0
    orphan_blocks: int = 0
    orphan_bytes: int = 0

    @property
    def errors(self) -> list[Finding]:
        """The findings that are errors."""
        return [finding for finding in self.findings if finding.is_error]

    @property
    def exit_status(self) -> int:
        """0 if all is well (now), else 1."""
        return 1 if self.errors else 0

    @property
    def lost(self) -> list[Place]:
        """The files and directories that cannot be had whole, each once, by collection and path."""
        seen: dict[tuple[str, str], tuple[set[int], bool]] = {}
        for place in (place for finding in self.errors for place in finding.places):
            versions, head = seen.get((place.collection, place.path), (set(), False))
            seen[place.collection, place.path] = versions | set(place.versions), head or place.head
        return [
            Place(collection, path, tuple(sorted(versions)), head)
            for (collection, path), (versions, head) in sorted(seen.items())
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the report for ``json.dumps``."""
        return {
            "ok": not self.errors,
            "collections": self.collections,
            "versions": self.versions,
            "records": self.records,
            "blocks": self.blocks,
            "block_bytes": self.block_bytes,
            "orphan_blocks": self.orphan_blocks,
            "orphan_bytes": self.orphan_bytes,
            "findings": [finding.to_json() for finding in self.findings],
            "repairs": [repair.to_json() for repair in self.repairs],
            "lost": [place.to_json() for place in self.lost],
        }
