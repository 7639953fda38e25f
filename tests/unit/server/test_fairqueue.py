"""Who waits for a thread, and in which order they get one."""

import threading

from davserver.server.fairqueue import FairQueue


def taken(queue, count):
    return [queue.get() for _ in range(count)]


def test_clients_take_turns_and_each_keeps_its_order():
    queue = FairQueue(100, share=100)
    for item in ("a1", "a2", "a3", "a4", "b1", "c1", "b2"):
        assert queue.put(item[0], item)
    assert taken(queue, 7) == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]


def test_no_more_wait_than_there_is_room_for():
    queue = FairQueue(2, share=1)
    assert queue.put("a", 1)
    assert queue.put("b", 2)
    assert not queue.put("c", 3)
    assert queue.get() == 1
    assert queue.put("c", 3)
    assert len(queue) == 2


def test_a_client_is_served_no_more_at_once_than_its_share():
    queue = FairQueue(100, share=2)
    for number in range(4):
        queue.put("a", f"a{number}")
    queue.put("b", "b0")
    assert taken(queue, 3) == ["a0", "b0", "a1"]
    got = []
    waiting = threading.Thread(target=lambda: got.append(queue.get()))
    waiting.start()
    queue.done("b")
    assert got == []
    queue.done("a")
    waiting.join(10)
    assert got == ["a2"]


def test_those_who_are_not_counted_have_no_share():
    queue = FairQueue(100, share=1)
    for number in range(5):
        queue.put(None, number)
    assert taken(queue, 5) == [0, 1, 2, 3, 4]


def test_a_closed_queue_gives_out_what_waits_and_then_ends_everybody():
    queue = FairQueue(100, share=1)
    queue.put("a", "a0")
    queue.put("a", "a1")
    assert queue.get() == "a0"
    ended = []
    waiting = [threading.Thread(target=lambda: ended.append(queue.get())) for _ in range(3)]
    for thread in waiting:
        thread.start()
    queue.close()
    queue.done("a")
    for thread in waiting:
        thread.join(10)
    assert sorted(ended, key=str) == [None, None, "a1"]


def test_clients_that_are_gone_leave_nothing_behind():
    queue = FairQueue(100, share=1)
    for number in range(1000):
        queue.put(str(number), number)
        queue.get()
        queue.done(str(number))
    assert not queue._waiting
    assert not queue._in_work
