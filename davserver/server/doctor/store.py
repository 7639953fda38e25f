"""Whether catalog and blocks work, whether anything is damaged, and when garbage was collected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from davserver.config import Settings
from davserver.live.house import House
from davserver.server.doctor.finding import Finding
from davserver.server.opening import open_house, open_yard
from davserver.upkeep.gc import Yard
from davserver.upkeep.owner import doubts, owner_of
from davserver.upkeep.scrub import load_state

_LARGE_LOG_BYTES = 1 << 30


def examine_store(settings: Settings, wall: Callable[[], float]) -> Iterator[Finding]:
    """Open the collections as any command does, and look at them; nothing is read whole."""
    if not settings.catalog and not (settings.data / "catalog.db").exists():
        hint = "as it should be before the first start; else: is it the right directory, and is its disk mounted?"
        yield Finding("warning", "catalog", f"nothing is in {settings.data}", hint)
        return
    with closing(open_house(settings)) as house:
        yield from _works(house)
        yield from _damage(house)
    with closing(open_yard(settings)) as yard:
        yield from _blocks(yard)
        yield from _garbage(yard, settings, wall())
    yield from _log(settings.data / "catalog.db-wal")


def _works(house: House) -> Iterator[Finding]:
    trouble = house.trouble()
    for part, reason in trouble.items():
        yield Finding("error", part, reason)
    if not trouble:
        with house.read_catalog() as tables:
            number = tables.collections.number_live()
        yield Finding("ok", "catalog", f"{number} collections; catalog and blocks take writes")


def _damage(house: House) -> Iterator[Finding]:
    state = load_state(house)
    if state.damaged:
        hint = "davserver fsck names the files; davserver scrub looks again"
        yield Finding("error", "damage", f"{len(state.damaged)} damaged blocks are known", hint)
    else:
        yield Finding("ok", "damage", "none is known")


def _blocks(yard: Yard) -> Iterator[Finding]:
    """Look whether there are any blocks, if there have to be: a disk that is not mounted is an empty directory."""
    if next(yard.blocks.index(), None) is not None:
        return
    with yard.catalog.read() as tables:
        rows = (version for row in tables.collections.live() for version in tables.versions.of(row.id))
        if any(version.bytes for version in rows):
            hint = "is their disk mounted? else bring them back from a backup"
            yield Finding("error", "blocks", "the catalog names blocks, and the store has none", hint)


def _garbage(yard: Yard, settings: Settings, now: float) -> Iterator[Finding]:
    owner = owner_of(yard.catalog, yard.random_bytes)
    for doubt in doubts(owner, yard.blocks):
        yield Finding("warning", "gc", doubt.message, doubt.hint)
    if not settings.gc_period_s:
        yield Finding("warning", "gc", "gc.period_s is 0: garbage is never collected", "run davserver gc")
    elif owner.last_ns is not None and now - owner.last_ns / 1e9 > 3 * settings.gc_period_s:
        days = (now - owner.last_ns / 1e9) / 86_400
        yield Finding("warning", "gc", f"it ran {days:.0f} days ago", "the server's log says why")
    else:
        yield Finding("ok", "gc", "as planned")


def _log(path: Path) -> Iterator[Finding]:
    size = path.stat().st_size if path.exists() else 0
    if size > _LARGE_LOG_BYTES:
        message = f"the catalog's log has {size / 1e9:.1f} GB"
        yield Finding("warning", "catalog", message, "somebody reads for very long: a copy, a backup, a debugger?")
