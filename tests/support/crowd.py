"""Many clients of one server at a time: idle ones, slow ones, and ones that upload."""

from __future__ import annotations

import contextlib
import http.client
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

PIECE_BYTES = 1 << 20
HEAD = b"PUT /crowd/slow HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n"


def raise_descriptor_limit() -> None:
    """Take all file descriptors the system grants."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextlib.contextmanager
def connections(port: int, count: int, first: bytes = b"", source: str = "127.0.0.1") -> Iterator[list[socket.socket]]:
    """Open so many connections from an address of the loopback network, and send the same bytes on each."""
    with contextlib.ExitStack() as opened:
        socks = []
        for _ in range(count):
            sock = opened.enter_context(socket.create_connection(("127.0.0.1", port), 60, (source, 0)))
            sock.sendall(first)
            socks.append(sock)
        yield socks


def are_open(socks: list[socket.socket]) -> int:
    """Ask on each connection, and count those that answered 200 and stayed open."""
    request = b"GET /_/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    answered = 0
    for sock in socks:
        try:
            sock.sendall(request)
            answer = sock.recv(4096)
        except OSError:
            continue
        answered += answer.startswith(b"HTTP/1.1 200") and b"onnection: close" not in answer
    return answered


@contextlib.contextmanager
def trickling(socks: list[socket.socket], every_s: float) -> Iterator[None]:
    """Send a byte on each connection now and then, as long as it goes."""
    ended = threading.Event()

    def trickle() -> None:
        alive = list(socks)
        while not ended.wait(every_s):
            for sock in list(alive):
                try:
                    sock.send(b"a")
                except OSError:
                    alive.remove(sock)

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def pieces(number: int, size: int) -> Iterator[bytes]:
    """Yield a body: each MiB of each upload is another one, at the cost of a few bytes."""
    rest = bytes(PIECE_BYTES - 16)
    for place in range(0, size, PIECE_BYTES):
        yield (number.to_bytes(8, "big") + place.to_bytes(8, "big") + rest)[: size - place]


def upload_all(url: str, count: int, size: int) -> list[int]:
    """Upload so many different files at once; return the statuses."""
    statuses = [0] * count

    def upload(number: int) -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=3600)
        with contextlib.closing(connection):
            headers = {"Content-Length": str(size)}
            connection.request("PUT", f"/crowd/{number}", body=pieces(number, size), headers=headers)
            statuses[number] = connection.getresponse().status

    threads = [threading.Thread(target=upload, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def timed(action: Callable[[], object]) -> float:
    """Return how many seconds an action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
