"""A head is noticed however its bytes come."""

import time

import pytest

from davserver.server.head import HeadLimits
from davserver.server.streams import Reader, SocketSource

HEAD = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


class Pieces:
    """Stands for a wire from which each look gets one byte, and the last one all that is left."""

    def __init__(self, looks):
        self.left = [*(HEAD[at : at + 1] for at in range(looks - 1)), HEAD[looks - 1 :]]

    def receive_now(self, buffer):
        if not self.left:
            return None
        piece = self.left.pop(0)
        buffer[: len(piece)] = piece
        return len(piece)


@pytest.mark.parametrize("looks", range(1, len(HEAD) + 1))
def test_a_head_is_noticed_by_the_look_that_takes_its_end(looks):
    wire = Pieces(looks)
    reader = Reader(SocketSource(wire, time.monotonic))
    seen = []
    while wire.left:
        seen.append(reader.holds_head(HeadLimits()))
    assert seen == [False] * (len(seen) - 1) + [True]
    assert reader.read(len(HEAD)) == HEAD
