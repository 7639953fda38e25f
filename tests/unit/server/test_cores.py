"""Request threads stay on one core; what they start may run anywhere."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from davserver.cores import anywhere, on_one_core

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not tell cores")


def _in_a_thread(look: Callable[[], set[int]]) -> set[int]:
    seen: list[set[int]] = []
    thread = threading.Thread(target=lambda: seen.append(look()))
    thread.start()
    thread.join()
    return seen[0]


def test_a_thread_stays_on_the_core_of_its_place_and_the_others_are_left_alone() -> None:
    cores = sorted(os.sched_getaffinity(0))

    def look() -> set[int]:
        on_one_core(1)()
        return os.sched_getaffinity(0)

    assert _in_a_thread(look) == {cores[1 % len(cores)]}
    assert sorted(os.sched_getaffinity(0)) == cores


def test_places_go_round_over_the_cores() -> None:
    cores = sorted(os.sched_getaffinity(0))

    def core_of(place: int) -> set[int]:
        def look() -> set[int]:
            on_one_core(place)()
            return os.sched_getaffinity(0)

        return _in_a_thread(look)

    assert [core_of(place) for place in range(2 * len(cores))] == [{core} for core in cores] * 2


def test_what_a_request_thread_starts_may_run_anywhere() -> None:
    everywhere = os.sched_getaffinity(0)

    def look() -> set[int]:
        on_one_core(0)()
        with ThreadPoolExecutor(1, initializer=anywhere) as storing:
            return storing.submit(lambda: os.sched_getaffinity(0)).result()

    assert _in_a_thread(look) == everywhere
