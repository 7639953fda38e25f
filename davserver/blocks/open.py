"""From a setting to a block store.

Owns: which URL scheme is which driver, and the wrappers every driver gets.
Never: reads settings; the composition root hands over the values.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from davserver.blocks import layout
from davserver.blocks.cached import CachedStore
from davserver.blocks.disk import DiskStore
from davserver.blocks.failures import translated
from davserver.blocks.fs import Fs, RealFs, ensure_directory
from davserver.blocks.marks import MarkTable
from davserver.blocks.memory import MemoryStore
from davserver.blocks.metered import Meter, MeteredStore
from davserver.blocks.store import BlockStore
from davserver.blocks.verified import VerifiedStore
from davserver.errors import ConfigError
from davserver.printable import printable_url
from davserver.values import Clock, RandomBytes

CACHE_BYTES = 1 << 25


class World(NamedTuple):
    """What a driver takes from outside."""

    clock: Clock
    random_bytes: RandomBytes
    fs: Fs


Driver = Callable[[str, World], BlockStore]
"""From a URL to a store that verifies."""


def open_store(
    location: str | Path,
    *,
    clock: Clock = time.time,
    random_bytes: RandomBytes = os.urandom,
    cache_bytes: int = CACHE_BYTES,
    meter: Meter | None = None,
    drivers: Mapping[str, Driver] | None = None,
) -> BlockStore:
    """Open the block store at a path or URL, verified and with a cache of small blocks; a directory is made if need be.

    Shape: ``file:///srv/blocks``, ``memory://``, or a path. ``drivers`` replaces the known schemes; ``meter`` hears how
    long the driver takes, and what the cache spared it.
    Threads and processes: the result is for any number of threads; a child made by fork opens its own.
    Errors: ConfigError for a location that cannot be meant; StoreUnavailable for one that cannot be used.
    """
    known = DRIVERS if drivers is None else drivers
    text = str(location)
    scheme = text.partition("://")[0] if "://" in text else "file"
    if scheme not in known:
        schemes = ", ".join(sorted(known))
        reason = f"unknown scheme {scheme!r} in {printable_url(text)!r}"
        raise ConfigError("blocks", reason, hint=f"known schemes: {schemes}")
    store = known[scheme](text, World(clock, random_bytes, RealFs()))
    if meter is None:
        return CachedStore(store, budget_bytes=cache_bytes)
    metered = MeteredStore(store, meter, time.monotonic)
    return CachedStore(metered, budget_bytes=cache_bytes, remembered=meter.remembered)


def open_directory(location: str, world: World) -> BlockStore:
    """Open a directory of blocks: a path or a file:// URL."""
    root = directory_path(location)
    with translated(f"block directory {root}"):
        ensure_directory(root, world.fs)
    marks = MarkTable(layout.marks_path(root), world.fs)
    disk = DiskStore(root, world.fs, clock=world.clock, random_bytes=world.random_bytes, marks=marks)
    return VerifiedStore(disk, disk, clock=world.clock, marks=marks)


def open_memory(location: str, world: World) -> BlockStore:
    """Make a new, empty store in this process's memory."""
    if location != "memory://":
        raise ConfigError("blocks", f"{location!r} has more than a scheme", hint="write memory://")
    return VerifiedStore(MemoryStore(clock=world.clock), clock=world.clock)


DRIVERS: Mapping[str, Driver] = MappingProxyType({"file": open_directory, "memory": open_memory})


def directory_path(location: str) -> Path:
    """Return the path that a path or file:// URL means; raises ConfigError."""
    if "://" not in location:
        if not location:
            raise ConfigError("blocks", "the block directory has an empty name")
        return Path(location)
    url = urlsplit(location)
    if url.netloc not in {"", "localhost"} or url.query or url.fragment or not url.path:
        raise ConfigError("blocks", f"{location!r} is no directory", hint="write file:///path/to/blocks")
    return Path(unquote(url.path))
