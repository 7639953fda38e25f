"""The processes of a server under one parent: the workers, which serve requests, and the housekeeper.

Owns: forking, restarting what dies, passing signals on, knowing when all are ready, the order of a stop and a reload.
Never: starts a thread or opens the house in the parent: neither survives a fork.
Invariants: the parent keeps every listening socket open, so while a worker is replaced its clients wait instead of
being refused. A worker whose parent is gone stops by itself: it watches a pipe that only the parent holds open. The
housekeeper ends after all of them, however they ended: it watches a pipe that the parent and the workers hold open.
At a reload, each worker goes on until the one in its place is ready; new settings that cannot be used change nothing.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import structlog

from davserver.errors import ConfigError, DavserverError, StoreUnavailable
from davserver.server.process import HURRY, RETIRE
from davserver.server.supervisor import Supervisor, hangup_stops
from davserver.server.tallies import Tallies

_log = structlog.get_logger("davserver.server")

Work = Callable[[int, Callable[[], None], int], None]
"""Serve one of the sockets: (its place among them, what to call when ready, descriptor that ends with the parent)."""

Keep = Callable[[int], None]
"""Keep the house until a descriptor ends: with the parent and all workers."""

_BACKOFF_MAX_S = 10.0
_LONG_LIFE_S = 10.0
_LAST_WORDS_S = 30.0
"""For a worker to end once its own deadline is over."""
_LAST_COMMITS_S = 600.0
"""For the housekeeper to commit what waits. It may be killed: the next start commits the rest."""


@dataclass(frozen=True, slots=True)
class Duties:
    """What the processes of a server do. ``renewed`` reads the settings again; raises DavserverError."""

    work: Work
    keep: Keep
    shutdown_s: float
    renewed: Callable[[], Duties]


@dataclass(slots=True)
class Child:
    """One place of a process: what it does, and the process that does it now (``pid`` 0: none).

    ``run`` is called in that process with the descriptor on which it says that it is ready, or why not.
    """

    name: str
    run: Callable[[int], None]
    pid: int = 0
    started: float = 0.0
    due: float = 0.0
    backoff_s: float = 0.0
    is_relieved: bool = False


@dataclass(slots=True)
class Parent:
    """The process above all others. ``died`` hears of a child's end; ``monotonic`` is the clock of restarts."""

    listeners: list[socket.socket]
    duties: Duties
    supervisor: Supervisor
    tallies: Tallies
    died: Callable[[str], None] = lambda _name: None
    monotonic: Callable[[], float] = time.monotonic
    workers: list[Child] = field(init=False)
    housekeeper: Child = field(init=False)
    retired: list[int] = field(default_factory=list)
    alive: tuple[int, int] = field(init=False)
    needed: tuple[int, int] = field(init=False)
    signals: frozenset[signal.Signals] = field(init=False)

    def run(self, on_ready: Callable[[], None]) -> None:
        """Start all processes, call ``on_ready``, supervise until a stop signal, end when all have ended.

        Errors: what a worker raised while it started, as it raised it, and then none is left running.
        """
        self.workers = [Child("worker", partial(self._serve, place)) for place in range(len(self.listeners))]
        self.housekeeper = Child("housekeeper", self._keep_house)
        self.alive, self.needed = os.pipe(), os.pipe()
        self.signals = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGCHLD})
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
            self.signals |= {signal.SIGHUP}
        signal.pthread_sigmask(signal.SIG_BLOCK, self.signals)
        gc.freeze()  # what exists now is shared with the children: do not touch it
        try:
            for worker in self.workers:  # one by one: the first makes or upgrades the catalog
                self._await_ready(self._start(worker))
            on_ready()
            os.close(self._start(self.housekeeper))  # last: what it does first can wait, those who connect cannot
            self.supervisor.tell_ready()
            self._supervise()
        finally:
            self._stop()

    @property
    def _children(self) -> list[Child]:
        return [*self.workers, self.housekeeper]

    def _start(self, child: Child) -> int:
        """Fork a process; return the descriptor on which it says that it is ready, or why not. Errors: StoreFull."""
        number = self.tallies.take()
        read_end, write_end = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        child.started = self.monotonic()
        child.pid = os.fork()
        if child.pid == 0:
            os.close(read_end)
            self._be(child, number, write_end)
        self.tallies.belongs(number, child.pid)
        os.close(write_end)
        return read_end

    def _be(self, child: Child, number: int, report_fd: int) -> None:
        """Do a child's work and exit; never returns into the parent's code."""
        status = 1
        try:
            for ignored in (signal.SIGINT, signal.SIGHUP):
                signal.signal(ignored, signal.SIG_IGN)  # a terminal sends them to the parent too, which says what to do
            _show_name(f"dav {child.name}")
            os.close(self.alive[1])
            self.tallies.enter(number)
            child.run(report_fd)
            status = 0
        except DavserverError as error:
            message = {"message": error.message, "hint": error.hint, "exit_code": error.exit_code}
            if not _report(report_fd, message):
                _log.error(f"{child.name} failed", reason=error.message, hint=error.hint)
        except BaseException as error:  # noqa: BLE001  # the last frame of the process
            _log.critical(f"{child.name} failed", exc_info=error)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _serve(self, place: int, report_fd: int) -> None:
        os.close(self.needed[0])
        for other in self.listeners:
            if other is not self.listeners[place]:
                other.close()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self.signals)
        self.duties.work(place, lambda: _say_ready(report_fd), self.alive[0])

    def _keep_house(self, _report_fd: int) -> None:
        os.close(self.alive[0])
        os.close(self.needed[1])
        for listener in self.listeners:
            listener.close()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a supervisor may send it to all processes of a server at once
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self.signals)
        self.duties.keep(self.needed[0])

    def _await_ready(self, read_end: int) -> None:
        with os.fdopen(read_end, "rb") as pipe:
            text = pipe.readline()
        if not text:
            raise StoreUnavailable("a worker process ended while it started", hint="its log says why")
        report = json.loads(text)
        if report:
            raise WorkerRefused(report["message"], report["hint"], report["exit_code"])

    def _supervise(self) -> None:
        """Replace processes that die, and all of them where that is asked for, until a stop signal."""
        while True:
            now = self.monotonic()
            waiting = [child.due - now for child in self._children if child.pid == 0]
            timeout = max(min(waiting, default=3600.0), 0.0)
            info = signal.sigtimedwait(self.signals, timeout)
            if info is not None and info.si_signo == signal.SIGHUP and not hangup_stops():
                self._reload()
            elif info is not None and info.si_signo != signal.SIGCHLD:
                _log.info("stopping", signal=signal.Signals(info.si_signo).name)
                return
            self._reap()
            self._restart_due()

    def _reload(self) -> None:
        """Put a process with the settings of now in each place; what cannot be used is said, and all stays as it is."""
        self._tell(self.supervisor.tell_reloading)
        before = self.duties
        try:
            self.duties = before.renewed()
            self._relieve_workers()
        except DavserverError as error:
            self.duties = before
            _log.error("not reloaded, the settings of before hold", reason=error.message, hint=error.hint)
        else:
            if self.housekeeper.pid:
                self.housekeeper.is_relieved = True
                os.kill(self.housekeeper.pid, HURRY)  # what it does is a transaction or can be done again
            _log.info("reloaded")
        self._tell(self.supervisor.tell_ready)

    def _relieve_workers(self) -> None:
        """Start another process in each worker's place, and when all are ready let the first ones end by and by.

        If one cannot start, none stays. Errors: what it raised.
        """
        before = [worker.pid for worker in self.workers]
        try:
            for worker in self.workers:
                self._await_ready(self._start(worker))
        except DavserverError:
            for worker, old in zip(self.workers, before, strict=True):
                if worker.pid != old:
                    self._retire(worker.pid, signal.SIGTERM)
                    worker.pid = old
            raise
        for old in before:
            self._retire(old, RETIRE)

    def _retire(self, pid: int, order: signal.Signals) -> None:
        """Let a process end whose place is another's."""
        if pid:
            self.retired.append(pid)
            os.kill(pid, order)

    @staticmethod
    def _tell(say: Callable[[], None]) -> None:
        """Tell the supervisor; one that does not hear any more is no reason to stop, or to stop in another order."""
        try:
            say()
        except DavserverError as error:
            _log.error("the supervisor cannot be told", reason=error.message)

    def _reap(self) -> None:
        self.retired = _left(self.retired)
        for child in self._children:
            if child.pid and os.waitpid(child.pid, os.WNOHANG)[0]:
                now = self.monotonic()
                if child.is_relieved:
                    child.pid, child.due, child.is_relieved = 0, now, False
                    continue
                lived = now - child.started
                child.backoff_s = 0.0 if lived > _LONG_LIFE_S else min(max(child.backoff_s * 2, 0.1), _BACKOFF_MAX_S)
                child.due = now + child.backoff_s
                _log.error(f"{child.name} died", pid=child.pid, lived_s=round(lived, 1), restart_in_s=child.backoff_s)
                child.pid = 0
                self.died(child.name)

    def _restart_due(self) -> None:
        for child in self._children:
            if child.pid == 0 and child.due <= self.monotonic():
                os.close(self._start(child))
                _log.info(f"{child.name} restarted", pid=child.pid)

    def _stop(self) -> None:
        """Stop accepting, end all workers, then the housekeeper, which commits what they left."""
        self._tell(self.supervisor.tell_stopping)
        for listener in self.listeners:
            listener.close()
        running = [*self.retired, *(worker.pid for worker in self.workers if worker.pid)]
        for pid in running:
            os.kill(pid, signal.SIGTERM)
        self._await_end(running, self.duties.shutdown_s + _LAST_WORDS_S)
        os.close(self.needed[1])  # a worker that had to be killed let go of its end, too
        self._await_end([self.housekeeper.pid] if self.housekeeper.pid else [], _LAST_COMMITS_S)

    def _await_end(self, running: list[int], patience_s: float) -> None:
        """Wait for processes that were asked to end; a stop signal hurries them, the end of patience ends them."""
        deadline = self.monotonic() + patience_s
        running = _left(running)
        while running:
            info = signal.sigtimedwait(self.signals, max(deadline - self.monotonic(), 0.0))
            running = _left(running)
            if info is None or info.si_signo != signal.SIGCHLD:
                for pid in running:
                    os.kill(pid, signal.SIGKILL if info is None else HURRY)
            if info is None:
                for pid in running:
                    os.waitpid(pid, 0)
                return


def _left(pids: list[int]) -> list[int]:
    """Return those of some children that have not ended."""
    return [pid for pid in pids if not os.waitpid(pid, os.WNOHANG)[0]]


class WorkerRefused(ConfigError):
    """A worker could not start; its message, hint and exit status are passed on."""

    def __init__(self, message: str, hint: str, exit_code: int) -> None:
        DavserverError.__init__(self, message, hint=hint)
        self.key = ""
        self.exit_code = exit_code


def _show_name(name: str) -> None:
    """Let ``ps`` and ``top`` tell the processes of a server apart, where the system can (15 bytes on Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(name)


def _say_ready(fd: int) -> None:
    _report(fd, {})


def _report(fd: int, report: dict[str, object]) -> bool:
    """Tell the parent; False if it does not wait for it, as after a restart."""
    try:
        os.write(fd, json.dumps(report).encode("utf-8") + b"\n")
    except BrokenPipeError:
        return False
    finally:
        os.close(fd)
    return True
