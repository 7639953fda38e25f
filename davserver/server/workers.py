"""Several serving processes under one parent.

Owns: forking, restarting what dies, passing signals on, knowing when all are ready.
Never: starts a thread or opens the house in the parent: neither survives a fork.
Invariants: the parent keeps every listening socket open, so while a worker is replaced its clients wait instead of
being refused. A worker whose parent is gone stops by itself: it watches a pipe that only the parent holds open.
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

import structlog

from davserver.errors import ConfigError, DavserverError, StoreUnavailable
from davserver.server.process import HURRY, stop_signals

_log = structlog.get_logger("davserver.server")

Work = Callable[[socket.socket, Callable[[], None], int], None]
"""Serve a socket: (listener, what to call when ready, descriptor that ends with the parent)."""

_BACKOFF_MAX_S = 10.0
_LONG_LIFE_S = 10.0


@dataclass(slots=True)
class Worker:
    """One place of a worker: its socket, and the process that serves it now (``pid`` 0: none)."""

    listener: socket.socket
    pid: int = 0
    started: float = 0.0
    due: float = 0.0
    backoff_s: float = 0.0


@dataclass(slots=True)
class Parent:
    """The process above the workers. ``monotonic`` is the clock of restarts."""

    listeners: list[socket.socket]
    work: Work
    shutdown_s: float
    monotonic: Callable[[], float] = time.monotonic
    workers: list[Worker] = field(init=False)
    alive: tuple[int, int] = field(init=False)
    signals: frozenset[signal.Signals] = field(init=False)

    def run(self, on_ready: Callable[[], None]) -> None:
        """Start all workers, call ``on_ready``, supervise until a stop signal, end when all have ended.

        Errors: what a worker raised while it started, as it raised it, and then none is left running.
        """
        self.workers = [Worker(listener) for listener in self.listeners]
        self.alive = os.pipe()
        self.signals = stop_signals() | {signal.SIGCHLD}
        signal.pthread_sigmask(signal.SIG_BLOCK, self.signals)
        gc.freeze()  # what exists now is shared with the workers: do not touch it
        try:
            for worker in self.workers:  # one by one: the first makes or upgrades the catalog
                self._await_ready(self._start(worker))
            on_ready()
            self._supervise()
        finally:
            self._stop()

    def _start(self, worker: Worker) -> int:
        """Fork a worker; return the descriptor on which it says that it is ready, or why not."""
        read_end, write_end = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        worker.started = self.monotonic()
        worker.pid = os.fork()
        if worker.pid == 0:
            os.close(read_end)
            self._be_worker(worker.listener, write_end)
        os.close(write_end)
        return read_end

    def _be_worker(self, listener: socket.socket, report_fd: int) -> None:
        """Serve and exit; never returns into the parent's code."""
        status = 1
        try:
            os.close(self.alive[1])
            for other in self.listeners:
                if other is not listener:
                    other.close()
            for number in (signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)  # a terminal sends them to the parent too, which says what to do
            signal.pthread_sigmask(signal.SIG_UNBLOCK, self.signals)
            self.work(listener, lambda: _report(report_fd, {}), self.alive[0])
            status = 0
        except DavserverError as error:
            message = {"message": error.message, "hint": error.hint, "exit_code": error.exit_code}
            _report(report_fd, message)
        except BaseException as error:  # noqa: BLE001  # the last frame of the process
            _log.critical("worker failed", exc_info=error)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _await_ready(self, read_end: int) -> None:
        with os.fdopen(read_end, "rb") as pipe:
            text = pipe.readline()
        if not text:
            raise StoreUnavailable("a worker process ended while it started", hint="its log says why")
        report = json.loads(text)
        if report:
            raise WorkerRefused(report["message"], report["hint"], report["exit_code"])

    def _supervise(self) -> None:
        """Replace workers that die, until a stop signal."""
        while True:
            now = self.monotonic()
            waiting = [worker.due - now for worker in self.workers if worker.pid == 0]
            timeout = max(min(waiting, default=3600.0), 0.0)
            info = signal.sigtimedwait(self.signals, timeout)
            if info is not None and info.si_signo != signal.SIGCHLD:
                _log.info("stopping", signal=signal.Signals(info.si_signo).name)
                return
            self._reap()
            self._restart_due()

    def _reap(self) -> None:
        for worker in self.workers:
            if worker.pid and os.waitpid(worker.pid, os.WNOHANG)[0]:
                now = self.monotonic()
                lived = now - worker.started
                worker.backoff_s = 0.0 if lived > _LONG_LIFE_S else min(max(worker.backoff_s * 2, 0.1), _BACKOFF_MAX_S)
                worker.due = now + worker.backoff_s
                _log.error("worker died", pid=worker.pid, lived_s=round(lived, 1), restart_in_s=worker.backoff_s)
                worker.pid = 0

    def _restart_due(self) -> None:
        for worker in self.workers:
            if worker.pid == 0 and worker.due <= self.monotonic():
                os.close(self._start(worker))
                _log.info("worker restarted", pid=worker.pid)

    def _stop(self) -> None:
        """Stop accepting, end all workers: first asked, then, long after their own deadline, made to."""
        for listener in self.listeners:
            listener.close()
        running = [worker.pid for worker in self.workers if worker.pid]
        for pid in running:
            os.kill(pid, signal.SIGTERM)
        deadline = self.monotonic() + self.shutdown_s + 30.0  # the commit that follows the drain takes its time
        while running:
            info = signal.sigtimedwait(self.signals, max(deadline - self.monotonic(), 0.0))
            running = [pid for pid in running if not os.waitpid(pid, os.WNOHANG)[0]]
            if info is None or info.si_signo != signal.SIGCHLD:
                for pid in running:
                    os.kill(pid, signal.SIGKILL if info is None else HURRY)
            if info is None:
                for pid in running:
                    os.waitpid(pid, 0)
                return


class WorkerRefused(ConfigError):
    """A worker could not start; its message, hint and exit status are passed on."""

    def __init__(self, message: str, hint: str, exit_code: int) -> None:
        DavserverError.__init__(self, message, hint=hint)
        self.key = ""
        self.exit_code = exit_code


def _report(fd: int, report: dict[str, object]) -> None:
    with contextlib.suppress(BrokenPipeError):  # after a restart nobody asks
        os.write(fd, json.dumps(report).encode("utf-8") + b"\n")
    os.close(fd)
