"""Counters that any process reads: at once, all of what was counted, in the library's own files."""

import threading

import pytest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.values import MultiProcessValue, MutexValue

from davserver.web.cells import in_place


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Make a value of a process by the library, by its name."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    value_class = MultiProcessValue(lambda: 7)
    return lambda name: value_class("counter", name, name, (), (), "Some help.")


@pytest.fixture
def read(tmp_path):
    """Read the values as a scrape through another process does."""

    def read(name):
        found = MmapedDict.read_all_values_from_file(str(tmp_path / "counter_7.db"))
        return next(value for key, value, _, _ in found if f'"{name}"' in key)

    return read


def test_what_is_counted_is_there_for_all_at_once(make, read):
    requests, sent = in_place(make("requests")), in_place(make("sent"))
    requests.inc(1)
    sent.inc(4096)
    sent.inc(0.5)
    assert (read("requests"), read("sent")) == (1, 4096.5)
    assert sent.get() == 4096.5


def test_it_goes_on_from_what_a_process_of_the_same_number_left(make, read):
    make("requests").inc(3)
    in_place(make("requests")).inc(1)
    assert read("requests") == 4


def test_counters_outlive_the_growth_of_the_file(make, read, tmp_path):
    first = in_place(make("first"))
    size = (tmp_path / "counter_7.db").stat().st_size
    others = [in_place(make(f"other-{number}")) for number in range(size // 50)]
    assert (tmp_path / "counter_7.db").stat().st_size > size
    first.inc(2)
    others[-1].inc(5)
    assert (read("first"), read(f"other-{len(others) - 1}")) == (2, 5)


def test_threads_lose_no_count(make, read):
    cell = in_place(make("requests"))

    def count():
        for _ in range(20_000):
            cell.inc(1)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read("requests") == 80_000


def test_a_value_of_one_process_stays_as_it_is():
    value = MutexValue("counter", "a", "a", (), (), "Some help.")
    assert in_place(value) is value
