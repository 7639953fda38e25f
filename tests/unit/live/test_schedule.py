"""When commits are due, that the background makes them, and what a house does whose keeper is another one."""

import threading

import pytest

from davserver.blocks.memory import MemoryStore
from davserver.collection.attributes import Attributes
from davserver.collection.change import Mkdir, Put
from davserver.errors import JournalCorrupt, StoreFull, StoreUnavailable
from davserver.live.backlog import Waiting
from davserver.live.following import Follower
from davserver.live.keeper import Troubles
from davserver.live.schedule import CommitSchedule, Pending, due_s
from davserver.live.settings import CommitPolicy
from tests.support.process import until

NEVER = CommitPolicy(idle_s=1e6, age_s=1e6)
AT_ONCE = CommitPolicy(idle_s=0, age_s=0)


def pending(*, first_s=100, last_s=100, cost_s=0, not_before_s=0, size=0):
    return Pending(Waiting(1, size), first_s, last_s, cost_s, not_before_s)


@pytest.mark.parametrize(
    ("waiting", "due"),
    [
        (pending(), 105),
        (pending(last_s=158), 160),
        (pending(not_before_s=130), 130),
        (pending(cost_s=2), 140),
        (pending(cost_s=1e6), 700),
        (pending(size=1000), 0),
        (pending(size=1000, cost_s=2), 0),
        (pending(size=1000, not_before_s=130), 130),
    ],
)
def test_due(waiting, due):
    assert due_s(waiting, CommitPolicy(idle_s=5, age_s=60, pending_bytes=1000)) == due


class Shop:
    """A backlog, and what becomes of it."""

    def __init__(self, policy=AT_ONCE, *, sizes=(0,), memory_bytes=1 << 30, failure=None, **options):
        self.waiting = {key: Waiting(1, size) for key, size in enumerate(sizes, 1)}
        self.failure = failure
        self.reported = []
        self.refused = None
        self.schedule = CommitSchedule(
            self.backlog,
            self.commit,
            policy,
            memory_bytes=memory_bytes,
            report=lambda key, error: self.reported.append((key, error)),
            poll_s=0.001,
            retry_s=0,
            **options,
        )

    def backlog(self):
        if self.refused is not None:
            self.refused.append(1)
            raise StoreUnavailable("no catalog")
        return dict(self.waiting)

    def commit(self, key):
        if self.failure is not None:
            raise self.failure
        del self.waiting[key]

    def __enter__(self):
        self.schedule.start()
        return self

    def __exit__(self, *_exc):
        self.schedule.stop()


@pytest.mark.parametrize("failure", [StoreFull("no space"), RuntimeError("nobody foresaw this")])
def test_a_commit_that_failed_is_reported_and_tried_again(failure):
    with Shop(failure=failure) as shop:
        until(lambda: shop.reported)
        assert shop.reported[0] == (1, failure)
        assert shop.schedule.troubles() == Troubles((str(failure),), 0)
        shop.failure = None
        until(lambda: not shop.waiting)
        until(lambda: shop.schedule.troubles() == Troubles())


def test_what_is_damaged_is_counted_and_not_told_again_and_again():
    with Shop(failure=JournalCorrupt("torn"), sizes=(0, 0)) as shop:
        until(lambda: shop.schedule.troubles() == Troubles((), 2))
        shop.schedule.hurry()
        shop.waiting[3] = Waiting(1, 0)
        until(lambda: shop.schedule.troubles().damaged == 3)
    assert [key for key, _ in shop.reported] == [1, 2, 3]


def test_a_failure_is_forgotten_when_another_process_makes_the_commit():
    with Shop(failure=StoreFull("no space")) as shop:
        until(lambda: shop.schedule.troubles().failing)
        shop.waiting.clear()
        until(lambda: shop.schedule.troubles() == Troubles())


def test_more_than_the_memory_may_hold_is_committed_at_once():
    with Shop(NEVER, sizes=(40, 70), memory_bytes=100) as shop:
        until(lambda: not shop.waiting)


def test_who_is_in_a_hurry_has_all_committed():
    with Shop(NEVER, sizes=(1, 1)) as shop:
        shop.schedule.hurry()
        until(lambda: not shop.waiting)


def test_who_is_in_a_hurry_does_not_wait_for_the_cost_of_the_last_commit():
    now_s = 0.0

    def monotonic():
        nonlocal now_s
        now_s += 1.0  # each commit seems to take a second
        return now_s

    with Shop(CommitPolicy(idle_s=0, age_s=1e9, share=1e-9), sizes=(1,), monotonic=monotonic) as shop:
        until(lambda: not shop.waiting)
        shop.waiting[1] = Waiting(2, 1)
        until(lambda: 1 in shop.schedule._pending)
        shop.schedule.hurry()
        until(lambda: not shop.waiting)


def test_a_catalog_that_cannot_be_asked_is_asked_again():
    with Shop() as shop:
        shop.refused = []
        until(lambda: len(shop.refused) > 3)
        shop.refused = None
        shop.waiting = {1: Waiting(2, 0)}
        until(lambda: not shop.waiting)
    assert shop.reported == []


def test_a_stop_that_comes_during_a_commit_is_heard_after_it():
    committing, finish = threading.Event(), threading.Event()

    def commit(_key):
        committing.set()
        finish.wait(60)

    schedule = CommitSchedule(lambda: {1: Waiting(1, 0)}, commit, AT_ONCE, memory_bytes=1, report=print)
    schedule.start()
    assert committing.wait(60)
    stopping = threading.Thread(target=schedule.stop)
    stopping.start()
    until(lambda: schedule._stopping)
    finish.set()
    stopping.join(60)
    assert not stopping.is_alive()


class Full:
    """A registry with content in memory, of which nothing has a newer checkpoint."""

    def __init__(self, size):
        self.size = size

    def pending_bytes(self):
        return self.size

    def unsettled(self):
        return []


class Hurried:
    """A keeper that does what it is asked for at once."""

    def __init__(self, registry, left):
        self.registry = registry
        self.left = left

    def hurry(self):
        self.registry.size = self.left


@pytest.fixture
def follower():
    followers = []

    def make(registry, keeper, **options):
        follower = Follower(registry, lambda _live, _rest: None, keeper, memory_bytes=50, poll_s=0.01, **options)
        followers.append(follower)
        follower.start()
        return follower

    yield make
    for follower in followers:
        follower.stop()


def test_content_that_waits_in_memory_holds_writers_back_and_hurries_the_keeper(follower):
    registry = Full(100)
    follower(registry, Hurried(registry, left=50), patience_s=60).admit()
    assert registry.size == 50


def test_who_is_held_back_too_long_is_refused(follower):
    registry = Full(100)
    with pytest.raises(StoreUnavailable):
        follower(registry, Hurried(registry, left=51), patience_s=0.05).admit()


def test_an_idle_collection_is_committed_in_the_background(neighbourhood):
    house = neighbourhood.open(policy=CommitPolicy(idle_s=0))
    house.start()
    row = house.edit(lambda edit: edit.create_collection("photos"))
    house.edit(lambda edit: edit.apply(row.id, Mkdir(("d",))))
    deadline = threading.Event()
    for _ in range(600):
        if house.versions("photos"):
            break
        deadline.wait(0.05)
    assert [version.number for version in house.versions("photos")] == [1]


def test_closing_commits_what_waits(neighbourhood):
    house = neighbourhood.open()
    house.start()
    row = house.edit(lambda edit: edit.create_collection("photos"))
    house.edit(lambda edit: edit.apply(row.id, Mkdir(("d",))))
    neighbourhood.close()
    assert len(neighbourhood.open().versions("photos")) == 1


def test_a_start_commits_what_a_crash_left_in_the_journal(neighbourhood):
    crashed = neighbourhood.open()
    row = crashed.edit(lambda edit: edit.create_collection("photos"))
    with crashed.upload(1) as upload:
        upload.write(b"x")
        node = upload.finish(lambda etag: Attributes(etag=etag))
    crashed.edit(lambda edit: edit.apply(row.id, Put(("f",), node)))
    house = neighbourhood.open()
    house.start()
    neighbourhood.houses.remove(crashed)
    neighbourhood.close()
    assert [version.files for version in neighbourhood.open().versions("photos")] == [1]
    crashed.close()


def test_a_commit_that_fails_at_the_end_stops_no_other_and_is_made_at_the_next_start(neighbourhood):
    class Full(MemoryStore):
        is_full = True

        def put(self, data, known=None):
            if self.is_full and bytes(data) == b"first":
                raise StoreFull("no space")
            return super().put(data)

    neighbourhood.blocks = blocks = Full(clock=lambda: 0.0)
    house = neighbourhood.open()
    house.start()
    for name in ("first", "second"):
        house.edit(lambda edit, name=name: edit.create_collection(name))
        with house.upload(len(name)) as upload:
            upload.write(name.encode())
            node = upload.finish(lambda etag: Attributes(etag=etag))
        house.edit(lambda edit, name=name, node=node: edit.apply(edit.view(name).info.id, Put(("f",), node)))
    neighbourhood.close()
    again = neighbourhood.open()
    assert [again.view(name).info.version for name in ("first", "second")] == [0, 1]
    blocks.is_full = False
    again.start()
    neighbourhood.close()
    assert neighbourhood.open().view("first").info.version == 1
