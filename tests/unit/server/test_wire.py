"""How long a call on a client's socket waits."""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator

import pytest

from davserver.server.pace import Patience
from davserver.server.wire import Wire


@pytest.fixture
def pair() -> Iterator[tuple[Wire, socket.socket]]:
    """A wire, and the client at its other end."""
    ours, client = socket.socketpair()
    wire = Wire(ours, Patience(0.05))
    wire.open()
    with ours, client:
        yield wire, client


def test_what_is_there_is_received_at_once(pair):
    wire, client = pair
    client.sendall(b"hello")
    buffer = bytearray(16)
    assert wire.receive_now(memoryview(buffer)) == 5
    assert buffer[:5] == b"hello"


def test_nothing_and_the_end_are_told_apart(pair):
    wire, client = pair
    buffer = memoryview(bytearray(16))
    assert wire.receive_now(buffer) is None
    client.close()
    assert wire.receive_now(buffer) == 0


def test_a_silent_client_is_given_up(pair):
    wire, _client = pair
    with pytest.raises(TimeoutError):
        wire.receive(memoryview(bytearray(16)))


def test_a_client_that_takes_nothing_is_given_up(pair):
    wire, client = pair
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 12)
    data = memoryview(bytes(1 << 22))
    with pytest.raises(TimeoutError):
        while True:
            data = data[wire.send(data) :]


class Taking:
    """A clock that goes a second ahead at each look, and a client that takes 10,000 bytes whenever we look."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self._now_s = 0.0

    def __call__(self) -> float:
        if self._now_s:  # not before the first attempt to send
            self._client.recv(10_000)
        self._now_s += 1.0
        return self._now_s


def fill(ours: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        while True:
            ours.send(bytes(1000))


@pytest.mark.parametrize(("rate", "is_kept"), [(1000, True), (1 << 30, False)])
def test_what_a_client_took_counts_before_the_kernel_reports_room(rate, is_kept):
    """It reports room only when much of the queue is free: until then, the length of the queue tells."""
    ours, client = socket.socketpair()
    with ours, client:
        wire = Wire(ours, Patience(0.05, rate), monotonic=Taking(client))
        wire.open()
        ours.setblocking(False)
        fill(ours)
        with contextlib.nullcontext() if is_kept else pytest.raises(TimeoutError):
            assert wire.send(memoryview(b"more")) == 4


def test_a_file_goes_out_and_says_where_it_ends(pair, tmp_path):
    wire, client = pair
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    fd = os.open(path, os.O_RDONLY)
    try:
        assert wire.send_file(fd, 4, 100) == 6
        assert wire.send_file(fd, 10, 100) == 0
    finally:
        os.close(fd)
    assert client.recv(100) == b"456789"


def test_a_wait_ends_when_another_thread_shuts_the_socket_down():
    ours, client = socket.socketpair()
    wire = Wire(ours, Patience(60))
    wire.open()
    with ours, client:
        shutter = threading.Timer(0.05, ours.shutdown, [socket.SHUT_RDWR])
        shutter.start()
        assert wire.receive(memoryview(bytearray(1))) == 0
        shutter.join()
