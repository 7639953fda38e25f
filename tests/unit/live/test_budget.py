"""The memory budget grants, waits and refuses."""

import threading

import pytest

from davserver.errors import StoreUnavailable
from davserver.live.budget import MemoryBudget


def test_what_is_given_back_can_be_granted_again():
    budget = MemoryBudget(10, patience_s=0)
    for _ in range(3):
        with budget.grant(10):
            pass


def test_who_finds_no_room_in_time_is_refused_and_takes_nothing():
    budget = MemoryBudget(10, patience_s=0)
    with budget.grant(8):
        with pytest.raises(StoreUnavailable), budget.grant(3):
            pass
        with budget.grant(2):
            pass


def test_a_wish_above_the_limit_waits_for_all_of_it():
    budget = MemoryBudget(10, patience_s=0)
    with budget.grant(1), pytest.raises(StoreUnavailable), budget.grant(1000):
        pass
    with budget.grant(1000), pytest.raises(StoreUnavailable), budget.grant(1):
        pass


def test_who_waits_is_let_in_when_room_comes():
    budget = MemoryBudget(10, patience_s=60)
    entered = threading.Event()

    def second():
        with budget.grant(5):
            entered.set()

    thread = threading.Thread(target=second)
    with budget.grant(8):
        thread.start()
        assert not entered.is_set()
    thread.join()
    assert entered.is_set()
