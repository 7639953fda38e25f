"""Whether one catalog's file is a later state of another's.

Owns: telling a later state from another server's catalog, and from an earlier state.
Never: changes a file; nobody else may have them open.
Why: a backup replaces the catalog of the one before. With the two mixed up, or a source that is an empty directory
since its disk is not mounted, that would be the end of what the backup was made for.
Follows: numbers of collections are given once (AUTOINCREMENT), and their sequences only grow.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class _State:
    given: int
    """The largest number of a collection that was ever given."""
    collections: dict[int, tuple[str, int]]


def objection(later: Path, earlier: Path) -> str | None:
    """Return what speaks against the first file being a later state of the second; None if nothing does."""
    new, old = _state(later), _state(earlier)
    if old is None or not old.given:
        return None  # nothing can be lost there
    if new is None:
        return "its catalog cannot be read"
    if any(new.collections.get(number, (uuid, 0))[0] != uuid for number, (uuid, _) in old.collections.items()):
        return "it holds other collections"
    is_behind = any(new.collections.get(number, ("", seq))[1] < seq for number, (_, seq) in old.collections.items())
    if is_behind or new.given < old.given:
        return "what it holds is newer"
    return None


def _state(path: Path) -> _State | None:
    """Read a catalog; None where there is none."""
    uri = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            rows = connection.execute("SELECT id, uuid, head_seq FROM collections").fetchall()
            given = connection.execute("SELECT max(seq) FROM sqlite_sequence WHERE name = 'collections'").fetchone()[0]
    except sqlite3.Error:
        return None
    return _State(given or 0, {number: (uuid, seq) for number, uuid, seq in rows})
