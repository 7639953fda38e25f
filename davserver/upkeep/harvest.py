"""What a garbage collection did, or would do, and by which rules, as values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

DAY_S = 86_400.0
MOST_LISTED = 1000
"""Of the blocks that go, at most so many are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When something is garbage.

    ``grace_s``: what is younger is left alone, as somebody may be about to name it; more than what live collections
    call fresh, by as much as clocks may differ. ``keep_s``: how long a block waits in the trash. ``purge_s``: how long
    a collection does. ``most_share``: if a larger part of all blocks would go, and more than ``small_store`` blocks,
    nothing does.
    """

    grace_s: float = DAY_S
    keep_s: float = 14 * DAY_S
    purge_s: float = 14 * DAY_S
    most_share: float = 0.5
    small_store: int = 1000


@dataclass(slots=True, kw_only=True)
class Harvest:
    """Counts of one run; sizes in bytes. Of a dry run, what ``trashed`` and the like would be is ``garbage``.

    Every block is either ``named``, ``young`` or ``garbage``. ``blocks_named`` counts also those that are missing.
    ``doubts`` is what a run that is not dry would refuse to go on for.
    """

    dry_run: bool
    started_ns: int = 0
    threshold_ns: int = 0
    purged: list[str] = field(default_factory=list)
    uploads: int = 0
    blocks_named: int = 0
    records_named: int = 0
    blocks: int = 0
    named: int = 0
    young: int = 0
    garbage: int = 0
    garbage_bytes: int = 0
    going: list[str] = field(default_factory=list)
    trashed: int = 0
    trashed_bytes: int = 0
    restored: int = 0
    records: int = 0
    record_bytes: int = 0
    texts: int = 0
    emptied: int = 0
    doubts: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the counts for ``json.dumps``."""
        return asdict(self)
