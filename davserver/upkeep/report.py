"""What fsck found, as values.

Owns: the kinds of findings, which of them are errors, and the form of a report in JSON.
Never: looks for anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MAX_PLACES = 1000
"""Of the places a finding hits, at most so many are listed; the others are counted."""


class Kind(StrEnum):
    """What a finding is about; all but ORPHANS are errors."""

    BLOCK_MISSING = "block-missing"
    BLOCK_CORRUPT = "block-corrupt"
    BLOCK_UNREADABLE = "block-unreadable"
    RECORD = "record"
    TOTALS = "totals"
    VERSION = "version"
    MANIFEST = "manifest"
    JOURNAL = "journal"
    INDEX = "index"
    ORPHANS = "orphans"


@dataclass(frozen=True, slots=True)
class Place:
    """A file, or a directory (its path ends with ``/``), in some versions of a collection and perhaps in its head."""

    collection: str
    path: str
    versions: tuple[int, ...] = ()
    head: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing fsck has to say; ``subject`` is a locator, a record's hash, or a collection's name."""

    kind: Kind
    subject: str
    message: str
    places: tuple[Place, ...] = ()
    more_places: int = 0

    @property
    def is_error(self) -> bool:
        """Whether something is wrong, and not merely worth knowing."""
        return self.kind is not Kind.ORPHANS

    def to_json(self) -> dict[str, Any]:
        """Return the finding for ``json.dumps``."""
        places = [
            {"collection": place.collection, "path": place.path, "versions": list(place.versions), "head": place.head}
            for place in self.places
        ]
        return {
            "kind": str(self.kind),
            "error": self.is_error,
            "subject": self.subject,
            "message": self.message,
            "places": places,
            "more_places": self.more_places,
        }


@dataclass(slots=True, kw_only=True)
class Report:
    """What was looked at and what was found."""

    findings: list[Finding] = field(default_factory=list)
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
        """0 if all is well, else 1."""
        return 1 if self.errors else 0

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
        }
