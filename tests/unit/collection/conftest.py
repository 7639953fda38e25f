"""A filesystem on blocks in memory, with blocks of 8 bytes and a clock that goes on by a second a look."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from davserver.collection.filesystem import CollectionFileSystem
from tests.support.memoryblocks import MemoryBlocks


@pytest.fixture
def blocks() -> MemoryBlocks:
    return MemoryBlocks()


@pytest.fixture
def fs(blocks: MemoryBlocks) -> Iterator[CollectionFileSystem]:
    with CollectionFileSystem(blocks, clock=itertools.count(1).__next__, max_block=8, uuid="zzzzz-4zz18-x") as fs:
        yield fs
