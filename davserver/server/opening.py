"""From settings to an open house: what serving and every command need."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from davserver.blocks.open import open_store
from davserver.blocks.store import BlockStore
from davserver.catalog.database import open_catalog
from davserver.config import Settings
from davserver.errors import ConfigError
from davserver.live.house import House
from davserver.live.settings import CommitPolicy, LiveSettings

CACHE_SHARE = 8
"""One part in so many of the memory budget caches small blocks."""


def open_house(
    settings: Settings,
    *,
    report: Callable[[str, BaseException], None] = lambda _name, _error: None,
) -> House:
    """Open the collections; the data directory is made if need be. Errors: ConfigError, StoreUnavailable."""
    _ensure_data(settings.data)
    blocks = open_blocks(settings)
    catalog = open_catalog(settings.catalog_url)
    return House(catalog, blocks, settings=_live(settings), report=report)


def open_blocks(settings: Settings) -> BlockStore:
    """Open the block store: verified, with a cache. Errors: ConfigError, StoreUnavailable."""
    return open_store(settings.blocks_url, cache_bytes=settings.memory_bytes // CACHE_SHARE)


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
    )


def _ensure_data(data: Path) -> None:
    """Make the data directory, for its owner alone. Errors: ConfigError."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError("data", f"{data} cannot be made: {error.strerror}", hint="choose one with --data") from error
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        raise ConfigError("data", f"{data} is not writable", hint="choose another with --data")
