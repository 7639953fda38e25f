"""The threads that serve requests, and whose turn it is to look for more of them.

Owns: the threads; the watch (``watch.Watch``), which one thread at a time has; a stop that ends: a deadline, then
interrupted connections, then no more waiting.
How: the thread on watch looks which connections have something to say, and serves them itself, one after the other.
Before it waits for anything (a client, a disk, others) it hands the watch to an idle thread (``pass_on``); a thread
that takes long without saying so loses it to the watchdog. So small requests are served by one thread, which never
waits for another to wake or to let go of the interpreter, and long ones keep nobody waiting. Where each waiting
connection has a thread of its own, eight of them cost a small GET some fifty futex calls.
If no thread is idle, the stand-in has the watch: it serves nobody, but queues (fairly, ``fairqueue``) and turns away.
Invariants: exactly one has the watch until the stop; what was seen is served by somebody, or turned away.
"""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Protocol

import structlog

from davserver.server.fairqueue import FairQueue

if TYPE_CHECKING:
    from davserver.server.connection import Connection
    from davserver.server.http import Server

_log = structlog.get_logger("davserver.server")
_LAST_WORDS_S = 2.0
LONG_S = 0.005
"""A request that takes longer is not waited for with the watch."""
_QUIET_ROUNDS = 40


class Crowds(Protocol):
    """Who hears of more requests than there are threads. Threads: any."""

    def queued(self, requests: int) -> None:
        """Hear how many requests wait now; called only while all threads are busy, and when that is over."""

    def turned_away(self) -> None:
        """Hear of a request for which the queue had no room."""


class Nobody:
    """Takes no notice of crowds."""

    def queued(self, requests: int) -> None:
        """Do nothing."""

    def turned_away(self) -> None:
        """Do nothing."""


class Watcher(threading.Thread):
    """A thread that may have the watch. ``conn`` is the connection it serves, ``turn`` a count of those."""

    def __init__(self, pool: Pool, name: str) -> None:
        super().__init__(name=name, daemon=True)  # a request that hangs cannot keep the process alive
        self.pool = pool
        self.leads = False
        self.conn: Connection | None = None
        self.turn = 0
        self._called = threading.Lock()
        self._called.acquire()

    def call(self) -> None:
        """Wake it; once for each time it waits."""
        self._called.release()

    def await_call(self) -> None:
        """Wait to be called."""
        self._called.acquire()

    def run(self) -> None:
        """Serve until the stop."""
        self.pool.place()
        while (conn := self.pool.next_for(self)) is not None:
            self.pool.serve(self, conn)


def pass_on() -> None:
    """Hand the watch on, if the calling thread has it: call this before a wait that may be long."""
    thread = threading.current_thread()
    if isinstance(thread, Watcher) and thread.leads:
        thread.pool.relieve(thread)


class Pool:
    """A fixed number of threads."""

    def __init__(self, server: Server, threads: int) -> None:
        self._server = server
        self.place = server.place
        self._fair: FairQueue[Connection] = FairQueue(server.limits.queue, server.limits.address_requests)
        self._threads = [Watcher(self, f"request-{number}") for number in range(threads)]
        self._stand_in = Watcher(self, "accept")  # never started: ``stand_in`` runs in the accepting thread
        self._idle: list[Watcher] = []
        self._turns = threading.Lock()
        self._on_watch: Watcher | None = None
        self._off_watch = threading.Event()
        self._is_stopping = False
        self._dog_wakes = threading.Event()
        self._dog_dozes = False

    def start(self) -> None:
        """Start the threads."""
        self._on_watch = self._threads[0]
        self._threads[0].leads = True
        for thread in self._threads:
            thread.start()
        threading.Thread(target=self._guard, name="watchdog", daemon=True).start()

    @property
    def qsize(self) -> int:
        """How many connections wait for a thread."""
        return len(self._fair)

    def next_for(self, thread: Watcher) -> Connection | None:
        """Return what a thread serves next, when there is something; None once all is served after a stop."""
        while True:
            if thread.leads:
                conn = self._fair.take()
                if conn is not None:
                    return conn
                self._look(thread)
                continue
            with self._turns:
                if self._is_stopping:
                    break
                if self._on_watch is self._stand_in:
                    conn = self._fair.take()
                    if conn is not None:
                        return conn
                    self._server.watch.poke()
                self._idle.append(thread)
            thread.await_call()
        self._off_watch.wait()
        return self._fair.get()

    def serve(self, thread: Watcher, conn: Connection) -> None:
        """Serve what has come on a connection; then it is watched again, or closed."""
        thread.conn = conn
        thread.turn += 1
        if self._dog_dozes:
            self._dog_wakes.set()
        stays = False
        try:
            stays = conn.communicate()
        except Exception as error:  # noqa: BLE001  # a thread must survive what one client causes
            _log.error("serving failed", exc_info=error)
        finally:
            self._put_back(thread, conn, stays=stays)

    def _put_back(self, thread: Watcher, conn: Connection, *, stays: bool) -> None:
        self._fair.done(conn.client)
        if not stays:
            conn.close()
        with self._turns:
            thread.conn = None
        if stays and conn.has_data():
            self._offer(conn)
        elif stays:
            self._server.watch.add(conn)
        if not thread.leads and len(self._fair):
            self._server.watch.poke()  # what a client has in work no more may let others of its requests in

    def relieve(self, thread: Watcher) -> None:
        """Take the watch from the calling thread, if it has it, and give it to another."""
        with self._turns:
            if thread.leads:
                self._release(thread)

    def _relieve_if_busy(self, thread: Watcher, turn: int) -> None:
        """Take the watch from another thread while it serves this request: not while it looks, which only one may."""
        with self._turns:
            if thread.leads and thread.conn is not None and thread.turn == turn:
                self._release(thread)

    def _release(self, thread: Watcher) -> None:
        thread.leads = False
        if thread.conn is not None:
            self._server.watch.set_aside(thread.conn)
        self._appoint()

    def stand_in(self) -> None:
        """Have the watch whenever no thread is idle; returns after the stop."""
        stand_in = self._stand_in
        while not self._is_stopping:
            stand_in.await_call()
            while stand_in.leads:
                self._look(stand_in)
                self._server.crowds.queued(len(self._fair))
                if self._idle:
                    self.relieve(stand_in)
            self._server.crowds.queued(0)

    def stop(self, listener: socket.socket, timeout: float) -> None:
        """Accept no more, serve what has come; cut off what has not finished after ``timeout`` seconds."""
        self._end_watch()
        for conn in self._server.watch.stop():
            self._server.watch.set_aside(conn)
            self._offer(conn)
        listener.close()
        self._fair.close()
        if _join(self._threads, timeout):
            return
        self.interrupt()
        _join(self._threads, _LAST_WORDS_S)

    def interrupt(self) -> None:
        """Cut off the requests in flight: their next read or write fails."""
        busy = [conn for conn in (thread.conn for thread in self._threads) if conn is not None]
        _log.warning("requests cut off by the stop", requests=len(busy))
        for conn in busy:
            conn.interrupt()

    def _look(self, thread: Watcher) -> None:
        """Look for something to do, and queue it; with the watch."""
        if self._is_stopping:
            self.relieve(thread)
            return
        self._set_queue_aside()  # their clients have as much in work as they may: look past them
        try:
            if thread is self._stand_in:
                for conn in self._server.watch.look():
                    self._server.watch.set_aside(conn)
                    self._offer(conn)
            else:  # no more than the queue takes: what is not looked at is not refused, it comes next
                for conn in self._server.watch.look(at_most=max(1, self._fair.room)):
                    self._offer(conn)
        except Exception as error:  # noqa: BLE001  # whoever has the watch must survive what one client causes
            _log.error("accepting failed", exc_info=error)

    def _set_queue_aside(self) -> None:
        for conn in self._fair.waiting():
            self._server.watch.set_aside(conn)

    def _offer(self, conn: Connection) -> None:
        """Queue a connection; one too many is told so and closed."""
        if not self._fair.put(conn.client, conn):
            self._server.crowds.turned_away()
            conn.turn_away()

    def _appoint(self) -> None:
        """Choose who has the watch now; call it with the turns locked."""
        if self._is_stopping or not self._idle:
            self._set_queue_aside()  # others than who is on watch take from it now
        if self._is_stopping:
            self._on_watch = None
            self._off_watch.set()
            return
        self._on_watch = self._idle.pop() if self._idle else self._stand_in  # the last to idle: its memory is warm
        self._on_watch.leads = True
        self._on_watch.call()

    def _end_watch(self) -> None:
        """Let nobody look any more: threads take what is queued, and end when the queue is closed and empty."""
        self._is_stopping = True
        self._dog_wakes.set()
        self._server.watch.poke()
        while not self._off_watch.wait(LONG_S):
            thread = self._on_watch
            if thread is not None:
                self._relieve_if_busy(thread, thread.turn)
        with self._turns:
            for thread in (self._stand_in, *self._idle):
                thread.call()
            self._idle.clear()

    def _guard(self) -> None:
        """Take the watch from who serves one request for too long; sleep while nothing is served."""
        quiet = 0
        seen: tuple[Watcher | None, int] = (None, 0)
        while not self._is_stopping:
            time.sleep(LONG_S)
            thread = self._on_watch
            now = (thread, thread.turn if thread is not None and thread.conn is not None else 0)
            if thread is not None and thread.conn is not None and now == seen:
                self._relieve_if_busy(thread, now[1])
            quiet = quiet + 1 if now == seen else 0
            seen = now
            if quiet > _QUIET_ROUNDS:
                self._doze()
                quiet = 0

    def _doze(self) -> None:
        self._dog_wakes.clear()
        self._dog_dozes = True
        thread = self._on_watch
        if not self._is_stopping and (thread is None or thread.conn is None):
            self._dog_wakes.wait()
        self._dog_dozes = False


def _join(threads: list[Watcher], timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0.0))
    return not any(thread.is_alive() for thread in threads)
