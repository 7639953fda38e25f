"""From settings to an open house: what serving and every command need."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from davserver.blocks.fs import Fs, RealFs, ensure_directory
from davserver.blocks.metered import Meter
from davserver.blocks.open import open_store
from davserver.blocks.restoring import RestoringStore
from davserver.blocks.store import BlockStore
from davserver.catalog.database import open_catalog
from davserver.config import Settings
from davserver.errors import ConfigError
from davserver.live.house import House
from davserver.live.keeper import Keeper
from davserver.live.settings import CommitPolicy, LiveSettings
from davserver.upkeep.gc import Yard
from davserver.upkeep.harvest import Policy
from davserver.upkeep.retention import Rules
from davserver.values import Locator

CACHE_SHARE = 3 / 32
"""The part of the memory budget that caches small blocks: what ``LiveSettings`` leaves of it."""


def open_house(
    settings: Settings,
    *,
    report: Callable[[str, BaseException], None] = lambda _name, _error: None,
    committed: Callable[[float], None] = lambda _seconds: None,
    meter: Meter | None = None,
    restored: Callable[[Locator], None] = lambda _locator: None,
    before_wait: Callable[[], None] = lambda: None,
    keeper: Keeper | None = None,
) -> House:
    """Open the collections; the data directory is made if need be. Errors: ConfigError, StoreUnavailable.

    ``keeper`` makes the background commits; without one the house does, once it is started. ``restored`` is told of
    each block that was read although it was in the trash, and is back; ``before_wait`` is called by a thread that is
    about to wait; ``meter`` hears how long blocks take.
    """
    ensure_data(settings.data, RealFs())
    blocks = RestoringStore(open_blocks(settings, meter), restored)
    catalog = open_catalog(settings.catalog_url, busy_s=settings.limits_busy_s)
    return House(
        catalog,
        blocks,
        settings=_live(settings),
        report=report,
        committed=committed,
        before_wait=before_wait,
        keeper=keeper,
    )


def open_yard(settings: Settings) -> Yard:
    """Open the data for gc: connections of its own. Errors: ConfigError, StoreUnavailable."""
    ensure_data(settings.data, RealFs())
    blocks = open_store(settings.blocks_url, cache_bytes=0)
    catalog = open_catalog(settings.catalog_url, busy_s=settings.limits_busy_s)
    return Yard(catalog, blocks, time.time, os.urandom)


def gc_policy(settings: Settings) -> Policy:
    """Return when something is garbage."""
    return Policy(
        grace_s=settings.gc_grace_s,
        keep_s=settings.gc_keep_s,
        purge_s=settings.gc_purge_s,
        most_share=settings.gc_most_share,
    )


def retention_rules(settings: Settings) -> Rules:
    """Return which versions stay in collections without rules of their own."""
    return Rules(
        last=settings.history_keep_last,
        daily=settings.history_keep_daily,
        weekly=settings.history_keep_weekly,
        monthly=settings.history_keep_monthly,
    )


def open_blocks(settings: Settings, meter: Meter | None = None) -> BlockStore:
    """Open the block store: verified, with a cache. Errors: ConfigError, StoreUnavailable."""
    return open_store(settings.blocks_url, cache_bytes=int(settings.memory_bytes * CACHE_SHARE), meter=meter)


def _live(settings: Settings) -> LiveSettings:
    return LiveSettings(
        policy=CommitPolicy(
            idle_s=settings.commit_idle_s,
            age_s=settings.commit_age_s,
            pending_bytes=settings.commit_bytes,
        ),
        inline_bytes=settings.inline_bytes,
        memory_bytes=settings.memory_bytes,
        file_bytes=settings.limits_file_bytes,
        reserve_bytes=settings.limits_reserve_bytes,
        open_uploads=settings.limits_uploads,
        upload_bytes=settings.limits_upload_bytes,
    )


def ensure_data(data: Path, fs: Fs) -> None:
    """Make the data directory, for its owner alone, and sync its name and the names in it. Errors: ConfigError.

    What is stored lasts no longer than the names that lead to it, and whoever made those, an operator or a process that
    was killed at once, may not have synced them.
    """
    parent = data.absolute().parent
    try:
        ensure_directory(parent, fs)
        data.mkdir(mode=0o700, exist_ok=True)
        if os.access(parent, os.R_OK):  # or its names cannot be synced by us
            fs.sync_directory(parent)
    except OSError as error:
        raise ConfigError("data", f"{data} cannot be made: {error.strerror}", hint="choose one with --data") from error
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        raise ConfigError("data", f"{data} is not writable", hint="choose another with --data")
    try:
        fs.sync_directory(data)
    except OSError as error:
        raise ConfigError("data", f"{data} cannot be synced: {error.strerror}") from error
