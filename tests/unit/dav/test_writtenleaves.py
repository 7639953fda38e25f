"""What was written of leaves: only what is new is written, memory is bounded, and nothing keeps a tree alive."""

import gc
import threading
import weakref

import pytest

from davserver.collection.dirnode import DirNode
from davserver.collection.filenode import FileNode
from davserver.collection.names import MAX_ITEMS, NameMap
from davserver.dav.writtenleaves import WrittenLeaves

COUNT = 10 * MAX_ITEMS


def folder(count=COUNT, size=0):
    return DirNode.of(NameMap.from_sorted((f"{number:05}", FileNode()) for number in range(count)))


class Names:
    """Writes the names, and knows how often it was asked."""

    def __init__(self, key="k", padding=0, *, differs=False):
        self.key = key
        self.differs = differs
        self.written = 0
        self._padding = b"." * padding

    def is_common(self, leaf):
        return "00200" not in leaf.names or not self.differs

    def __call__(self, leaf):
        self.written += 1
        return (
            "".join(f"{name}{node.size};" for name, node in zip(leaf.names, leaf.values, strict=True)).encode()
            + self._padding
        )


def text(kept, folder, write):
    return b"".join(kept.pieces(folder, write))


def expected(folder):
    return "".join(f"{name}{node.size};" for name, node in folder.items()).encode()


def test_a_second_listing_writes_nothing_and_one_after_a_change_what_changed():
    kept, write, tree = WrittenLeaves(1 << 20), Names(), folder()
    assert text(kept, tree, write) == text(kept, tree, Names()) == expected(tree)
    assert write.written == 10
    again = Names()
    assert text(kept, tree, again) == expected(tree)
    assert again.written == 0
    changed = tree.with_entry("00100", FileNode().freeze()).without_entry("00500")
    assert text(kept, changed, again) == expected(changed)
    assert 0 < again.written <= 2


def test_another_key_is_another_text():
    kept, tree = WrittenLeaves(1 << 20), folder()
    text(kept, tree, Names("one"))
    other = Names("other")
    text(kept, tree, other)
    assert other.written == 10


def test_what_is_written_for_one_alone_is_neither_kept_nor_taken_from_others():
    kept, tree, alone = WrittenLeaves(1 << 20), folder(), Names(differs=True)
    assert text(kept, tree, alone) == text(kept, tree, alone) == expected(tree)
    assert alone.written == 11
    write = Names()
    assert text(kept, tree, write) == expected(tree)
    assert write.written == 1


def test_what_is_kept_stays_within_the_budget_and_the_last_used_stays():
    kept, tree = WrittenLeaves(COUNT * 512 * 2), folder()
    for number in range(20):
        text(kept, tree, Names(number, padding=4000))
        used = Names(0, padding=4000)
        text(kept, tree, used)
        assert used.written in ({0} if number else {0, 10})
        assert kept.kept_bytes <= COUNT * 512 * 2


def test_a_listing_that_would_fill_the_budget_is_not_kept():
    kept, tree, write = WrittenLeaves(COUNT * 512), folder(), Names()
    assert text(kept, tree, write) == text(kept, tree, write) == expected(tree)
    assert write.written == 20
    assert kept.kept_bytes == 0


def test_a_tree_that_nobody_holds_goes_and_what_was_written_of_it():
    kept, tree, other = WrittenLeaves(1 << 20), folder(), folder(1)
    text(kept, tree, Names())
    full = kept.kept_bytes
    gone = weakref.ref(next(tree.leaves()))
    del tree
    gc.collect()
    assert gone() is None
    text(kept, other, Names("other"))
    assert kept.kept_bytes < full / 5


def test_a_listing_begun_before_its_room_was_taken_ends_well():
    kept, tree = WrittenLeaves(COUNT * 512 * 2), folder()
    begun = kept.pieces(tree, Names("slow", padding=4000))
    first = next(begun)
    for number in range(20):
        text(kept, tree, Names(number, padding=4000))
    assert len(first + b"".join(begun)) == len(expected(tree)) + 10 * 4000
    assert kept.kept_bytes <= COUNT * 512 * 2


@pytest.mark.parametrize("budget", [COUNT * 512 * 2, 1 << 22])
def test_threads_that_list_what_others_change_get_what_they_asked_for(budget):
    kept, tree = WrittenLeaves(budget), folder()
    wrong = []

    def list_and_change(number):
        mine = tree
        for turn in range(12):
            mine = mine.with_entry(f"{turn * 7 % COUNT:05}", FileNode().freeze()).without_entry(f"{turn * 3:05}")
            mine = mine.with_entry(f"{turn * 3:05}", FileNode().freeze())
            if text(kept, mine, Names(turn % 3)) != expected(mine):
                wrong.append((number, turn))

    threads = [threading.Thread(target=list_and_change, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert kept.kept_bytes <= budget
