"""Pack: bring the bytes that are in no block yet into blocks.

Owns: which bytes share a block.
Never: a manifest, a record, a tree's change; the new tree has the same content, attributes and ETags.
Follows: the seed's packing (small files share blocks, an extent of more than half a block goes alone), but across
    directories: many small directories would make many small blocks.
Invariants: equal trees are packed alike. At most one block is being filled; its bytes are in memory already.
"""

from __future__ import annotations

from davserver.blocks.store import BlockWriter
from davserver.collection.dirnode import DirNode, Node
from davserver.collection.extents import Extent, MemExtent, StoredExtent, ZeroExtent
from davserver.collection.filenode import FileNode, with_fixed_etag
from davserver.collection.names import NameMap
from davserver.collection.unsealed import rebuild, unsealed
from davserver.values import MAX_BLOCK_BYTES, Locator


def pack(root: DirNode, store: BlockWriter, max_block: int = MAX_BLOCK_BYTES) -> DirNode:
    """Store all bytes that are in mem extents, and return the tree in which every extent is stored.

    Small pieces fill blocks in the manifest's order, across directories; zeros become slices of shared blocks of
    zeros. Only directories without a record are visited. Raises what ``put`` raises; then the given tree is still good.
    """
    packer = _Packer(store, max_block)
    for directory, complete in unsealed(root):
        if not complete:
            for node in directory.entries.values():
                if isinstance(node, FileNode):
                    packer.take(node)
    packer.flush()
    return rebuild(root, packer.finish)


class _Packer:
    """Places extents in blocks; an extent or file that stands in the tree more than once is placed once."""

    def __init__(self, store: BlockWriter, max_block: int) -> None:
        self._store = store
        self._max_block = max_block
        self._places: dict[int, list[StoredExtent]] = {}
        self._waiting: list[tuple[list[StoredExtent], memoryview]] = []
        self._filled = 0
        self._zeros: dict[int, Locator] = {}
        self._files: dict[int, FileNode] = {}

    def take(self, node: FileNode) -> None:
        """Place a file's mem extents."""
        for extent in node.extents:
            if isinstance(extent, MemExtent) and id(extent) not in self._places:
                place = self._places[id(extent)] = []
                data = extent.view()
                for start in range(0, len(data), self._max_block):
                    self._put(data[start : start + self._max_block], place)

    def flush(self) -> None:
        """Store the block that is being filled."""
        if self._waiting:
            locator = self._store.put(
                self._waiting[0][1] if len(self._waiting) == 1 else b"".join([data for _, data in self._waiting])
            )
            offset = 0
            for place, data in self._waiting:
                place.append(StoredExtent(locator, offset, len(data)))
                offset += len(data)
        self._waiting = []
        self._filled = 0

    def finish(self, directory: DirNode, entries: NameMap[Node]) -> DirNode:
        """Put the placed files into a directory; see ``rebuild``."""
        items = [(name, self._stored(node) if isinstance(node, FileNode) else node) for name, node in entries.items()]
        return DirNode(
            NameMap.from_sorted(items),
            attributes=directory.attributes,
            files=directory.files,
            bytes=directory.bytes,
            mem_bytes=0,
        )

    def _put(self, data: memoryview, place: list[StoredExtent]) -> None:
        if len(data) > self._max_block // 2:
            place.append(StoredExtent(self._store.put(data), 0, len(data)))
            return
        if self._filled + len(data) > self._max_block:
            self.flush()
        self._waiting.append((place, data))
        self._filled += len(data)

    def _stored(self, node: FileNode) -> FileNode:
        if all(isinstance(extent, StoredExtent) for extent in node.extents):
            return node
        known = self._files.get(id(node))
        if known is None:
            # The ETag must be fixed while the extents are those it was derived from.
            attributes = with_fixed_etag(node).attributes
            extents = [piece for extent in node.extents for piece in self._place(extent)]
            known = self._files[id(node)] = FileNode(extents, attributes).freeze()
        return known

    def _place(self, extent: Extent) -> list[StoredExtent]:
        if isinstance(extent, StoredExtent):
            return [extent]
        if isinstance(extent, MemExtent):
            return self._places[id(extent)]
        return self._place_zeros(extent)

    def _place_zeros(self, extent: ZeroExtent) -> list[StoredExtent]:
        """Cut zeros out of a block of zeros: the next power of two long, a whole block for what is longer."""
        size = min(1 << (extent.length - 1).bit_length(), self._max_block)
        locator = self._zeros.get(size)
        if locator is None:
            locator = self._zeros[size] = self._store.put(bytes(size))
        whole, rest = divmod(extent.length, size)
        return [StoredExtent(locator, 0, size)] * whole + ([StoredExtent(locator, 0, rest)] if rest else [])
