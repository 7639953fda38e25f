"""Whose blocks a store has: what must be true before anything in it is called garbage.

Owns: this catalog's claim on the store, and what the claims there say.
Why: a second catalog on the same store sees the first one's blocks as garbage; so does a catalog that was brought back
from an old copy see all that was stored since.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from davserver.blocks.store import BlockClaims
from davserver.catalog.database import Catalog
from davserver.errors import Implausible
from davserver.values import RandomBytes

_ID = "catalog_id"
_RUNS = "gc_runs"
_LAST_NS = "gc_last_ns"


@dataclass(frozen=True, slots=True)
class Owner:
    """A catalog, as its store knows it; ``runs`` counts the garbage collections it remembers."""

    id: str
    runs: int
    last_ns: int | None


def owner_of(catalog: Catalog, random_bytes: RandomBytes) -> Owner:
    """Return who this catalog is; it gets its name the first time."""
    with catalog.read() as tables:
        known = tables.settings.get(_ID)
        runs, last_ns = tables.settings.get(_RUNS), tables.settings.get(_LAST_NS)
    if known is None:
        with catalog.write() as tables:
            known = tables.settings.set_once(_ID, random_bytes(16).hex())
    return Owner(known, int(runs or 0), None if last_ns is None else int(last_ns))


def claim(owner: Owner, blocks: BlockClaims) -> None:
    """Put the catalog's claim into its store, unless it is there."""
    if owner.id not in blocks.claims():
        blocks.claim(owner.id, _note(owner.runs))


def doubts(owner: Owner, blocks: BlockClaims) -> list[Implausible]:
    """Return what speaks against calling anything in this store garbage."""
    claims = blocks.claims()
    found = []
    others = sorted(claims.keys() - {owner.id})
    if others:
        message = f"the store holds blocks of other catalogs, too: {', '.join(others)}"
        hint = (
            "their blocks look like garbage here; if such a catalog is gone, remove its claim-... file from the store"
        )
        found.append(Implausible(message, hint=hint))
    known = _runs(claims.get(owner.id))
    if known > owner.runs:
        message = f"the catalog is older than the store: gc has run {known} times there, it knows of {owner.runs}"
        hint = "what was stored since its copy was made looks like garbage; export what you miss first"
        found.append(Implausible(message, hint=hint))
    return found


def note_run(owner: Owner, catalog: Catalog, blocks: BlockClaims, at_ns: int) -> None:
    """Remember a run: in the catalog first, so that the store never knows more than the newest catalog."""
    runs = max(owner.runs, _runs(blocks.claims().get(owner.id))) + 1
    with catalog.write() as tables:
        tables.settings.set(_RUNS, str(runs))
        tables.settings.set(_LAST_NS, str(at_ns))
    blocks.claim(owner.id, _note(runs))


def _note(runs: int) -> str:
    return json.dumps({"gc_runs": runs})


def _runs(note: str | None) -> int:
    if note is None:
        return 0
    try:
        return int(json.loads(note)["gc_runs"])
    except (ValueError, KeyError, TypeError) as error:
        raise Implausible(f"the store's note about this catalog cannot be read: {note!r}") from error
