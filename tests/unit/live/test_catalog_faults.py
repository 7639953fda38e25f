"""Every statement of every operation fails once, in each way a database fails.

The promise (G11): the caller gets an error that says which kind of trouble it is, nothing is half there, in memory and
on disk is the same, and the same operation goes well when the trouble is over, without a restart. Where the answer of a
COMMIT was lost, the change may be there; whole, and to be seen by everybody at once.
"""

import itertools
import os
import threading

import pytest

from davserver.blocks.memory import MemoryStore
from davserver.catalog.database import open_catalog
from davserver.errors import CatalogBusy, CatalogCorrupt, DavserverError, StoreFull, StoreUnavailable
from davserver.live.house import House
from davserver.upkeep.fsck import fsck
from tests.support.faults import faulty_sqlite
from tests.support.operations import OPERATIONS, SETTINGS, begin, picture, put, tidy

WAYS = [
    ("SQLITE_BUSY", "instead", CatalogBusy),
    ("SQLITE_FULL", "rolled back", StoreFull),
    ("SQLITE_IOERR", "after", StoreUnavailable),
    *(
        []
        if os.environ.get("DAVSERVER_FAULTS") != "all"
        else [
            ("SQLITE_IOERR", "instead", StoreUnavailable),
            ("SQLITE_IOERR_WRITE", "rolled back", StoreUnavailable),
            ("SQLITE_NOMEM", "rolled back", StoreUnavailable),
            ("SQLITE_FULL", "after", StoreFull),
            ("SQLITE_FULL", "instead", StoreFull),
            ("SQLITE_LOCKED", "instead", CatalogBusy),
            ("SQLITE_BUSY_SNAPSHOT", "instead", CatalogBusy),
            ("SQLITE_CANTOPEN", "instead", StoreUnavailable),
            ("SQLITE_READONLY", "instead", StoreUnavailable),
            ("SQLITE_CORRUPT", "instead", CatalogCorrupt),
            ("SQLITE_NOTADB", "rolled back", CatalogCorrupt),
        ]
    ),
]


class Premises:
    """Two houses on one faulty database; the second sees what the first made durable."""

    def __init__(self, directory, faults):
        self.faults = faults
        self.url = f"sqlite:///{directory}/catalog.db"
        self.blocks = MemoryStore(clock=lambda: 0.0)
        self.house, self.other = self.open(), self.open()
        begin(self.house)

    def open(self):
        return House(open_catalog(self.url), self.blocks, settings=SETTINGS)

    def close(self):
        for house in {self.house, self.other}:
            house.close()

    def seen(self):
        """Return what both houses show, which has to be the same."""
        ours = picture(self.house)
        assert ours == picture(self.other)
        return ours


@pytest.fixture
def premises(tmp_path):
    with faulty_sqlite() as faults:
        premises = Premises(tmp_path, faults)
        yield premises
        premises.close()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_each_statement_failing(premises, operation):
    number, failed = 0, 0
    for way in WAYS:
        done = False
        for at in itertools.count(1):
            number += 1
            done = fail_one(premises, operation, number, at, way)
            if done:
                break
        failed += at - 1
    assert failed > 3 * len(WAYS)
    assert fsck(premises.house).errors == []
    last = premises.seen()
    premises.close()
    premises.house = premises.other = premises.open()
    assert picture(premises.house) == last


def fail_one(premises, operation, number, at, way):
    """Let one statement of an operation fail; tells whether there was none left to fail."""
    house, faults = premises.house, premises.faults
    name, how, expected = way
    if number % 8 == 0:
        tidy(house)
    operation.prepare(house, number)
    before = premises.seen()
    after = operation.after(before, number)
    faults.arm(at, name, how)
    error = None
    try:
        operation.run(house, number)
    except DavserverError as raised:
        error = raised
    faults.disarm()
    now = premises.seen()
    if not faults.failed:
        assert (error, now) == (None, after)
        return True
    assert isinstance(error, expected), f"{faults.failed}: {error!r}"
    if now != after:
        assert now == before, faults.failed
        operation.run(house, number)
        assert premises.seen() == after
    return False


def arm_the_commit(premises, name, way):
    """Let the COMMIT of the next small put fail; the collection has a file "one" by then."""
    faults = premises.faults
    put(premises.house, "one", b"0")
    faults.arm(0, name, way)
    put(premises.house, "one", b"1")
    statements = faults.disarm()
    faults.arm(statements.index("COMMIT") + 1, name, way)


def test_a_commit_whose_answer_is_lost_is_seen_as_it_is(premises):
    """Our own COMMIT changes no counter of ours: without a second look, every later edit would count from a head that
    is not there any more, for ever."""
    house, faults = premises.house, premises.faults
    arm_the_commit(premises, "SQLITE_IOERR", "after")
    with pytest.raises(StoreUnavailable):
        put(house, "two", b"2")
    faults.disarm()
    assert premises.seen()["trees"]["c"] == {"one": b"1", "two": b"2"}
    put(house, "three", b"3")
    assert set(premises.seen()["trees"]["c"]) == {"one", "two", "three"}


def test_after_a_failed_fsync_the_catalog_takes_no_writes_and_says_so(premises):
    house, faults = premises.house, premises.faults
    arm_the_commit(premises, "SQLITE_IOERR_FSYNC", "rolled back")
    with pytest.raises(StoreUnavailable):
        put(house, "two", b"2")
    faults.disarm()
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="takes no writes since an fsync failed"):
            put(house, "three", b"3")
    assert premises.seen()["trees"]["c"] == {"one": b"1"}
    put(premises.other, "four", b"4")
    assert set(premises.seen()["trees"]["c"]) == {"one", "four"}


def test_where_a_statement_of_one_job_fails_none_of_its_batch_is_answered_as_done(premises):
    """SQLite may take the whole transaction back when one statement fails: what earlier jobs wrote is gone with it."""
    house, faults = premises.house, premises.faults
    inside, go_on = threading.Event(), threading.Event()
    outcomes = {}

    def hold(_edit):
        inside.set()
        go_on.wait(60)

    def submit(name, fn):
        def run():
            try:
                outcomes[name] = house.edit(fn)
            except DavserverError as error:
                outcomes[name] = error

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def broken(edit):
        faults.arm(1, "SQLITE_IOERR", "rolled back")
        edit.set_quota(edit.view("c").info.id, 10)

    def refused(edit):
        edit.create_collection("first")  # Exists, because of a job that will not have happened

    threads = [submit("leader", hold)]
    assert inside.wait(60)
    waiting = house._writer._group._waiting
    jobs = [("first", lambda edit: edit.create_collection("first")), ("refused", refused), ("broken", broken)]
    for count, (name, fn) in enumerate([*jobs, ("last", lambda edit: edit.create_collection("last"))], 1):
        threads.append(submit(name, fn))
        while len(waiting) < count:
            pass
    go_on.set()
    for thread in threads:
        thread.join(60)
    faults.disarm()
    assert outcomes.pop("leader") is None
    assert {name: type(outcome) for name, outcome in outcomes.items()} == dict.fromkeys(
        ("first", "refused", "broken", "last"), StoreUnavailable
    )
    assert set(premises.seen()["trees"]) == {"c", "d"}
