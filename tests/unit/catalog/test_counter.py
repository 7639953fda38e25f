"""The number that tells whether anything was written since."""

import os
import subprocess
import sys

import pytest

from davserver.catalog.counter import ChangeCounter
from davserver.catalog.database import open_catalog
from davserver.catalog.gate import FileGate, turn
from davserver.catalog.model import Account


@pytest.fixture
def path(tmp_path):
    return tmp_path / "catalog.db"


def test_it_is_unsettled_while_somebody_has_the_turn_and_another_afterwards(tmp_path):
    gates = [FileGate(tmp_path / "lock", 1), FileGate(tmp_path / "lock", 1)]
    before = [gate.settled() for gate in gates]
    assert before[0] is not None
    assert before[0] == before[1]
    with turn(gates[0]):
        assert [gate.settled() for gate in gates] == [None, None]
    after = [gate.settled() for gate in gates]
    assert after[0] is not None
    assert after[0] == after[1] != before[0]
    for gate in gates:
        gate.close()


def test_after_a_killed_writer_nothing_is_settled_until_the_next_one(tmp_path):
    lock = tmp_path / "lock"
    gate = FileGate(lock, 1)
    seen, marks = gate.settled(), gate.marks()
    killed = "import os, sys, pathlib; from davserver.catalog.gate import FileGate; "
    killed += "FileGate(pathlib.Path(sys.argv[1]), 1).enter(); os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", killed, lock], check=False).returncode == -9
    assert gate.settled() is None
    with turn(gate):
        pass
    assert gate.settled() not in {None, seen}
    assert gate.marks() != marks  # it may have been killed after its commit, before its mark
    gate.close()


def test_a_number_that_cannot_be_written_is_an_error_before_anything_else_is(tmp_path):
    lock = tmp_path / "lock"
    lock.write_bytes(bytes(16))
    descriptor = os.open(lock, os.O_RDONLY)
    counter = ChangeCounter(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        counter.begin()
    assert counter.settled() == 0
    counter.close()
    os.close(descriptor)


def test_a_reader_sees_what_another_process_wrote_at_once(path):
    reader, writer = open_catalog(f"sqlite:///{path}"), open_catalog(f"sqlite:///{path}")
    for number in range(20):
        before = reader.reader_sees()
        assert reader.reader_sees() == before
        with writer.write() as tables:
            tables.settings.set_once(f"key{number}", "value")
        assert reader.reader_sees() != before
    reader.close()
    writer.close()


def test_a_change_of_accounts_is_seen_by_others_at_once_and_other_changes_are_not_taken_for_one(path):
    reader, writer = open_catalog(f"sqlite:///{path}"), open_catalog(f"sqlite:///{path}")
    for number in range(5):
        before = reader.access_changes(), writer.access_changes()
        with writer.write() as tables:
            tables.settings.set_once(f"key{number}", "value")
        assert (reader.access_changes(), writer.access_changes()) == before
        with writer.write() as tables:
            tables.access.add_account(Account(name=f"ann{number}", password_hash="x", created_ns=1))
        assert reader.access_changes() == writer.access_changes() != before[0]
    reader.close()
    writer.close()
