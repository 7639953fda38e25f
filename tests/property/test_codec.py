"""A change is the same after a way through its journal form."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
)
from davserver.collection.codec import _entry, decode, encode, seal_header
from davserver.collection.dirnode import EMPTY_DIR, DirNode, Node
from davserver.collection.extents import MemExtent, StoredExtent, ZeroExtent
from davserver.collection.filenode import FileNode
from davserver.collection.names import NameMap
from davserver.errors import JournalCorrupt
from davserver.values import Locator

NAMES = st.text(min_size=1, max_size=4).filter(lambda n: n not in {".", ".."} and not set(n) & set("/\0")) | st.just(
    "\udcff"
)
PATHS = st.lists(NAMES, max_size=3).map(tuple)
ATTRIBUTES = st.builds(
    Attributes,
    etag=st.none() | st.text("0123456789abcdef", min_size=1),
    mtime_ns=st.none() | st.integers(0, 1 << 62),
    created_ns=st.none() | st.integers(0, 1 << 62),
    content_type=st.none() | st.just("text/plain"),
    checksums=st.just(()) | st.just((("sha1", "aa"), ("sha256", "bb"))),
    properties=st.just(()) | st.just((("{DAV:}x", "<x xmlns='DAV:'>é</x>"),)),
)
STORED = st.builds(
    lambda md5, offset, length, rest, hints: StoredExtent(Locator(md5, offset + length + rest, hints), offset, length),
    st.sampled_from(["a" * 32, "b" * 32]),
    st.integers(0, 99),
    st.integers(1, 99),
    st.integers(0, 9),
    st.just(()) | st.just(("Rzzzzz-abc",)),
)
EXTENTS = st.lists(
    STORED | st.binary(min_size=1, max_size=9).map(MemExtent) | st.integers(1, 1 << 50).map(ZeroExtent), max_size=4
)
FILES = st.builds(lambda extents, attributes: FileNode(extents, attributes).freeze(), EXTENTS, ATTRIBUTES)
RECORDED = st.builds(
    lambda record, files, size, attributes: lazy(record, files=files, bytes=size, attributes=attributes),
    st.sampled_from(["1" * 64, "2" * 64]),
    st.integers(0, 9),
    st.integers(0, 9),
    ATTRIBUTES,
)
NODES = st.recursive(
    FILES | RECORDED,
    lambda children: st.builds(
        lambda entries, attributes: DirNode.of(NameMap.from_sorted(sorted(entries.items())), attributes),
        st.dictionaries(NAMES, children, max_size=4),
        ATTRIBUTES,
    ),
    max_leaves=8,
)
SIZES = st.integers(0, 1 << 50)
CHANGES = st.one_of(
    st.builds(Put, PATHS, FILES),
    st.builds(Write, PATHS, SIZES, EXTENTS.map(tuple), ATTRIBUTES),
    st.builds(Truncate, PATHS, SIZES, ATTRIBUTES),
    st.builds(Mkdir, PATHS, ATTRIBUTES),
    st.builds(Remove, PATHS),
    st.builds(Move, PATHS, PATHS),
    st.builds(Copy, PATHS, PATHS),
    st.builds(Splice, PATHS, NODES),
    st.builds(SetAttributes, PATHS, ATTRIBUTES),
)


def lazy(record: str, *, files: int, bytes: int, attributes: Attributes) -> DirNode:  # noqa: A002 - DirectoryLoader
    def load() -> NameMap[Node]:
        raise AssertionError("a stored directory is never read to write a change down")

    return DirNode.lazy(load, files=files, bytes=bytes, attributes=attributes, record=record)


def plain(value: object) -> Any:
    """Return a change or node as tuples that can be compared."""
    if isinstance(value, FileNode):
        return "file", plain(tuple(value.extents)), value.attributes
    if isinstance(value, DirNode):
        inside = value.record or [(name, plain(node)) for name, node in value.items()]
        return "dir", inside, value.attributes, value.files, value.bytes, value.mem_bytes
    if isinstance(value, MemExtent):
        return "mem", value.read(0, value.length)
    if isinstance(value, StoredExtent | ZeroExtent):
        return type(value), *value
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    if hasattr(type(value), "__match_args__") and not isinstance(value, Attributes):
        return type(value), *(plain(getattr(value, name)) for name in type(value).__match_args__)
    return value


@given(CHANGES)
def test_every_change_is_itself_again(change: Change) -> None:
    header, inline = encode(change)
    assert b"\n" not in header
    assert header.isascii()
    assert plain(decode(header, inline, lazy)) == plain(change)


PLAIN_PUTS = st.builds(
    lambda path, body, etag, times, content_type: Put(
        path,
        FileNode((MemExtent(body),), Attributes(etag, times[0], times[1], content_type)).freeze(),
    ),
    PATHS,
    st.binary(min_size=1, max_size=9),
    st.text(),
    st.tuples(st.none() | st.integers(), st.none() | st.integers()),
    st.none() | st.text(),
)


@given(PLAIN_PUTS | CHANGES)
def test_what_is_written_the_short_way_is_what_is_written_the_long_way(change: Change) -> None:
    assert encode(change) == _entry(change)


def test_a_splice_deeper_than_the_stack_of_the_interpreter() -> None:
    node: Node = FileNode([MemExtent(b"x")]).freeze()
    for _ in range(3000):
        node = DirNode.of(NameMap.from_sorted([("d", node)]))
    header, inline = encode(Splice(("s",), node))
    decoded = decode(header, inline, lazy)
    assert isinstance(decoded, Splice)
    assert encode(decoded) == (header, inline)


def test_files_of_one_block_share_its_locator() -> None:
    def piece(offset: int) -> FileNode:
        return FileNode([StoredExtent(Locator("a" * 32, 9), offset, 1)]).freeze()

    both = DirNode.of(NameMap.from_sorted([("a", piece(0)), ("b", piece(5))]))
    change = decode(*encode(Splice((), both)), lazy)
    assert isinstance(change, Splice)
    assert isinstance(change.node, DirNode)
    first, second = change.node.entries.values()
    assert first.extents[0].locator is second.extents[0].locator


@pytest.mark.parametrize(
    ("header", "inline"),
    [
        (b"", b""),
        (b"[]", b""),
        (b'{"c":"put","p":"f"}', b""),
        (b'{"c":"fly","p":"f"}', b""),
        (b'{"c":"remove","p":"a//b"}', b""),
        (b'{"c":"put","p":"f","x":[3]}', b"ab"),
        (b'{"c":"put","p":"f","x":[1]}', b"ab"),
        (b'{"c":"put","p":"f","x":[-1]}', b""),
        (b'{"c":"put","p":"f","x":[["no locator",0,1]]}', b""),
        (b'{"c":"put","p":"f","x":[["' + b"a" * 32 + b'+4",2,3]]}', b""),
        (b'{"c":"splice","p":"f","n":[]}', b""),
        (b'{"c":"splice","p":"f","n":[{},[1,"a",{}]]}', b""),
        (b'{"c":"splice","p":"f","n":[{"x":[]},[0,"a",{}]]}', b""),
        (b'{"c":"splice","p":"f","n":[{},[0,"..",{}]]}', b""),
        (b'{"c":"splice","p":"f","n":[{},[0,"a",{}],[0,"a",{}]]}', b""),
    ],
)
def test_what_encode_does_not_write_is_refused(header: bytes, inline: bytes) -> None:
    members = json.loads(header or b"{}")
    if inline and isinstance(members, dict):
        members["i"] = hashlib.sha256(inline).hexdigest()[:32]
        header = json.dumps(members).encode()
    with pytest.raises(JournalCorrupt, match=r"cannot be read|names"):
        decode(seal_header(header), inline, lazy)


def test_a_header_nested_deeper_than_the_reader_goes_is_refused() -> None:
    with pytest.raises(JournalCorrupt, match="cannot be read"):
        decode(seal_header(b"[" * 50_000), b"", lazy)


@given(CHANGES, st.data())
def test_one_flipped_bit_is_refused(change: Change, data: st.DataObject) -> None:
    """Neither the database nor the file system would notice: what is inline would be served."""
    stored = encode(change)
    which = data.draw(st.sampled_from([index for index in (0, 1) if stored[index]]))
    damaged = [bytearray(part) for part in stored]
    bit = data.draw(st.integers(0, len(damaged[which]) * 8 - 1))
    damaged[which][bit // 8] ^= 1 << bit % 8
    with pytest.raises(JournalCorrupt, match="damaged"):
        decode(bytes(damaged[0]), bytes(damaged[1]), lazy)


def test_an_empty_directory_is_short() -> None:
    assert encode(Mkdir(("a",))) == (seal_header(b'{"c":"mkdir","p":"a"}'), b"")
    assert encode(Splice(("a",), EMPTY_DIR)) == (seal_header(b'{"c":"splice","p":"a","n":[{}]}'), b"")
