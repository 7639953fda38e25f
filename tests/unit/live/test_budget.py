"""The memory budget grants, waits and refuses."""

import contextlib
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


def test_a_wish_that_bends_leaves_some_to_those_who_come_later():
    budget = MemoryBudget(1 << 29, patience_s=0)
    granted = []
    with contextlib.ExitStack() as held:
        granted += (held.enter_context(budget.grant(1 << 27, 1 << 20)) for _ in range(64))
        assert granted[:2] == [1 << 27, 1 << 27]
        assert granted == sorted(granted, reverse=True)
        assert granted[-1] == 1 << 20
        assert sum(granted) <= 1 << 29


def test_a_wish_that_bends_is_refused_when_not_even_the_least_is_there():
    budget = MemoryBudget(10, patience_s=0)
    with budget.grant(9), pytest.raises(StoreUnavailable), budget.grant(8, 2):
        pass
