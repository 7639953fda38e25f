"""What is read back from the catalog: journal entries and directory records."""

from __future__ import annotations

import json
from hashlib import sha256

from davserver.collection.attributes import Attributes
from davserver.collection.codec import decode, encode, seal_header
from davserver.collection.dirnode import DirNode, Node
from davserver.collection.names import NameMap
from davserver.collection.record import DirectoryRecord
from davserver.collection.shelf import Shelf
from davserver.errors import Invalid, JournalCorrupt
from fuzz.target import Target

_LOCATOR = "a" * 32 + "+9"
_CHANGES = (
    {"c": "put", "p": "d/f", "x": [3, [4], [_LOCATOR, 1, 2]], "a": {"e": "0a", "m": 5, "t": "text/plain"}},
    {"c": "write", "p": "f", "o": 7, "x": [3]},
    {"c": "truncate", "p": "f", "z": 7},
    {"c": "mkdir", "p": "d", "a": {"s": {"sha1": "aa"}, "p": {"{DAV:}x": "<x/>"}}},
    {"c": "move", "p": "a", "q": "b"},
    {"c": "splice", "p": "s", "n": [{}, [0, "a", {"x": [3]}], [0, "b", {"r": "1" * 64, "f": 1, "b": 2}]]},
)
_ENTRIES = tuple(json.dumps(each).encode() + (b"\nabc" if "3" in str(each) else b"") for each in _CHANGES)
_RECORDS = (
    b'{"a":{"m":5},"b":9,"f":2,"p":[["d",1,1,6]],"v":1}\n'
    b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa+5 0:5:f\n"
    b'[["d","' + b"1" * 64 + b'",1,4],{"e":"0a"}]',
    b'{"a":{},"b":0,"f":0,"p":[],"v":1}\n',
)
_WORDS = (
    b'"c":"',
    b'"copy"',
    b'"remove"',
    b'"attributes"',
    b'"x":[',
    b'"n":[',
    b'"a":{',
    b"null",
    b"-1",
    b"1e9",
    b"[[[",
)


def _lazy(record: str, *, files: int, bytes: int, attributes: Attributes) -> DirNode:  # noqa: A002  # DirectoryLoader
    def load() -> NameMap[Node]:
        raise AssertionError("a stored directory is not read")

    return DirNode.lazy(load, files=files, bytes=bytes, attributes=attributes, record=record)


def check_journal(data: bytes) -> bool:
    """An entry under its digests is refused as corrupt, or read; what is read is written to be read the same."""
    text, _, inline = data.partition(b"\n")
    if inline:
        text = text.rstrip()[:-1] + b',"i":"%s"}' % sha256(inline).hexdigest()[:32].encode()
    try:
        change = decode(seal_header(text), inline, _lazy)
    except JournalCorrupt:
        return False
    written = encode(change)
    assert encode(decode(*written, _lazy)) == written
    return True


def check_record(data: bytes) -> bool:
    """A record is refused as invalid, at the latest when its entries are asked for, or read and written the same."""

    def fetch(record: str) -> DirectoryRecord:
        assert record == "top", "a subdirectory is not read"
        return DirectoryRecord.from_bytes(data)

    try:
        record = DirectoryRecord.from_bytes(data)
        names = [name for name, _ in Shelf(fetch, 0).root("top").items()]
    except Invalid:
        return False
    assert names == sorted(set(names))
    assert DirectoryRecord.from_bytes(record.to_bytes()).to_bytes() == record.to_bytes()
    return True


TARGETS = (
    Target("journal", check_journal, _ENTRIES, _WORDS),
    Target("record", check_record, _RECORDS, _WORDS),
)
