"""Repack: bytes in small or sparsely used blocks, and files in many pieces, go into full blocks.

Owns: which blocks and files are worth it, and where their bytes go.
Never: a version, a catalog. The new tree has the same content, attributes and ETags: only extents differ.
Follows: the seed's ``repackTree``; ``pack`` for how bytes share blocks.
Invariants: what was repacked is not worth it again. At most one block is being filled.
Memory: that block, 100 bytes for each block and 400 for each piece that moves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Collection as AnyOf
from dataclasses import dataclass

from davserver.blocks.store import BlockWriter
from davserver.collection.dirnode import DirNode
from davserver.collection.extents import Extent, RangeReader, StoredExtent
from davserver.collection.filenode import FileNode, with_fixed_etag
from davserver.collection.names import NameMap
from davserver.collection.record import DirectoryRecord, Fetch, files_in
from davserver.manifest.parse import parse_locators
from davserver.values import MAX_BLOCK_BYTES, Locator

_POOR = 0.5
"""A block that is filled or used to less than this part is worth its repacking; pack fills all but one to more."""
_MANY_PIECES = 16
_SMALL_PIECE_BYTES = 256 << 10

Seen = Callable[[int], None]
"""Told how many directories were looked at."""
Remake = Callable[[DirNode], DirNode]


@dataclass(slots=True)
class Use:
    """What a tree needs of the blocks it names: bytes of each, and the directories and files in many pieces."""

    blocks: dict[Locator, int]
    scattered: set[str]

    @property
    def stored_bytes(self) -> int:
        """The bytes of all those blocks."""
        return sum(locator.size for locator in self.blocks)


def use_of(root: str, fetch: Fetch, seen: Seen = lambda _count: None) -> Use:
    """Read each directory record below a root once, and count; a block that files share counts for each of them."""
    use = Use({}, set())
    for count, (record_hash, record) in enumerate(records_below(root, fetch), 1):
        for _, node in files_in(record):
            if is_scattered(node):
                use.scattered.add(record_hash)
            for extent in node.extents:
                locator = extent.locator  # type: ignore[union-attr]  # a record has no other extents
                use.blocks[locator] = min(use.blocks.get(locator, 0) + extent.length, locator.size)
        seen(count)
    return use


def records_below(root: str, fetch: Fetch) -> Iterator[tuple[str, DirectoryRecord]]:
    """Iterate over the records of a tree, each once."""
    waiting, known = [root], {root}
    while waiting:
        record_hash = waiting.pop()
        record = fetch(record_hash)
        yield record_hash, record
        fresh = [below.record for below in record.directories if below.record not in known]
        known.update(fresh)
        waiting += fresh


def is_scattered(node: FileNode) -> bool:
    """Tell whether a file is in many small pieces, as writes of ranges leave it."""
    pieces = len(set(node.extents)) if len(node.extents) >= _MANY_PIECES else 0
    return pieces >= _MANY_PIECES and node.size < pieces * _SMALL_PIECE_BYTES


def worth_it(blocks: Mapping[Locator, int], max_block: int = MAX_BLOCK_BYTES) -> set[Locator]:
    """Choose the blocks to leave, by the bytes that are used of each; none if that makes neither fewer nor smaller."""
    poor = {
        locator: used
        for locator, used in blocks.items()
        if locator.size and (used < _POOR * locator.size or locator.size < _POOR * max_block)
    }
    used = sum(poor.values())
    fewer = -(-used // max_block) < len(poor)
    smaller = any(poor[locator] < _POOR * locator.size for locator in poor)
    return set(poor) if fewer or smaller else set()


class Repacker:
    """Moves the bytes of some blocks, and of scattered files; each piece once, whatever the number of trees.

    ``take`` every file, then ``flush``, then ``placed`` gives a file's new form.
    """

    def __init__(self, reader: RangeReader, store: BlockWriter, leave: set[Locator], max_block: int) -> None:
        self._reader = reader
        self._store = store
        self._max_block = max_block
        self._places: dict[Extent, StoredExtent] = {}
        self._known: set[Extent] = set()
        self._waiting: list[tuple[StoredExtent, bytes]] = []
        self._filled = 0
        self.leave = leave
        self.moved_bytes = 0

    def concerns(self, locators: str) -> bool:
        """Tell whether a stream with these locators may have a file whose blocks are left."""
        return bool(locators) and any(locator in self.leave for locator in parse_locators(locators))

    def remade(self, directory: DirNode) -> DirNode:
        """Return a directory with its own files where their bytes are now; the same one if none moved."""
        items = [(name, self.placed(node) if isinstance(node, FileNode) else node) for name, node in directory.items()]
        if all(node is old for (_, node), old in zip(items, directory.entries.values(), strict=True)):
            return directory
        return DirNode.of(NameMap.from_sorted(items), directory.attributes)

    def take(self, node: FileNode) -> None:
        """Read what moves of a file, and store what fills a block; raises BlockError."""
        for extent in self._moving(node):
            if extent not in self._known:
                self._known.add(extent)
                self._take(extent)

    def flush(self) -> None:
        """Store the block that is being filled."""
        waiting, self._waiting, self._filled = self._waiting, [], 0
        if waiting:
            locator = self._store.put(b"".join([data for _, data in waiting]))
            offset = 0
            for extent, data in waiting:
                self._places[extent] = StoredExtent(locator, offset, len(data))
                offset += len(data)

    def placed(self, node: FileNode) -> FileNode:
        """Return a file with its bytes where they are now; the same one if none moved."""
        moving = set(self._moving(node))
        if not moving:
            return node
        # The ETag must be fixed while the extents are those it was derived from.
        attributes = with_fixed_etag(node).attributes
        extents = [self._places[extent] if extent in moving else extent for extent in node.extents]
        return FileNode(extents, attributes).freeze()

    def _moving(self, node: FileNode) -> Iterator[StoredExtent]:
        everything = is_scattered(node)
        for extent in node.extents:
            if isinstance(extent, StoredExtent) and (everything or extent.locator in self.leave):
                yield extent

    def _take(self, extent: StoredExtent) -> None:
        if self._filled + extent.length > self._max_block or extent.length > self._max_block // 2:
            self.flush()
        self._waiting.append((extent, extent.read(0, extent.length, self._reader)))
        self._filled += extent.length
        self.moved_bytes += extent.length
        if extent.length > self._max_block // 2:
            self.flush()


def rebuilt(root: DirNode, wanted: AnyOf[str], fetch: Fetch, remake: Remake, finish: Remake) -> DirNode:
    """Return a stored tree with some of its directories, by record, made anew by ``remake``.

    ``finish`` stores a directory that is new, after all below it; those above a new one are new, too. Each directory is
    visited once.
    """
    done: dict[str, DirNode] = {}
    stack: list[tuple[DirNode, list[tuple[str, DirNode]] | None]] = [(root, None)]
    while stack:
        directory, below = stack.pop()
        record = _record(directory)
        if record in done:
            continue
        if below is None:
            below = _subdirectories(directory, fetch)
            stack.append((directory, below))
            stack += [(node, None) for _, node in below]
            continue
        result = remake(directory) if record in wanted else directory
        for name, node in below:
            fresh = done[_record(node)]
            if fresh.record != node.record:
                result = result.with_entry(name, fresh)
        done[record] = directory if result is directory else finish(result)
    return done[_record(root)]


def _record(directory: DirNode) -> str:
    assert directory.record is not None  # noqa: S101 - the tree is stored
    return directory.record


def _subdirectories(directory: DirNode, fetch: Fetch) -> list[tuple[str, DirNode]]:
    if not any(page.directories for page in fetch(_record(directory)).pages):
        return []  # without unpacking its files
    return [(name, node) for name, node in directory.items() if isinstance(node, DirNode)]
