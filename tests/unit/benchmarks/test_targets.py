"""A target is judged by medians, the better one of one worker and two."""

from __future__ import annotations

import pytest

from benchmarks.targets import C_SERVERS, AtMost, Times, TimesOwn, TwoWorkers

RATES = {
    "davserver": {"value": 100.0, "md5_mib_s": 200.0, "growth": 1.3},
    "davserver-2": {"value": 150.0, "md5_mib_s": 200.0, "growth": 1.05},
    "rclone": {"value": 50.0},
    "apache": {"value": 180.0},
    "nginx": {"value": 160.0},
}


@pytest.mark.parametrize(("ratio", "reached"), [(2.9, True), (3.0, True), (3.1, False)])
def test_a_rate_is_compared_with_a_peers(ratio: float, reached: bool) -> None:
    verdict = Times(ratio, ("rclone",)).judge(RATES, more=True)
    assert verdict is not None
    assert verdict.reached is reached
    assert verdict.did == "3 ×"


def test_of_times_the_shorter_one_is_better() -> None:
    seconds = {"davserver": {"value": 0.02}, "davserver-2": {"value": 0.05}, "rclone": {"value": 0.1}}
    verdict = Times(5, ("rclone",)).judge(seconds, more=False)
    assert verdict is not None
    assert verdict.reached
    assert verdict.did == "5 ×"


def test_the_fastest_of_several_is_the_one_to_beat() -> None:
    verdict = Times(0.8, C_SERVERS).judge(RATES, more=True)
    assert verdict is not None
    assert "Apache" in verdict.must
    assert verdict.did == "0.833 ×"


def test_a_bound_holds_for_the_better_one_and_not_at_the_bound() -> None:
    within = AtMost(1.1, "×", "growth", "last of first").judge(RATES, more=True)
    at_it = AtMost(1.05, "×", "growth").judge(RATES, more=True)
    assert within is not None
    assert within.reached
    assert at_it is not None
    assert not at_it.reached


def test_a_figure_of_the_same_samples() -> None:
    verdict = TimesOwn(0.7, "md5_mib_s", "MD5").judge(RATES, more=True)
    assert verdict is not None
    assert verdict.reached
    assert verdict.did == "0.75 ×"


def test_two_workers_against_one() -> None:
    verdict = TwoWorkers(1.6).judge(RATES, more=True)
    assert verdict is not None
    assert not verdict.reached
    assert verdict.did == "1.5 ×"


@pytest.mark.parametrize(
    "target", [Times(1, ("lighttpd",)), AtMost(1, "s", "first_byte_s"), TimesOwn(1, "elsewhere", "x")]
)
def test_without_figures_there_is_no_verdict(target: Times | AtMost | TimesOwn) -> None:
    assert target.judge(RATES, more=True) is None


def test_without_davserver_there_is_no_verdict() -> None:
    peers_only = {"rclone": {"value": 50.0}}
    assert Times(1, ("rclone",)).judge(peers_only, more=True) is None
    assert TwoWorkers(1.6).judge(peers_only, more=True) is None
