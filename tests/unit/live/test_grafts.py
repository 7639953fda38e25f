"""What moves between collections before it was committed: named by its place in the other journal, and never lost."""

import pytest

from davserver.catalog.grafts import Graft, needed
from davserver.collection import tree
from davserver.collection.change import Mkdir, Move, Put, Remove
from davserver.collection.extents import MemExtent
from davserver.collection.filenode import FileNode
from davserver.errors import JournalCorrupt

MANY = 100


def fill(house, name, folder):
    """Make a folder with so many files that a graft of it names its origin."""

    def change(edit):
        row = edit.view(name).info
        edit.apply(row.id, Mkdir((folder,)))
        for i in range(MANY):
            node = FileNode([MemExtent(b"%s %d" % (folder.encode(), i))]).freeze()
            edit.apply(row.id, Put((folder, f"file-{i:03}"), node))

    house.edit(change)


def graft(house, source, path, target, to, *, moves=False):
    def change(edit):
        source_id, target_id = edit.view(source).info.id, edit.view(target).info.id
        edit.graft(target_id, (to,), source_id, (path,))
        if moves:
            edit.apply(source_id, Remove((path,)))

    house.edit(change)


def assert_folder(house, name, path, original):
    folder = tree.require_directory(house.view(name).root, (path,))
    for i in range(MANY):
        node = folder.get(f"file-{i:03}")
        assert node.read_at(0, node.size, house.blocks) == b"%s %d" % (original.encode(), i)
    assert len(folder) == MANY


def journal_rows(house):
    with house.read_catalog() as tables:
        return tables.connection.exec_driver_sql("SELECT count(*) FROM journal").scalar()


@pytest.fixture
def pair(house):
    house.edit(lambda edit: (edit.create_collection("a"), edit.create_collection("b")))
    fill(house, "a", "d")


def test_a_graft_is_one_short_entry(house, pair):
    graft(house, "a", "d", "b", "e", moves=True)
    with house.read_catalog() as tables:
        (entry,) = tables.journal.after(house.view("b").info.id, 0)
    assert len(entry.header) < 140
    assert entry.inline == b""
    assert_folder(house, "b", "e", "d")


@pytest.mark.parametrize("moves", [False, True])
def test_every_process_sees_it(neighbourhood, house, other, pair, moves):
    other.view("b")
    graft(house, "a", "d", "b", "e", moves=moves)
    for process in (house, other, neighbourhood.open()):
        assert_folder(process, "b", "e", "d")
        assert (tree.lookup(process.view("a").root, ("d",)) is None) is moves


def test_the_source_may_be_committed_and_changed_before_the_target_is(neighbourhood, house, pair):
    graft(house, "a", "d", "b", "e", moves=True)
    house.commit("a")
    house.edit(lambda edit: edit.apply(edit.view("a").info.id, Mkdir(("d",))))
    house.commit("a")
    fresh = neighbourhood.open()
    assert_folder(fresh, "b", "e", "d")
    fresh.commit("b")
    assert_folder(neighbourhood.open(), "b", "e", "d")
    assert journal_rows(house) == 0


def test_what_was_committed_before_the_graft_is_found_below_it(neighbourhood, house, pair):
    house.commit("a")
    fill(house, "a", "x")
    house.edit(lambda edit: edit.apply(edit.view("a").info.id, Move(("x",), ("d", "x"))))
    graft(house, "a", "d", "b", "e")
    house.commit("a")
    fresh = neighbourhood.open()
    assert len(tree.require_directory(fresh.view("b").root, ("e",))) == MANY + 1
    assert len(tree.require_directory(fresh.view("b").root, ("e", "x"))) == MANY


def test_a_chain_of_grafts_holds(neighbourhood, house, pair):
    house.edit(lambda edit: edit.create_collection("c"))
    graft(house, "a", "d", "b", "e", moves=True)
    graft(house, "b", "e", "c", "f", moves=True)
    house.commit("a")
    house.commit("b")
    assert journal_rows(house) > MANY
    fresh = neighbourhood.open()
    assert_folder(fresh, "c", "f", "d")
    fresh.commit("c")
    assert journal_rows(house) == 0
    assert_folder(neighbourhood.open(), "c", "f", "d")


def test_a_ring_of_grafts_ends(neighbourhood, house, pair):
    fill(house, "b", "g")
    graft(house, "a", "d", "b", "e")
    graft(house, "b", "g", "a", "h")
    house.commit("a")
    house.commit("b")
    house.commit("a")
    assert journal_rows(house) == 0
    fresh = neighbourhood.open()
    assert_folder(fresh, "b", "e", "d")
    assert_folder(fresh, "a", "h", "g")


def test_a_graft_and_a_commit_of_its_source_in_one_batch(neighbourhood, house, pair):
    """The commit comes second, and must not drop the entries that the graft before it was promised."""

    class Interrupting:
        def __getattr__(self, name):
            return getattr(neighbourhood.blocks, name)

        def put(self, data, known=None):
            if self.step:
                step, self.step = self.step, None
                step()
            return neighbourhood.blocks.put(data)

    blocks = Interrupting()
    blocks.step = lambda: graft(house, "a", "d", "b", "e")
    neighbourhood.open(blocks=blocks).commit("a")
    assert_folder(neighbourhood.open(), "b", "e", "d")


def test_a_lost_origin_is_told(neighbourhood, house, pair):
    graft(house, "a", "d", "b", "e")
    with neighbourhood.open()._catalog.write() as tables:
        tables.connection.exec_driver_sql("DELETE FROM journal WHERE seq = 50")
    with pytest.raises(JournalCorrupt, match="entries after"):
        neighbourhood.open().view("b")


def graft_of(holder, seq, source, after, up_to):
    return Graft(holder, seq, source, after, up_to)


@pytest.mark.parametrize(
    ("grafts", "committed", "kept"),
    [
        ([graft_of(2, 5, 1, 0, 9)], {1: 9, 2: 4}, [0]),
        ([graft_of(2, 5, 1, 0, 9)], {1: 9, 2: 5}, []),
        ([graft_of(2, 5, 1, 0, 9), graft_of(3, 1, 2, 4, 5)], {1: 9, 2: 5, 3: 0}, [0, 1]),
        ([graft_of(2, 5, 1, 0, 9), graft_of(3, 1, 2, 5, 6)], {1: 9, 2: 6, 3: 0}, [1]),
        ([graft_of(2, 5, 1, 0, 9), graft_of(1, 3, 2, 0, 9)], {1: 9, 2: 9}, []),
        ([graft_of(2, 5, 1, 0, 9), graft_of(1, 3, 2, 0, 9)], {1: 9, 2: 4}, [0, 1]),
    ],
)
def test_needed(grafts, committed, kept):
    assert needed(grafts, committed) == {grafts[i] for i in kept}
