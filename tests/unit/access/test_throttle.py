"""Wrong guesses cost time, and the time runs out."""

import pytest

from davserver.access.throttle import FREE_PER_ACCOUNT, FREE_PER_ADDRESS, LONGEST_S, Throttle


class Time:
    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def throttle(time):
    return Throttle(time)


def test_some_guesses_are_free_then_each_doubles_the_wait(throttle, time):
    waits = []
    for _ in range(FREE_PER_ACCOUNT + 4):
        waits.append(throttle.wait_s("ann", "192.0.2.1"))
        time.now_s += waits[-1]
        throttle.wrong("ann", "192.0.2.1")
    assert waits == [0] * FREE_PER_ACCOUNT + [1, 2, 4, 8]


def test_the_wait_is_bounded_and_ends(throttle, time):
    for _ in range(100):
        throttle.wrong("ann", "192.0.2.1")
    assert throttle.wait_s("ann", "192.0.2.1") == LONGEST_S
    time.now_s += LONGEST_S
    assert throttle.wait_s("ann", "192.0.2.1") == 0
    time.now_s += 1
    throttle.wrong("ann", "192.0.2.1")
    assert throttle.wait_s("ann", "192.0.2.1") == 0


def test_other_accounts_at_other_addresses_do_not_wait(throttle):
    for _ in range(50):
        throttle.wrong("ann", "192.0.2.1")
    assert throttle.wait_s("bob", "192.0.2.2") == 0
    assert throttle.wait_s("ann", "192.0.2.2") > 0
    assert throttle.wait_s("bob", "192.0.2.1") > 0


def test_an_address_that_tries_many_accounts_waits(throttle):
    for number in range(FREE_PER_ADDRESS):
        throttle.wrong(f"account{number}", "192.0.2.1")
    assert throttle.wait_s("another", "192.0.2.1") > 0
    assert throttle.wait_s("another", "") == 0


def test_the_right_password_frees_the_account_and_not_the_address(throttle):
    for _ in range(FREE_PER_ADDRESS):
        throttle.wrong("ann", "192.0.2.1")
    throttle.right("ann", "192.0.2.9")
    assert throttle.wait_s("ann", "192.0.2.2") == 0
    assert throttle.wait_s("ann", "192.0.2.1") > 0


def test_who_guesses_elsewhere_does_not_lock_the_owner_out(throttle):
    throttle.right("ann", "192.0.2.9")
    for _ in range(100):
        throttle.wrong("ann", "192.0.2.1")
    assert throttle.wait_s("ann", "192.0.2.1") == LONGEST_S
    assert throttle.wait_s("ann", "192.0.2.5") == LONGEST_S
    assert throttle.wait_s("ann", "192.0.2.9") == 0


def test_guesses_at_home_count_too(throttle):
    throttle.right("ann", "192.0.2.9")
    for _ in range(FREE_PER_ACCOUNT):
        assert throttle.wait_s("ann", "192.0.2.9") == 0
        throttle.wrong("ann", "192.0.2.9")
    assert throttle.wait_s("ann", "192.0.2.9") > 0
    assert throttle.wait_s("bob", "192.0.2.9") == 0
    throttle.right("ann", "192.0.2.9")
    assert throttle.wait_s("ann", "192.0.2.9") == 0


def test_an_ipv6_client_counts_with_its_network(throttle):
    for number in range(FREE_PER_ADDRESS):
        throttle.wrong(f"account{number}", f"2001:db8:1:2::{number:x}")
    assert throttle.wait_s("another", "2001:db8:1:2:ffff::1") > 0
    assert throttle.wait_s("another", "2001:db8:1:3::1") == 0


def test_an_ipv4_client_that_is_written_as_ipv6_counts_alone(throttle):
    for number in range(FREE_PER_ADDRESS):
        throttle.wrong(f"account{number}", "::ffff:192.0.2.1")
    assert throttle.wait_s("another", "::ffff:192.0.2.1") > 0
    assert throttle.wait_s("another", "::ffff:192.0.2.2") == 0
