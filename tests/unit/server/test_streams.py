"""A head is noticed however its bytes come, and what is read ahead of a body is not lost."""

import socket
import time

import pytest

from davserver.server.asked import Heads
from davserver.server.head import HeadLimits
from davserver.server.pace import Patience
from davserver.server.streams import Reader, SocketSource
from davserver.server.wire import Wire

HEAD = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


class Pieces:
    """Stands for a wire from which each look gets one byte, and the last one all that is left."""

    def __init__(self, looks):
        self.left = [*(HEAD[at : at + 1] for at in range(looks - 1)), HEAD[looks - 1 :]]

    def take_now(self, _size):
        return self.left.pop(0) if self.left else None

    def start_anew(self):
        """Begin a request."""


@pytest.mark.parametrize("looks", range(1, len(HEAD) + 1))
def test_a_head_is_noticed_by_the_look_that_takes_its_end(looks):
    wire = Pieces(looks)
    source = SocketSource(wire, time.monotonic)
    seen = []
    while wire.left:
        seen.append(source.holds_head(HeadLimits()))
    assert seen == [False] * (len(seen) - 1) + [True]
    assert source.take_head(Heads(HeadLimits(), {})).head.fields == {b"host": b"h"}
    assert source.held == b""


def test_what_a_reader_holds_of_the_next_request_goes_back_in_its_place():
    ours, client = socket.socketpair()
    with ours, client:
        wire = Wire(ours, Patience(1.0))
        wire.open()
        source = SocketSource(wire, time.monotonic)
        client.sendall(HEAD + b"body" + HEAD)
        assert source.holds_head(HeadLimits())
        source.take_head(Heads(HeadLimits(), {}))
        reader = Reader(source, 10)
        assert reader.read(4) == b"body"
        reader.give_back()
        assert source.held == HEAD
