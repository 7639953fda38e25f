"""From a tree to records and to manifest text."""

import pytest

from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.dirnode import EMPTY_DIR, DirNode
from davserver.collection.extents import MemExtent, StoredExtent
from davserver.collection.filenode import FileNode
from davserver.collection.marshal import manifest_text, seal
from davserver.collection.record import DirectoryRecord
from davserver.collection.shelf import Shelf
from davserver.errors import InvalidOperation
from davserver.values import Locator

A = Locator.parse("2c1743a391305fbf367df8e4f069f9f9+5")
B = Locator.parse("959a97caceb0ae1a7de7a7526c629764+6")
E = "d41d8cd98f00b204e9800998ecf8427e+0"


class Records:
    """A table of records that remembers what was saved and fetched."""

    def __init__(self):
        self.rows = {}
        self.saved = []
        self.fetched = []

    def save(self, record):
        self.saved.append(record.stream)
        self.rows[record.hash] = record.to_bytes()

    def fetch(self, record_hash):
        self.fetched.append(record_hash)
        return DirectoryRecord.from_bytes(self.rows[record_hash])


def stored(locator=A, attributes=None):
    node = FileNode([StoredExtent(locator, 0, locator.size)])
    return (node.with_attributes(attributes) if attributes else node).freeze()


def build(*paths):
    """Build a tree: a path that ends in a slash is an empty directory."""
    root = EMPTY_DIR
    for text in paths:
        names = tuple(text.split("/"))
        for depth in range(1, len(names)):
            if tree.lookup(root, names[:depth]) is None:
                root = tree.put(root, names[:depth], EMPTY_DIR)
        if names[-1]:
            root = tree.put(root, names, stored())
    return root


def text_of(root, fetch=None):
    return "".join(manifest_text(root, fetch))


@pytest.mark.parametrize(
    ("paths", "lines"),
    [
        ([], []),
        (["a"], [f". {A} 0:5:a"]),
        (["d/"], [f"./d {E} 0:0:\\056"]),
        (["d/e/"], [f"./d/e {E} 0:0:\\056"]),
        (["d/a"], [f"./d {A} 0:5:a"]),
        # Own files come first; what is below a directory comes before its next neighbour, also if that is less
        # as a stream's name.
        (["a/b/x", "a-b/x", "a/x", "x"], [f". {A} 0:5:x", f"./a {A} 0:5:x", f"./a/b {A} 0:5:x", f"./a-b {A} 0:5:x"]),
        (["b/", "a/", "c/x"], [f"./a {E} 0:0:\\056", f"./b {E} 0:0:\\056", f"./c {A} 0:5:x"]),
        # The order is that of the names, not of their spelling.
        (["a b/x", "a!b/x", "a\\/x", "a]/x"], [f"./{n} {A} 0:5:x" for n in ("a\\040b", "a!b", "a\\134", "a]")]),
        (["ä/x", "z/x", "é:/x"], [f"./z {A} 0:5:x", f"./ä {A} 0:5:x", f"./é\\072 {A} 0:5:x"]),
    ],
)
def test_the_normal_form(paths, lines):
    text = "".join(line + "\n" for line in lines)
    records = Records()
    root = build(*paths)
    sealed = seal(root, records.save)
    assert text_of(root) == text
    assert text_of(sealed) == text
    assert text_of(sealed, records.fetch) == text


def test_sealing_records_every_directory_and_changes_nothing():
    records = Records()
    root = build("a/b/x", "a/y", "z").with_attributes(Attributes(mtime_ns=5))
    sealed = seal(root, records.save)
    assert root.record is None
    assert sealed.record in records.rows
    assert [path for path, _ in tree.walk(sealed)] == [path for path, _ in tree.walk(root)]
    assert all(node.record in records.rows for _, node in tree.walk(sealed) if isinstance(node, DirNode))
    assert sealed.attributes == root.attributes
    again = Shelf(records.fetch, 1 << 20).root(sealed.record)
    assert [path for path, _ in tree.walk(again)] == [path for path, _ in tree.walk(root)]
    assert text_of(again) == text_of(root)


def test_sealing_again_costs_what_changed():
    records = Records()
    root = seal(build("a/b/x", "a/c/x", "d/x", "e/f/g/x"), records.save)
    records.saved.clear()
    assert seal(root, records.save) is root
    changed = seal(tree.put(root, ("a", "c", "new"), stored(B)), records.save)
    assert records.saved == [f"{B} {A} 0:6:new 6:5:x", "", ""]
    assert changed.get("d") is root.get("d")
    assert changed.get("a").get("b") is root.get("a").get("b")


def test_unchanged_directories_are_neither_loaded_nor_visited():
    records = Records()
    first = seal(build("a/b/x", "a/c/x", "d/x"), records.save)
    root = Shelf(records.fetch, 1 << 20).root(first.record)
    root = tree.put(root, ("d", "y"), stored(B))
    sealed = seal(root, records.save)
    assert not sealed.get("a").loaded
    records.fetched.clear()
    text = text_of(sealed, records.fetch)
    assert text == f"./a/b {A} 0:5:x\n./a/c {A} 0:5:x\n./d {A} {B} 0:5:x 5:6:y\n"
    assert len(records.fetched) == 5
    assert not sealed.get("a").loaded


def test_equal_trees_have_equal_records():
    one, other = Records(), Records()
    assert seal(build("a/x", "b/x"), one.save).record == seal(build("b/x", "a/x"), other.save).record
    # Both subdirectories are equal, so they share one record.
    assert len(one.rows) == 2


def test_a_tree_of_copies_is_sealed_in_linear_time():
    root = build("d/x")
    for number in range(64):
        # Each copy doubles the number of files below: there are 2**64 at last.
        root = tree.put(root, ("d", f"copy{number}"), tree.require(root, ("d",)))
    records = Records()
    sealed = seal(root, records.save)
    assert sealed.files == 1 << 64
    assert len(records.saved) == 66


def test_a_deep_tree_needs_no_deep_stack():
    root = stored()
    for _ in range(5000):
        root = EMPTY_DIR.with_entry("d", root)
    records = Records()
    sealed = seal(root, records.save)
    assert len(records.saved) == 5000
    assert text_of(sealed, records.fetch) == text_of(root)


def test_attributes_do_not_show_in_the_text_but_in_the_record():
    records = Records()
    plain = seal(build("a/x"), records.save)
    dated = seal(tree.put(build("a/x"), ("a", "x"), stored(attributes=Attributes(mtime_ns=1))), records.save)
    assert text_of(plain) == text_of(dated)
    assert plain.record != dated.record


@pytest.mark.parametrize("what", [lambda root: list(manifest_text(root)), lambda root: seal(root, lambda record: None)])
def test_bytes_that_are_in_no_block_have_no_manifest(what):
    root = tree.put(EMPTY_DIR, ("x",), FileNode([MemExtent(b"new")]))
    with pytest.raises(InvalidOperation, match="file 'x' has bytes that are in no block"):
        what(root)
