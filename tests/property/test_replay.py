"""Two processes: one keeps its tree in memory, the other lives on the journal and on commits. They never differ."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.change import (
    Change,
    Copy,
    Mkdir,
    Move,
    Put,
    Remove,
    SetAttributes,
    Splice,
    Truncate,
    Write,
    apply,
)
from davserver.collection.codec import decode, encode
from davserver.collection.dirnode import EMPTY_DIR, DirNode
from davserver.collection.extents import MemExtent, ZeroExtent
from davserver.collection.filenode import FileNode, etag_of
from davserver.collection.marshal import seal
from davserver.collection.pack import pack
from davserver.collection.record import DirectoryRecord
from davserver.collection.shelf import Shelf
from davserver.errors import DavserverError
from tests.support.memoryblocks import MemoryBlocks

PATHS = st.lists(st.sampled_from("abc"), max_size=3).map(tuple)
BYTES = st.binary(min_size=1, max_size=12)
EXTENTS = st.lists(BYTES.map(MemExtent) | st.integers(1, 20).map(ZeroExtent), max_size=3)
ATTRIBUTES = st.builds(Attributes, mtime_ns=st.integers(0, 9), content_type=st.none() | st.just("text/plain"))
NEW_BYTES = st.builds(Attributes, etag=st.text("abcdef", min_size=8, max_size=8), mtime_ns=st.integers(0, 9))
CHANGES = st.one_of(
    st.builds(Put, PATHS, st.builds(FileNode, EXTENTS, ATTRIBUTES)),
    st.builds(Write, PATHS, st.integers(0, 20), EXTENTS.map(tuple), NEW_BYTES),
    st.builds(Truncate, PATHS, st.integers(0, 20), NEW_BYTES),
    st.builds(Mkdir, PATHS, ATTRIBUTES),
    st.builds(Remove, PATHS),
    st.builds(Move, PATHS, PATHS),
    st.builds(Copy, PATHS, PATHS),
)


class Replay(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = MemoryBlocks()
        self.records: dict[str, DirectoryRecord] = {}
        self.shelf = Shelf(self.fetch, 0)
        self.live: DirNode = EMPTY_DIR
        self.other: DirNode = EMPTY_DIR
        self.past: list[tuple[DirNode, dict]] = []

    def fetch(self, record: str) -> DirectoryRecord:
        return DirectoryRecord.from_bytes(self.records[record].to_bytes())

    def save(self, record: DirectoryRecord) -> None:
        self.records[record.hash] = record

    def load(self, record: str, *, files: int, bytes: int, attributes: Attributes) -> DirNode:  # noqa: A002
        return self.shelf.directory(record, files=files, bytes=bytes, attributes=attributes)

    def change(self, change: Change) -> None:
        """Apply on one side, send the journal's form to the other; both take it or both refuse."""
        header, inline = encode(change)
        received = decode(header, inline, self.load)
        try:
            self.live = apply(self.live, change)
        except DavserverError as refused:
            try:
                apply(self.other, received)
            except type(refused):
                return
            raise AssertionError("refused by one side only") from refused
        self.other = apply(self.other, received)

    @rule(change=CHANGES)
    def any_change(self, change: Change) -> None:
        self.change(change)

    @precondition(lambda self: len(self.live))
    @rule(data=st.data(), change=CHANGES)
    def change_of_something_that_is_there(self, data, change: Change) -> None:
        paths = [path for path, _ in tree.walk(self.live)]
        name = "src" if isinstance(change, Move | Copy) else "path"
        self.change(replace(change, **{name: data.draw(st.sampled_from(paths))}))

    @precondition(lambda self: len(self.live))
    @rule(data=st.data(), attributes=ATTRIBUTES)
    def set_attributes(self, data, attributes: Attributes) -> None:
        path = data.draw(st.sampled_from([path for path, _ in tree.walk(self.live)]))
        node = tree.require(self.live, path)
        etag = etag_of(node) if isinstance(node, FileNode) else None
        self.change(SetAttributes(path, replace(attributes, etag=etag)))

    @precondition(lambda self: self.past)
    @rule(data=st.data(), path=PATHS)
    def splice_from_the_past(self, data, path: tuple[str, ...]) -> None:
        """Restore, or copy out of, a version: its tree is sealed, or has bytes in memory yet."""
        root, _ = data.draw(st.sampled_from(self.past))
        nodes = [root, *(node for _, node in tree.walk(root))]
        self.change(Splice(path, data.draw(st.sampled_from(nodes))))

    @rule(reload=st.booleans())
    def commit(self, reload: bool) -> None:
        sealed = seal(pack(self.other, self.blocks, 8), self.save)
        assert sealed.mem_bytes == 0
        self.other = self.shelf.root(sealed.record) if reload else sealed
        assert (self.other.files, self.other.bytes) == (self.live.files, self.live.bytes)
        self.remember(self.other)

    @rule()
    def remember_the_tree_of_now(self) -> None:
        self.remember(self.live)

    def remember(self, root: DirNode) -> None:
        if len(self.past) < 4:
            self.past.append((root, self.facts(root)))

    def facts(self, root: DirNode) -> dict:
        """Return what a client can see: bytes, ETags and attributes by path."""
        result: dict = {(): replace(root.attributes, etag=None)}
        for path, node in tree.walk(root):
            known = replace(node.attributes, etag=None)
            if isinstance(node, FileNode):
                result[path] = node.read_at(0, node.size, self.blocks), etag_of(node), known
            else:
                result[path] = known
        return result

    @invariant()
    def both_sides_are_equal(self) -> None:
        assert self.facts(self.live) == self.facts(self.other)

    @invariant()
    def the_past_does_not_change(self) -> None:
        for root, facts in self.past:
            assert self.facts(root) == facts

    @invariant()
    def totals_are_those_of_the_subtree(self) -> None:
        for root in (self.live, self.other):
            for directory in [root, *(node for _, node in tree.walk(root) if isinstance(node, DirNode))]:
                files = [node for _, node in tree.walk(directory) if isinstance(node, FileNode)]
                assert (directory.files, directory.bytes) == (len(files), sum(node.size for node in files))
                assert directory.mem_bytes == sum(node.mem_bytes for node in files)


Replay.TestCase.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
TestReplay = Replay.TestCase
