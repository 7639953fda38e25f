"""Our own load generator: raw sockets and epoll, one request at a time on each connection.

It costs some 15 µs of one core for each request, so a server that answers more than some 30,000 a second is measured
too low; the figures say so where it happens. Where a server closes a connection (Apache does after 100 requests), the
next request opens another, and the clock goes on.
"""

from __future__ import annotations

import select
import socket
import time
from array import array
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context

from benchmarks.load.outcome import Outcome, percentiles
from benchmarks.load.plans import Plan
from benchmarks.load.wire import Answer, AnswerReader, Request, WrongAnswer

_AT_ONCE = 1 << 18
PATIENCE_S = 60.0


def run(port: int, plan: Plan, *, connections: int, seconds: float) -> Outcome:
    """Ask for some seconds, in a process of its own, which imports nothing of the harness but this."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(ask, port, plan, connections, seconds).result()


def ask(port: int, plan: Plan, connections: int, seconds: float) -> Outcome:
    """Ask until the time is over or every connection's plan has come to its end. Errors: WrongAnswer, OSError."""
    with ExitStack() as stack:
        conversations = [_Conversation(port, plan, number) for number in range(connections)]
        for conversation in conversations:
            stack.callback(conversation.close)
        return _drive(conversations, seconds)


def _drive(conversations: Sequence[_Conversation], seconds: float) -> Outcome:
    """Let all of them go on until they have come to their end."""
    latencies_s, ends_s = array("d"), array("d")
    began_cpu, began = time.process_time(), time.perf_counter()
    with select.epoll() as poll:
        talking = {conversation.begin(poll): conversation for conversation in conversations}
        while talking:
            ready = poll.poll(PATIENCE_S)
            if not ready:
                raise WrongAnswer(f"no answer within {PATIENCE_S:.0f} s")
            for descriptor, _ in ready:
                conversation = talking.pop(descriptor)
                answer = conversation.receive()
                now = time.perf_counter()
                if answer is not None:
                    latencies_s.append(now - conversation.sent)
                    ends_s.append(now - began)
                if answer is None or (now < began + seconds and conversation.go_on(answer, poll)):
                    talking[conversation.descriptor] = conversation
                else:
                    conversation.close()
    p50_s, p99_s = percentiles(latencies_s)
    return Outcome(len(ends_s), ends_s[-1], p50_s, p99_s, time.process_time() - began_cpu, ends_s)


class _Conversation:
    """One connection, and where its plan stands."""

    def __init__(self, port: int, plan: Plan, number: int) -> None:
        self._address = ("127.0.0.1", port)
        self._plan = plan.requests(number)
        self._reader = AnswerReader()
        self._request: Request = next(self._plan)
        self._encoded: tuple[Request, bytes] = (self._request, self._request.encode())
        self._socket = self._connect()
        self.sent = 0.0

    @property
    def descriptor(self) -> int:
        return self._socket.fileno()

    def begin(self, poll: select.epoll) -> int:
        """Send the first request; return the descriptor to be waited for."""
        poll.register(self._socket, select.EPOLLIN)
        self._send()
        return self.descriptor

    def receive(self) -> Answer | None:
        """Take what has come; return the answer if it is whole."""
        piece = self._socket.recv(_AT_ONCE)
        if not piece:
            raise WrongAnswer(f"{self._request.method}: the connection was closed instead of an answer")
        return self._reader.feed(piece, self._request.method)

    def go_on(self, answer: Answer, poll: select.epoll) -> bool:
        """Send the next request, over another connection if the server closes this one; False at the plan's end."""
        try:
            self._request = self._plan.send(answer)
        except StopIteration:
            return False
        if answer.closes:
            self.close()
            self._socket = self._connect()
            poll.register(self._socket, select.EPOLLIN)
        self._send()
        return True

    def close(self) -> None:
        """Close the connection; a closed descriptor leaves the poll by itself."""
        self._socket.close()

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(self._address, timeout=PATIENCE_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _send(self) -> None:
        if self._encoded[0] is not self._request:
            self._encoded = (self._request, self._request.encode())
        self.sent = time.perf_counter()
        self._socket.sendall(self._encoded[1])
