"""Backup: a data directory made of another one, beside whoever uses that.

Owns: the order in which things are copied, and what may be written over.
Never: changes the source, or reads a setting.
Invariants: the copy is a data directory at every moment: its catalog is replaced in one step, after every block that
the new one names is there and synced. What was there before is whole until then, and a run that was killed is ended by
the next one. A block's hash is verified on its way. No gc runs meanwhile: what the copied catalog names, say a version
that a rule lets go an hour later, has to be there until it is copied, too.
Why not files: a database that is being written cannot be copied file by file, and a tool that does not know the hashes
copies damage over what was good.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from davserver.blocks.fs import Fs
from davserver.blocks.store import BlockReader, BlockStore, StoredBlock
from davserver.catalog.leftover import fold
from davserver.catalog.lineage import objection
from davserver.errors import AlreadyAtWork, BlockCorrupt, BlockError, BlockMissing, ConfigError
from davserver.upkeep.gc import TASK as GC
from davserver.values import Locator

CATALOG = "catalog.db"
_NEW = "catalog.db.new"
_BLOCKS = "blocks"
_OWN = frozenset({CATALOG, _NEW, _BLOCKS, "catalog.db.lock", "catalog.db.backup", "catalog.db.gc"})
_LOG_ENDINGS = ("-wal", "-shm", "-journal")
_AT_ONCE = 3
"""Blocks in memory: one is read while others are synced."""
_LINED_UP = 1024
"""Blocks that wait for a thread, each some 500 bytes."""
_LOOK_S = 1.0
"""How often it is asked whether a gc has ended."""

Progress = Callable[[str, int, int], None]


class Source(Protocol):
    """A catalog that can be copied."""

    @property
    def alone(self) -> Callable[[str], AbstractContextManager[None]]:
        """Hold a lock among all processes for a task of that name; raises AlreadyAtWork."""

    def copy_to(self, path: Path) -> None:
        """Write one consistent state into a file that does not exist yet."""


class SourceBlocks(BlockReader, Protocol):
    """Blocks that can be listed and read."""

    def index(self, prefix: str = "", after: str = "") -> Iterator[StoredBlock]:
        """Yield the blocks."""


@dataclass(slots=True)
class Backup:
    """What a run did: blocks and bytes that were copied, blocks that were there already, and those that are damaged."""

    copied: int = 0
    copied_bytes: int = 0
    present: int = 0
    damaged: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the form that the command line prints."""
        return {
            "copied": self.copied,
            "copied_bytes": self.copied_bytes,
            "present": self.present,
            "damaged": self.damaged,
        }


def check_destination(destination: Path, data: Path, fs: Fs) -> None:
    """Raise ConfigError where a backup could harm what is in a directory."""
    inside, outside = destination.resolve(), data.resolve()
    if inside == outside or outside in inside.parents or inside in outside.parents:
        raise ConfigError("backup", f"{destination} and {data} are not apart", hint="choose another directory or disk")
    names = set(fs.names(destination)) if destination.exists() else set()
    if CATALOG in names and _logs(names):
        fold(destination / CATALOG)  # of a server or a check that was killed
        names = set(fs.names(destination))
    _refuse_use(destination, names)
    if strange := sorted(name for name in names if name not in _OWN and not name.startswith("catalog.db.")):
        raise ConfigError("backup", f"{destination} holds other things: {strange[0]}", hint="choose an empty directory")


def _logs(names: Iterable[str]) -> list[str]:
    """Return what SQLite keeps beside a catalog while somebody has it open."""
    return sorted({CATALOG + ending for ending in _LOG_ENDINGS}.intersection(names))


def _refuse_use(destination: Path, names: Iterable[str]) -> None:
    """Raise ConfigError if somebody uses a directory: its log would be read into a catalog that is put there."""
    if logs := _logs(names):
        raise ConfigError(
            "backup", f"{destination} is in use, or was cut off: {logs[0]} is there", hint="stop who uses it"
        )


def back_up(
    catalog: Source,
    blocks: SourceBlocks,
    destination: Path,
    stored: BlockStore,
    fs: Fs,
    *,
    progress: Progress = lambda _what, _done, _total: None,
    wait: Callable[[], None] = lambda: time.sleep(_LOOK_S),
) -> Backup:
    """Bring a directory to the state of now; ``stored`` is the store in its ``blocks``.

    Cost: the whole catalog, and the blocks that are not there yet. Memory: three blocks, and a line for each that is
    copied. Waits for a gc that runs. Errors: StoreFull, StoreUnavailable, ConfigError if somebody began to use the
    directory meanwhile, or what is in it is no earlier state of this: what was there before is there still.
    """
    new = destination / _NEW
    for name in (_NEW, *(_NEW + ending for ending in _LOG_ENDINGS)):
        with suppress(FileNotFoundError):  # of a run that was killed
            fs.unlink(destination / name)
    with _without_gc(catalog, wait):
        catalog.copy_to(new)  # first: every block that it names is in the store by now
        _refuse_other(destination, new, fs)
        done = _copy_blocks(blocks, stored, progress)
    fd = fs.open_for_reading(new)
    try:
        fs.sync(fd)
    finally:
        fs.close(fd)
    _refuse_use(destination, fs.names(destination))
    fs.rename(new, destination / CATALOG)
    fs.sync_directory(destination)
    return done


def _refuse_other(destination: Path, new: Path, fs: Fs) -> None:
    """Raise ConfigError where the catalog that is there is no earlier state of the one that would replace it."""
    if reason := objection(new, destination / CATALOG):
        fs.unlink(new)
        raise ConfigError(
            "backup",
            f"{destination} is no backup of this, {reason}",
            hint="is it the other way round? else move its catalog.db away, or choose an empty directory",
        )


@contextmanager
def _without_gc(catalog: Source, wait: Callable[[], None]) -> Iterator[None]:
    """Keep gc away for the length of a ``with`` block."""
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(catalog.alone(GC))
                break
            except AlreadyAtWork:
                wait()
        yield


def _copy_blocks(source: SourceBlocks, stored: BlockStore, progress: Progress) -> Backup:
    done = Backup()
    missing = _missing(source.index(), stored.index(), done)

    def copy(locator: Locator) -> BlockError | None:
        try:
            stored.put(source.get(locator), locator)
        except (BlockCorrupt, BlockMissing) as error:  # the second one was there a moment ago
            return error
        return None

    def results(threads: ThreadPoolExecutor) -> Iterator[BlockError | None]:
        for start in range(0, len(missing), _LINED_UP):
            yield from threads.map(copy, missing[start : start + _LINED_UP])

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="backup") as threads:
        for number, (locator, error) in enumerate(zip(missing, results(threads), strict=True), 1):
            if error is None:
                done.copied += 1
                done.copied_bytes += locator.size
            else:
                done.damaged.append(str(error))
            progress("blocks", number, len(missing))
    return done


def _missing(source: Iterable[StoredBlock], stored: Iterable[StoredBlock], done: Backup) -> list[Locator]:
    """List what the second index does not have, or has in another size: both are in order of MD5."""
    missing = []
    theirs = iter(stored)
    other = next(theirs, None)
    for block in source:
        while other is not None and other.md5 < block.md5:
            other = next(theirs, None)
        if other is not None and other.locator == block.locator:
            done.present += 1
        else:
            missing.append(block.locator)
    return missing
