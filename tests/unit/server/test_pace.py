"""How slow a client may be."""

import pytest

from davserver.server.pace import Pace, Patience


def left_after(patience, *steps):
    """Return how long a client may be waited for after (seconds waited, bytes moved) again and again."""
    pace = Pace(patience)
    for seconds, count in steps:
        pace.waited(seconds)
        pace.moved(count)
    return pace.left_s


def test_a_byte_now_and_then_runs_out_of_patience():
    assert left_after(Patience(60, rate=500), *[(10, 1)] * 6) < 0.02


def test_a_slow_line_has_as_long_as_it_takes():
    assert left_after(Patience(60, rate=500), *[(2, 1000)] * 100_000) == 60


def test_a_pause_is_paid_by_what_follows_it():
    assert left_after(Patience(60, rate=500), (59, 500)) == pytest.approx(2)
    assert left_after(Patience(60, rate=500), (59, 500), (1, 1 << 20)) == 60


def test_speed_saves_up_no_right_to_be_slow():
    assert left_after(Patience(60, rate=500), (1, 1 << 40), (60, 1)) < 0.02


def test_without_a_rate_only_silence_counts():
    assert left_after(Patience(60), *[(50, 1)] * 1000) == 60
    assert left_after(Patience(60), (30, 0), (30, 0)) == 0


def test_another_request_begins_without_debt():
    pace = Pace(Patience(60, rate=500))
    pace.waited(50)
    pace.forgive()
    assert pace.left_s == 60
