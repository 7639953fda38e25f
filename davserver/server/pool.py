"""The threads that serve requests.

Owns: cheroot's ThreadPool with a stop that ends: a deadline, then interrupted connections, then no more waiting.
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from cheroot.workers import threadpool
from cheroot.workers.threadpool import ThreadPool, WorkerThread

_log = structlog.get_logger("davserver.server")
_LAST_WORDS_S = 2.0
_SHUTDOWN: Any = vars(threadpool)["_SHUTDOWNREQUEST"]  # what a worker takes as the end; cheroot keeps it to itself


class Pool(ThreadPool):
    """A fixed number of daemon threads: a request that hangs cannot keep the process alive."""

    _threads: list[WorkerThread]
    _queue: Any

    def _spawn_worker(self) -> WorkerThread:
        worker = WorkerThread(self.server)  # type: ignore[no-untyped-call]  # cheroot's stub
        worker.daemon = True
        worker.start()
        return worker

    def stop(self, timeout: float = 5) -> None:
        """Let the requests in flight finish for ``timeout`` seconds, then cut them off."""
        threads = list(self._threads)
        for _ in threads:
            self._queue.put(_SHUTDOWN)
        if _join(threads, timeout):
            return
        self.interrupt()
        _join(threads, _LAST_WORDS_S)

    def interrupt(self) -> None:
        """Cut off the requests in flight: their next read or write fails."""
        busy = [conn for conn in (thread.conn for thread in self._threads) if conn is not None]
        _log.warning("requests cut off by the stop", requests=len(busy))
        for conn in busy:
            conn.interrupt()


def _join(threads: list[WorkerThread], timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0.0))
    return not any(thread.is_alive() for thread in threads)
