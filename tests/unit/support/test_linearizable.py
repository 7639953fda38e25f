"""The judge of concurrent histories: it accepts what can be, and rejects each kind of what cannot."""

from __future__ import annotations

import random

import pytest

from tests.support.linearizable import Operation, Unexplained, check


def register(value, request, answer):
    """Follow a register: ("write", new), ("read",), ("swap", old, new); the answer to a swap is whether it happened."""
    kind, *arguments = request
    if kind == "write":
        return arguments[0]
    if kind == "read":
        return value if answer == value else None
    old, new = arguments
    swapped = value == old
    if answer is not None and answer != swapped:
        return None
    return new if swapped else value


def did(request, answer, called, ended):
    return Operation(request, answer, called, ended)


def judge(*history):
    return check(history, 0, register)


def test_one_after_the_other():
    assert judge(did(("write", 1), "ok", 0, 1), did(("read",), 1, 2, 3)) == {1}


@pytest.mark.parametrize("seen", [0, 1])
def test_what_overlaps_may_have_any_order(seen):
    assert judge(did(("write", 1), "ok", 0, 3), did(("read",), seen, 1, 2)) == {1}


def test_an_answer_and_a_call_at_the_same_time_overlap():
    assert judge(did(("write", 1), "ok", 0, 1), did(("read",), 0, 1, 2)) == {1}


def test_two_writes_at_once_may_end_either_way():
    assert judge(did(("write", 1), "ok", 0, 3), did(("write", 2), "ok", 1, 2)) == {1, 2}


@pytest.mark.parametrize(
    "history",
    [
        pytest.param([did(("write", 1), "ok", 0, 1), did(("read",), 0, 2, 3)], id="a stale read"),
        pytest.param([did(("read",), 7, 0, 1)], id="a read of what nobody wrote"),
        pytest.param(
            [
                did(("write", 1), "ok", 0, 9),
                did(("read",), 1, 1, 2),
                did(("read",), 0, 3, 4),
            ],
            id="a write that is seen and then not",
        ),
        pytest.param(
            [
                did(("write", 1), "ok", 0, 1),
                did(("write", 2), "ok", 0, 1),
                did(("read",), 1, 2, 3),
                did(("read",), 2, 4, 5),
            ],
            id="readers that see two writes in two orders",
        ),
        pytest.param(
            [did(("swap", 0, 1), True, 0, 2), did(("swap", 0, 2), True, 1, 3)], id="two that both find the old value"
        ),
        pytest.param([did(("swap", 0, 1), False, 0, 2), did(("swap", 0, 2), False, 1, 3)], id="both refused"),
        pytest.param(
            [did(("write", 1), "ok", 0, 1), did(("write", 2), "ok", 0, 1), did(("read",), 0, 2, 3)], id="a lost update"
        ),
        pytest.param(
            [did(("write", 1), None, 0, 2), did(("read",), 0, 3, 4), did(("read",), 1, 5, 6)],
            id="a write that happens after the kill",
        ),
        pytest.param([did(("write", 1), "ok", 0, 2), did(("read",), 0, 3, 4)], id="a write lost with the kill"),
    ],
)
def test_what_cannot_be(history):
    with pytest.raises(Unexplained):
        judge(*history)


@pytest.mark.parametrize("seen", [0, 1])
def test_what_was_not_answered_has_happened_or_not(seen):
    assert judge(did(("write", 1), None, 0, 2), did(("read",), seen, 3, 4)) == {seen}


def simulated(rng, clients, operations, lies=0):
    """Make a history by running a register: each operation takes effect at a moment between call and answer."""
    moments = []
    for client in range(clients):
        now = rng.random()
        for number in range(operations):
            called = now
            effect = called + rng.random()
            now = effect + rng.random()
            value = client * operations + number + 1
            request = rng.choice([("write", value), ("read",), ("read",), ("swap", rng.randrange(value), value)])
            moments.append((effect, request, called, now))
    value, history = 0, []
    liars = set(rng.sample(range(len(moments)), lies))
    for number, (_, request, called, ended) in enumerate(sorted(moments)):
        if number in liars:
            history.append(did(("read",), -1, called, ended))
            continue
        answer = "ok" if request[0] == "write" else value if request[0] == "read" else value == request[1]
        value = register(value, request, answer)
        history.append(did(request, answer, called, ended))
    rng.shuffle(history)
    return history, value


def test_what_happened_is_always_accepted():
    for seed in range(20):
        history, value = simulated(random.Random(seed), clients=5, operations=60)
        assert value in check(history, 0, register)


def test_one_wrong_answer_among_hundreds_is_found():
    for seed in range(20):
        history, _ = simulated(random.Random(seed), clients=5, operations=60, lies=1)
        with pytest.raises(Unexplained):
            check(history, 0, register)
