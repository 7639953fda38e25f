"""Directory records: what is stored of one directory."""

import hashlib
import json
from dataclasses import replace

import pytest

from davserver.collection.attributes import EMPTY, Attributes
from davserver.collection.dirnode import EMPTY_DIR, DirNode
from davserver.collection.extents import MemExtent, StoredExtent, ZeroExtent
from davserver.collection.filenode import FileNode
from davserver.collection.names import MAX_ITEMS, NameMap
from davserver.collection.page import Subdirectory
from davserver.collection.record import DirectoryRecord, record_of
from davserver.collection.shelf import Shelf
from davserver.errors import Invalid, InvalidOperation
from davserver.values import Locator

A = Locator.parse("2c1743a391305fbf367df8e4f069f9f9+5")
B = Locator.parse("959a97caceb0ae1a7de7a7526c629764+6")
TYPED = Attributes(etag="e1", mtime_ns=7, content_type="text/plain", properties=(("{DAV:}p", "<p/>"),))


class Records:
    """A table of records that counts how often it is asked."""

    def __init__(self):
        self.rows = {}
        self.fetched = []

    def save(self, record):
        self.rows[record.hash] = record.to_bytes()

    def __call__(self, record_hash):
        self.fetched.append(record_hash)
        return DirectoryRecord.from_bytes(self.rows[record_hash])


def opened(record):
    """Return the directory of a record alone."""
    return Shelf({record.hash: record}.__getitem__, 1 << 20).root(record.hash)


def stored(*pieces, attributes=EMPTY):
    return FileNode([StoredExtent(*piece) for piece in pieces], attributes).freeze()


def directory(attributes=EMPTY, record=None, **nodes):
    return DirNode.of(NameMap.from_sorted(sorted(nodes.items())), attributes, record)


SAMPLE = directory(
    Attributes(mtime_ns=3),
    b=stored((A, 0, 5), attributes=TYPED),
    c=stored((B, 2, 4), (A, 0, 5)),
    a=stored(),
    z=stored((B, 0, 2), (B, 4, 2), (A, 1, 1)),
    m=directory(Attributes(mtime_ns=9), record="f" * 64, x=stored((A, 0, 5))),
)


def test_a_record_says_all_about_one_directory():
    record = record_of(SAMPLE)
    assert record.stream == f"{A} {B} 0:0:a 0:5:b 7:4:c 0:5:c 5:2:z 9:2:z 1:1:z"
    assert record.directories == (Subdirectory("m", "f" * 64, 1, 5, {"m": 9}),)
    assert record.attributes == {"m": 3}
    (page,) = record.pages
    assert (page.first, page.files, page.directories) == ("a", 4, 1)
    assert page.entries() == [0, TYPED.to_json(), 0, ["m", "f" * 64, 1, 5, {"m": 9}], 0]
    assert (record.files, record.bytes) == (5, 24)


def test_the_form_is_canonical_and_its_hash_the_key():
    record = record_of(SAMPLE)
    data = record.to_bytes()
    header, stream, page = data.split(b"\n")
    assert stream.decode() == record.stream
    for text in (header, page):
        assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")).encode()
    assert record.hash == hashlib.sha256(data).hexdigest()
    again = DirectoryRecord.from_bytes(data)
    assert again == record
    assert again.to_bytes() == data


def test_a_directory_comes_back_from_its_record_without_fetching_others():
    records = Records()
    record = record_of(SAMPLE)
    records.save(record)
    root = Shelf(records, 1 << 20).root(record.hash)
    assert not root.loaded
    assert (root.record, root.files, root.bytes, root.mem_bytes) == (record.hash, 5, 24, 0)
    assert root.attributes == SAMPLE.attributes
    assert list(root.entries) == ["a", "b", "c", "m", "z"]
    for name in "abcz":
        assert root.get(name).frozen
        assert list(root.get(name).extents) == list(SAMPLE.get(name).extents)
        assert root.get(name).attributes == SAMPLE.get(name).attributes
        assert root.get(name).size == SAMPLE.get(name).size
    below = root.get("m")
    assert (below.record, below.files, below.bytes, below.attributes) == ("f" * 64, 1, 5, Attributes(mtime_ns=9))
    assert not below.loaded
    assert records.fetched == [record.hash]
    assert record_of(root).to_bytes() == record.to_bytes()


def test_a_subdirectory_is_fetched_when_it_is_entered():
    records = Records()
    leaf = record_of(directory(x=stored((A, 0, 5))))
    records.save(leaf)
    top = record_of(directory(d=directory(record=leaf.hash, x=stored((A, 0, 5)))))
    records.save(top)
    root = Shelf(records, 1 << 20).root(top.hash)
    assert root.get("d").get("x").size == 5
    assert root.get("d").get("x").size == 5
    assert records.fetched == [top.hash, leaf.hash]


def test_a_directory_known_by_its_hash_alone_is_fetched_once():
    records = Records()
    leaf = record_of(directory(x=stored((A, 0, 5))))
    records.save(leaf)
    lazy = Shelf(records, 1 << 20).directory(leaf.hash, files=1, bytes=5, attributes=TYPED)
    assert (lazy.files, lazy.bytes, lazy.attributes, lazy.record) == (1, 5, TYPED, leaf.hash)
    assert records.fetched == []
    assert [name for name, _ in lazy.items()] == ["x"]
    assert records.fetched == [leaf.hash]


def test_equal_directories_have_equal_bytes_however_they_came_about():
    one = EMPTY_DIR
    for name in ("b", "a", "c"):
        one = one.with_entry(name, stored((A, 0, 5)))
    other = directory(
        a=stored((A, 0, 5)), b=stored((A, 0, 2), (A, 2, 3)), c=stored((Locator(A.md5, A.size), 0, 5)), x=stored()
    )
    assert record_of(one).to_bytes() == record_of(other.without_entry("x")).to_bytes()


@pytest.mark.parametrize("name", ["été", "a b:c\\d", "\n", b"\xff\xe9".decode("utf-8", "surrogateescape"), "𝔘", "\x7f"])
def test_any_name_survives(name):
    root = EMPTY_DIR.with_entry(name, stored((A, 0, 5), attributes=TYPED))
    root = root.with_entry(name + "d", directory(TYPED, record="0" * 64))
    again = opened(DirectoryRecord.from_bytes(record_of(root).to_bytes()))
    assert list(again.entries) == [name, name + "d"]
    assert again.get(name).attributes == TYPED
    assert again.get(name + "d").attributes == TYPED


def test_an_empty_directory_has_an_empty_stream():
    record = record_of(EMPTY_DIR)
    assert (record.stream, record.directories, record.attributes) == ("", (), {})
    assert len(opened(record)) == 0


def test_members_stand_in_pages_that_are_read_one_by_one():
    files = {f"f{number:05}": stored((A, number % 5, 1), attributes=TYPED) for number in range(150)}
    record = record_of(directory(**files, e=directory(record="0" * 64), g=directory(record="1" * 64)))
    assert [(page.first, page.files + page.directories) for page in record.pages] == [
        ("e", MAX_ITEMS), ("f00063", MAX_ITEMS), ("f00127", 24)
    ]  # fmt: skip
    assert [below.name for below in record.directories] == ["e", "g"]
    first, middle, last = record.pages
    broken = replace(record, pages=(first._replace(members=b"{"), middle, last._replace(tokens=b" 0:1:x")))
    root = opened(broken)
    assert len(root) == 152
    assert root.get("f00100").attributes == TYPED
    for name in ("e", "f00140"):
        with pytest.raises(Invalid, match="malformed"):
            root.get(name)


@pytest.mark.parametrize("extent", [MemExtent(b"new"), ZeroExtent(3)])
def test_bytes_that_are_in_no_block_cannot_be_recorded(extent):
    with pytest.raises(InvalidOperation, match="file 'x' has bytes that are in no block"):
        record_of(directory(x=FileNode([extent]).freeze()))


def test_a_subdirectory_must_be_recorded_first():
    with pytest.raises(InvalidOperation, match="directory 'd' is not recorded"):
        record_of(directory(d=EMPTY_DIR))


def test_a_badly_fragmented_file_loads_in_linear_time():
    pieces = [(A, 0, 1), (A, 2, 1)] * 50_000
    record = record_of(directory(x=stored(*pieces)))
    node = opened(record).get("x")
    assert len(node.extents) == 100_000
    assert node.size == 100_000


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "malformed"),
        (b"{}\n", "malformed"),
        (b"[1]\n", "malformed"),
        (b'{"a":{},"b":0,"f":0,"p":[["x"]],"v":1}\n', "another type"),
        (b'{"a":{},"b":0,"f":0,"p":[["x",1,0,0]],"v":1}\n', "other pages"),
        (b'{"a":{},"b":0,"f":0,"p":[["x",1,0,9]],"v":1}\n\n[]', "other pages"),
        (b'{"a":{},"b":0,"f":0,"p":[["x",0,0,0]],"v":1}\n\n[]', "other pages"),
        (b'{"a":{},"b":0,"f":0,"p":[["x",64,1,0]],"v":1}\n\n[]', "other pages"),
        (b'{"a":{},"b":0,"f":0,"p":[],"v":1}\n\n[]', "other pages"),
        (b'{"a":{},"b":0,"f":0,"p":[],"v":1}\n\xff', "malformed"),
        (b'{"a":' + b"[" * 50_000, "malformed"),
        (b'{"a":[],"b":0,"f":0,"p":[],"v":1}\n', "another type"),
        (b'{"a":{},"b":"0","f":0,"p":[],"v":1}\n', "another type"),
        (b'{"a":{},"b":0,"f":0,"p":{},"v":1}\n', "another type"),
        (b'{"a":{},"b":0,"f":0,"p":[["x",1,0,-1]],"v":1}\n', "another type"),
        (b'{"a":{},"b":0,"f":0,"p":[],"v":2}\n', "unknown version 2"),
        (b'{"a":{},"b":0,"f":0,"p":[],"v":1}', "malformed"),
    ],
)
def test_what_is_no_record_is_refused(data, reason):
    with pytest.raises(Invalid, match=reason):
        DirectoryRecord.from_bytes(data)


@pytest.mark.parametrize(
    ("index", "tokens", "line"),
    [
        (("b", 2, 0), " 0:1:b 1:1:a", "[]"),
        (("a", 2, 0), " 0:1:b 1:1:c", "[]"),
        (("x", 1, 1), " 0:1:x", '[["x","0",0,0],0]'),
        (("../x", 1, 0), " 0:1:../x", "[]"),
        (("a", 1, 0), " 0:1:a 1:1:b", "[]"),
        (("a", 2, 0), " 0:1:a", "[]"),
        (("a", 1, 0), " 0:9:a", "[]"),
        (("a", 1, 0), " 0:1:\xe9", "[]"),
        (("a", 1, 0), " 0:1:a", "[0,0]"),
        (("a", 1, 0), " 0:1:a", "[5]"),
        (("a", 1, 0), " 0:1:a", "{}"),
        (("a", 1, 1), " 0:1:a", "[0,0]"),
        (("a", 0, 1), "", '[["a",1,0,0]]'),
        (("a", 0, 1), "", "[]"),
    ],
)
def test_members_that_no_directory_can_have_are_refused_when_they_are_asked_for(index, tokens, line):
    header = json.dumps({"a": {}, "b": 0, "f": index[1], "p": [[*index, len(tokens)]], "v": 1})
    locators = str(A) if tokens else ""
    data = b"\n".join([header.encode(), locators.encode() + tokens.encode("latin-1"), line.encode()])
    root = opened(DirectoryRecord.from_bytes(data))
    with pytest.raises(Invalid):
        list(root.items())


def test_attributes_of_another_shape_are_refused():
    with pytest.raises(Invalid, match="no pairs"):
        Attributes.from_json({"p": 5})
