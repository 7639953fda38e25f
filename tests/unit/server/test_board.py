"""What the processes of a server tell each other on a page of shared memory."""

import copy

from davserver.live.keeper import Troubles
from davserver.server.board import Board


def test_a_new_board_tells_of_no_trouble():
    assert Board().troubles() == Troubles()
    assert not Board().is_hurried()


def test_what_one_process_publishes_the_others_read():
    board = Board()
    for troubles in (Troubles(("no space", "gr\u00fc\u00dfe"), 2), Troubles(), Troubles(("again",))):
        board.publish(troubles)
        assert board.troubles() == troubles


def test_two_processes_that_take_turns_each_have_the_last_word():
    parent = Board()
    child = copy.copy(parent)  # the same memory, as after a fork
    for _ in range(2):
        parent.publish(Troubles(("it died",)))
        assert child.troubles() == Troubles(("it died",))
        child.publish(Troubles())
        assert parent.troubles() == Troubles()


def test_a_hurry_is_heard_once_by_whoever_looks():
    board = Board()
    board.hurry()
    assert board.is_hurried()
    assert not board.is_hurried()


def test_very_many_reasons_fit():
    board = Board()
    board.publish(Troubles(tuple(f"{number} \u20ac" * 10_000 for number in range(1000)), 7))
    read = board.troubles()
    assert read.damaged == 7
    assert read.failing[0].startswith("0 \u20ac0")


def test_what_is_half_written_is_not_read():
    board = Board()
    board.publish(Troubles(("one",)))
    assert board.troubles() == Troubles(("one",))
    board._memory[20:23] = b"###"  # as a reader may see it in the middle of the next one
    assert board.troubles() == Troubles(("one",))
