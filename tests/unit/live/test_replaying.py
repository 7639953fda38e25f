"""Following a commit, and making one: what is applied, what is in memory, and that every tree stays the same."""

import gc
import random
import time
from contextlib import suppress

import pytest

from davserver.blocks.memory import MemoryStore
from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.change import Copy, Mkdir, Move, Put, Remove, SetAttributes
from davserver.collection.dirnode import DirNode
from davserver.collection.extents import MemExtent
from davserver.collection.filenode import etag_of
from davserver.errors import DavserverError, JournalCorrupt
from davserver.live import grafting
from davserver.live.adopting import Adopter
from davserver.live.following import Breather
from davserver.live.keeper import Troubles
from davserver.live.replaying import Replayer, on_checkpoint


class Elsewhere:
    """A keeper that the tests play by another house."""

    def hurry(self):
        """Nothing to do."""

    def troubles(self):
        return Troubles()


@pytest.fixture
def served(neighbourhood):
    house = neighbourhood.open(keeper=Elsewhere())
    house.edit(lambda edit: edit.create_collection("photos"))
    return house


def store(house, files, data=b"0123456789"):
    """Put some files in one edit."""
    nodes = [(name, house.whole(data, lambda etag: Attributes(etag=etag))) for name in files]

    def put(edit):
        key = edit.view("photos").info.id
        for name, node in nodes:
            edit.apply(key, Put((name,), node))

    house.edit(put)


def names(prefix, count):
    return [f"{prefix}-{number:04}" for number in range(count)]


@pytest.fixture
def decoded(monkeypatch):
    """Return the entries that were read from a journal and applied, by any house."""
    found = []
    decode = grafting.decode

    def counted(header, *rest):
        found.append(header)
        return decode(header, *rest)

    monkeypatch.setattr(grafting, "decode", counted)
    return found


def described(root):
    """Say all that a client can see of a tree."""
    return [
        (path, None if isinstance(node, DirNode) else (etag_of(node), node.size), node.attributes.mtime_ns)
        for path, node in tree.walk(root)
    ]


def test_following_costs_what_came_after_the_commit(served, other, decoded):
    store(served, names("before", 300))
    other.commit("photos")
    store(served, names("after", 70))
    decoded.clear()
    served._follower._follow()
    assert len(decoded) == 70
    assert served.view("photos").root.mem_bytes == 700
    store(served, names("later", 50))
    served._follower._follow()
    assert len(decoded) == 70


def test_rests_are_between_short_steps_and_end_where_writers_are_faster(served, other, decoded):
    store(served, names("before", 10))
    other.commit("photos")
    store(served, names("after", 200))
    work = []

    def rest():
        work.append(len(decoded))
        store(served, names(f"faster-{len(work)}", 40))
        del decoded[work[-1] :]

    adopter = Adopter(served._catalog, served._writer, served._directories)
    [live] = served._registry._open.values()
    served._registry.unsettled()
    decoded.clear()
    adopter.adopt(live, rest)
    steps = [after - before for before, after in zip([0, *work], work, strict=False)]
    assert max(steps) <= 32
    assert 200 <= sum(steps) <= 2 * 200
    assert not live.state.is_behind
    assert described(live.state.root) == described(other.view("photos").root)


def test_a_rest_is_as_long_as_the_work():
    slept = []
    rest = Breather(slept.append)
    before_s = time.thread_time()
    assert sum(range(200_000))
    took_s = time.thread_time() - before_s
    rest()
    rest()
    assert slept[0] >= took_s
    assert slept[0] > slept[1] >= 0


def test_letting_go_of_memory_does_not_rest_while_memory_is_short(served):
    store(served, names("waiting", 10))
    follower = served._follower
    follower._memory_bytes = 100  # just what waits
    started_s = time.monotonic()
    follower._rest(60)
    assert time.monotonic() - started_s < 60


HELD = b"held bytes"


class Watched(MemoryStore):
    """Notes how much of that content waits in memory whenever a block is stored."""

    def __init__(self):
        super().__init__(clock=lambda: 0.0)
        self.waiting = []

    def put(self, data, known=None):
        extents = (each for each in gc.get_objects() if isinstance(each, MemExtent) and each._data == HELD)
        buffers = {id(each._data): each.length for each in extents}
        self.waiting.append(sum(buffers.values()))
        return super().put(data, known)


def test_who_only_commits_holds_the_content_of_some_blocks(neighbourhood, served):
    for part in range(4):
        store(served, names(f"part-{part}", 250), HELD)
    expected = described(served.view("photos").root)
    neighbourhood.close()
    del served
    blocks = neighbourhood.blocks = Watched()
    keeper = neighbourhood.open(block_bytes=1000)
    keeper._commit_quietly(1)
    assert len(blocks.waiting) >= 10
    assert max(blocks.waiting) <= 1000 + 256 * 10
    assert described(keeper.view("photos").root) == expected
    assert keeper.view("photos").root.mem_bytes == 0


def test_who_only_commits_never_replays_an_entry_twice(neighbourhood, served, decoded):
    keeper = neighbourhood.open()
    for part in range(3):
        store(served, names(f"part-{part}", 100))
        keeper._commit_quietly(1)
    assert len(decoded) == 300
    assert keeper.versions("photos")[-1].files == 300


def test_a_commit_that_is_overtaken_makes_no_version_and_leaves_all_readable(neighbourhood, served, other):
    store(served, names("before", 20))
    keeper = neighbourhood.open()
    live, _ = keeper._registry.lagging(1)
    lease = keeper._committer._lease

    def overtaken():
        other.commit("photos")
        store(served, names("after", 5))
        other.commit("photos")
        keeper._committer._lease = lease
        return lease()

    keeper._committer._lease = overtaken
    seal = keeper._committer._seal

    def overtaken_once_more(state, lease):
        sealed = seal(state, lease)
        store(served, names("last", 5))
        other.commit("photos")
        return sealed

    keeper._committer._seal = overtaken_once_more
    assert keeper._committer.commit(live) is None
    assert described(keeper.view("photos").root) == described(served.view("photos").root)
    assert len(keeper.versions("photos")) == 3


def test_entries_that_are_missing_are_told(served, other):
    store(served, names("before", 3))
    row = served.view("photos").info
    with served._catalog.write() as tables:
        tables.journal._connection.exec_driver_sql("DELETE FROM journal WHERE seq = 3")
    with pytest.raises(JournalCorrupt, match="its head is 3"):
        Replayer(other._catalog, other._directories).step(on_checkpoint(row, other._directories), 16)


_FOLDERS = [(), ("a",), ("b",), ("a", "c")]


def _random_change(house, rng):
    folder, elsewhere = rng.choice(_FOLDERS), rng.choice(_FOLDERS)
    path, target = (*folder, f"f{rng.randrange(5)}"), (*elsewhere, f"f{rng.randrange(5)}")
    node = house.whole(rng.randbytes(rng.randrange(40)), lambda etag: Attributes(etag=etag))
    changes = [
        Put(path, node),
        Put(target, node),
        Remove(path),
        Move(path, target),
        Copy(path, target),
        Copy(folder, (*elsewhere, "copied")),
        Remove((*folder, "copied")),
        Mkdir(folder),
        SetAttributes(path, Attributes(etag=rng.randbytes(4).hex(), mtime_ns=rng.randrange(9))),
    ]
    return rng.choice(changes)


@pytest.mark.parametrize("seed", range(4))
def test_whoever_adopts_and_commits_when_all_trees_are_what_a_fresh_start_shows(neighbourhood, served, other, seed):
    rng = random.Random(seed)
    keeper = neighbourhood.open(block_bytes=100)
    houses = [served, other]

    def change(house):
        what = _random_change(house, rng)
        with suppress(DavserverError):  # where it does not fit the tree; the next may
            house.edit(lambda edit: edit.apply(1, what))

    for folder in _FOLDERS[1:]:
        served.edit(lambda edit, folder=folder: edit.apply(1, Mkdir(folder)))
    for _ in range(50):
        match rng.randrange(5):
            case 0:
                keeper._commit_quietly(1)
            case 1:
                rng.choice(houses)._follower._follow()
            case _:
                change(rng.choice(houses))
    fresh = neighbourhood.open()
    expected = described(fresh.view("photos").root)
    for house in (*houses, keeper):
        house._follower._follow()
        assert described(house.view("photos").root) == expected
    version = keeper.commit("photos")
    assert [house.commit("photos") for house in houses] == [version, version]
    assert described(fresh.view("photos").root) == expected
