"""Random writes against bytes (the original's TestRandomWrites), with blocks of 8 bytes."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from davserver.collection.attributes import EMPTY
from davserver.collection.extents import MemExtent, StoredExtent, ZeroExtent
from davserver.collection.filenode import FileNode, FilePointer
from tests.support.memoryblocks import MemoryBlocks

MAX_BLOCK = 8
OFFSETS = st.integers(0, 60)
DATA = st.binary(max_size=30)


class RandomWrites(RuleBasedStateMachine):
    """A file and its bytes; pointers of any age; clones that must keep what they had."""

    pointers = Bundle("pointers")

    def __init__(self) -> None:
        super().__init__()
        self.blocks = MemoryBlocks()
        self.node = FileNode()
        self.model = bytearray()
        self.clones: list[tuple[FileNode, bytes]] = []

    @initialize(pieces=st.lists(st.binary(min_size=1, max_size=20), max_size=4))
    def begin_with_stored_extents(self, pieces: list[bytes]) -> None:
        self.model += b"".join(pieces)
        locators = [self.blocks.put(piece) for piece in pieces]
        self.node = FileNode([StoredExtent(locator, 0, locator.size) for locator in locators])

    def pad(self, size: int) -> None:
        self.model.extend(bytes(max(0, size - len(self.model))))

    @rule(target=pointers, offset=OFFSETS)
    def seek(self, offset: int) -> FilePointer:
        return self.node.seek(FilePointer(offset))

    @precondition(lambda self: not self.node.frozen)
    @rule(target=pointers, pointer=pointers, data=DATA)
    def write(self, pointer: FilePointer, data: bytes) -> FilePointer:
        behind = self.node.write(pointer, data, max_block=MAX_BLOCK)
        self.pad(pointer.offset)
        self.model[pointer.offset : pointer.offset + len(data)] = data
        assert behind == self.node.seek(FilePointer(pointer.offset + len(data)))
        return behind

    @rule(target=pointers, pointer=pointers, n=st.integers(1, 30))
    def read(self, pointer: FilePointer, n: int) -> FilePointer:
        data, behind = self.node.read(pointer, n, self.blocks)
        assert data == self.model[pointer.offset : pointer.offset + len(data)]
        assert bool(data) == (pointer.offset < len(self.model))
        assert behind == self.node.seek(FilePointer(pointer.offset + len(data)))
        return behind

    @precondition(lambda self: not self.node.frozen)
    @rule(size=OFFSETS)
    def truncate(self, size: int) -> None:
        self.node.truncate(size)
        self.pad(size)
        del self.model[size:]

    @rule(
        offset=OFFSETS, pieces=st.lists(st.binary(max_size=10), max_size=3), zeros=st.integers(0, 9), thaw=st.booleans()
    )
    def splice(self, offset: int, pieces: list[bytes], zeros: int, thaw: bool) -> None:
        data = b"".join(pieces) + bytes(zeros)
        self.clones.append((self.node, bytes(self.model)))
        self.node = self.node.spliced(offset, [*map(MemExtent, pieces), ZeroExtent(zeros)], EMPTY)
        assert self.node.frozen
        if thaw:
            self.node = self.node.clone()
        self.pad(offset)
        self.model[offset : offset + len(data)] = data

    @rule(size=OFFSETS)
    def truncated(self, size: int) -> None:
        self.clones.append((self.node, bytes(self.model)))
        self.node = self.node.truncated(size, EMPTY)
        self.pad(size)
        del self.model[size:]

    @precondition(lambda self: not self.node.frozen)
    @rule(number=st.integers(0, 9))
    def store_an_extent(self, number: int) -> None:
        mem = [extent for extent in self.node.extents if isinstance(extent, MemExtent)]
        if mem:
            old = mem[number % len(mem)].share()
            locator = self.blocks.put(old.view())
            assert self.node.exchange(old, StoredExtent(locator, 0, locator.size))

    @rule(frozen=st.booleans())
    def clone(self, frozen: bool) -> None:
        self.clones.append((self.node, bytes(self.model)))
        if frozen:
            self.node.freeze()
        self.node = self.node.clone()

    @rule(offset=OFFSETS, length=OFFSETS)
    def slice(self, offset: int, length: int) -> None:
        pieces = [extent.read(0, extent.length, self.blocks) for extent in self.node.slices(offset, length)]
        assert b"".join(pieces) == self.model[offset : offset + length]

    @invariant()
    def the_file_is_its_bytes(self) -> None:
        node = self.node
        assert node.size == len(self.model)
        assert node.read_at(0, node.size, self.blocks) == self.model
        assert node.mem_bytes == sum(e.length for e in node.extents if isinstance(e, MemExtent))
        assert all(extent.length for extent in node.extents)
        offset = 0
        for number, extent in enumerate(node.extents):
            assert node.seek(FilePointer(offset))[1:3] == (number, 0), "the prefix sums are kept right"
            offset += extent.length

    @invariant()
    def clones_are_what_they_were(self) -> None:
        for node, content in self.clones:
            assert node.read_at(0, node.size + 1, self.blocks) == content


RandomWrites.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestRandomWrites = RandomWrites.TestCase
