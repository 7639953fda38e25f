"""When commits are due, and that the background makes them."""

import threading
from types import SimpleNamespace

import pytest

from davserver.blocks.memory import MemoryStore
from davserver.collection.attributes import Attributes
from davserver.collection.change import Mkdir, Put
from davserver.errors import StoreFull, StoreUnavailable
from davserver.live.schedule import CommitSchedule, Pending, due_s
from davserver.live.settings import CommitPolicy
from tests.support.process import until


def live(mem_bytes=0, key=1):
    root = SimpleNamespace(mem_bytes=mem_bytes)
    return SimpleNamespace(id=key, state=SimpleNamespace(root=root, row=SimpleNamespace(name="n")))


@pytest.mark.parametrize(
    ("pending", "due"),
    [
        (Pending(live(), first_s=100, last_s=100), 105),
        (Pending(live(), first_s=100, last_s=158), 160),
        (Pending(live(), first_s=100, last_s=100, not_before_s=130), 130),
        (Pending(live(mem_bytes=1000), first_s=100, last_s=100), 0),
    ],
)
def test_due(pending, due):
    assert due_s(pending, CommitPolicy(idle_s=5, age_s=60, pending_bytes=1000)) == due


@pytest.mark.parametrize("failure", [StoreFull("no space"), RuntimeError("nobody foresaw this")])
def test_a_commit_that_failed_is_reported_and_tried_again(failure):
    committed, reported = threading.Event(), []

    def commit(_live):
        if not reported:
            raise failure
        committed.set()

    def report(live, error):
        reported.append(error)

    schedule = CommitSchedule(
        commit,
        lambda: 0,
        CommitPolicy(idle_s=0, age_s=0),
        memory_bytes=1,
        patience_s=0,
        report=report,
        retry_s=0,
    )
    schedule.start()
    schedule.changed(live())
    assert committed.wait(60)
    schedule.stop()
    assert reported == [failure]


def test_content_that_waits_in_memory_holds_writers_back():
    waiting = [100]

    def commit(_live):
        waiting[0] = 0

    schedule = CommitSchedule(
        commit, lambda: waiting[0], CommitPolicy(idle_s=1e6, age_s=1e6), memory_bytes=50, patience_s=60, report=print
    )
    schedule.start()
    schedule.changed(live(mem_bytes=100))
    schedule.admit()
    schedule.stop()
    assert waiting == [0]


def test_who_is_held_back_too_long_is_refused():
    schedule = CommitSchedule(
        lambda _live: None, lambda: 100, CommitPolicy(), memory_bytes=50, patience_s=0, report=print
    )
    schedule.start()
    with pytest.raises(StoreUnavailable):
        schedule.admit()
    schedule.stop()


def test_a_stop_that_comes_during_a_commit_is_heard_after_it():
    committing, finish = threading.Event(), threading.Event()

    def commit(_live):
        committing.set()
        finish.wait(60)

    policy = CommitPolicy(idle_s=0, age_s=0)
    schedule = CommitSchedule(commit, lambda: 0, policy, memory_bytes=1, patience_s=0, report=print)
    schedule.start()
    schedule.changed(live())
    assert committing.wait(60)
    stopping = threading.Thread(target=schedule.stop)
    stopping.start()
    until(lambda: schedule._stopping)
    finish.set()
    stopping.join(60)
    assert not stopping.is_alive()


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
