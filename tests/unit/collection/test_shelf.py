"""The stored directories that were opened lately."""

import pytest

from davserver.collection.attributes import Attributes
from davserver.collection.dirnode import EMPTY_DIR
from davserver.collection.extents import StoredExtent
from davserver.collection.filenode import FileNode
from davserver.collection.marshal import seal
from davserver.collection.record import DirectoryRecord
from davserver.collection.shelf import Shelf
from davserver.values import Locator

BLOCK = Locator.parse("2c1743a391305fbf367df8e4f069f9f9+5")
FOLDERS = 20


class Records:
    """A table of records that notes what is read; ``root`` has twenty folders of a hundred files."""

    def __init__(self):
        self.rows = {}
        self.fetched = []
        root = EMPTY_DIR
        for number in range(FOLDERS):
            folder = EMPTY_DIR
            for file in range(100):
                node = FileNode([StoredExtent(BLOCK, 0, 1 + file % 5)], Attributes(mtime_ns=number)).freeze()
                folder = folder.with_entry(f"{file:03}", node)
            root = root.with_entry(f"{number:02}", folder)
        self.root = seal(root, self.save).record

    def save(self, record):
        self.rows[record.hash] = record.to_bytes()

    def __call__(self, record_hash):
        self.fetched.append(record_hash)
        return DirectoryRecord.from_bytes(self.rows[record_hash])


@pytest.fixture(scope="module")
def stored():
    return Records()


@pytest.fixture
def records(stored):
    stored.fetched.clear()
    return stored


def look_into_all(root):
    for folder in root.entries.values():
        assert folder.get("050").size == 1


def test_what_fits_is_read_once(records):
    root = Shelf(records, 1 << 20).root(records.root)
    look_into_all(root)
    look_into_all(root)
    assert len(records.fetched) == 1 + FOLDERS


def test_a_walk_over_more_than_fits_lets_go_of_what_was_opened_first_and_can_go_back(records):
    root = Shelf(records, 60_000).root(records.root)
    look_into_all(root)
    records.fetched.clear()
    for name in ("19", "18", "17"):
        assert root.get(name).get("000").size == 1
    assert records.fetched == [records.root]  # it had been opened before all others
    look_into_all(root)
    assert FOLDERS // 2 < len(records.fetched) <= 1 + FOLDERS


def test_a_few_directories_stay_however_large_they_are(records):
    root = Shelf(records, 0).root(records.root)
    folders = [root.get(name) for name in ("01", "02", "03")]
    for _ in range(3):
        assert [folder.get("000").size for folder in folders] == [1, 1, 1]
    assert len(records.fetched) == 4


def test_trees_share_the_directories_that_are_equal(records):
    shelf = Shelf(records, 1 << 20)
    first = shelf.root(records.root)
    look_into_all(first)
    again = shelf.root(records.root)
    assert again.get("07").get("001") is first.get("07").get("001")
    assert len(records.fetched) == 2 + FOLDERS


def test_a_changed_directory_keeps_what_is_in_no_record(records):
    root = Shelf(records, 0).root(records.root)
    changed = root.get("07").with_entry("new", FileNode().freeze())
    root = root.with_entry("07", changed)
    look_into_all(root)
    assert changed.loaded
    assert root.get("07").get("new").size == 0
    assert len(root.get("07")) == 101
