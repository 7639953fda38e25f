"""Following: the thread of a house that lets go of content which the keeper has put into blocks.

Owns: when a tree in memory gives way to its checkpoint (``adopting`` does it), and back-pressure until then.
Never: makes a commit.
Invariants: nothing rests on it but memory: a tree that waits to be adopted is as true as any other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from davserver.errors import DavserverError, NotFound, StoreUnavailable
from davserver.live.keeper import Keeper
from davserver.live.registry import Registry
from davserver.live.state import LiveCollection, State

_WAIT_S = 0.02
"""How often a writer that is held back looks whether it may go on."""
_ROOMY = 7
"""While more than so many eighths of the memory are used, letting go of it does not rest."""


class Breather:
    """Rests after each piece of work for as long as it took. Threads: the working one.

    Not longer: until a tree is adopted, its memory holds what was packed, and what came since twice. With rests of four
    times the work, 1,000 PUT/s outran an adoption until so much waited that writers were held back.
    """

    def __init__(self, sleep: Callable[[float], object]) -> None:
        self._sleep = sleep
        self._since_s = time.thread_time()

    def __call__(self) -> None:
        """Rest for what was computed since the last rest."""
        self._sleep(time.thread_time() - self._since_s)
        self._since_s = time.thread_time()


class Follower:
    """Adopts checkpoints. Threads: ``admit`` from any."""

    def __init__(
        self,
        registry: Registry,
        adopt: Callable[[LiveCollection, Breather], State],
        keeper: Keeper,
        *,
        memory_bytes: int,
        patience_s: float,
        poll_s: float,
        retry_s: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Let ``adopt`` rest between its steps, so that requests come first.

        Hold writers back while more than ``memory_bytes`` of content wait in memory, for ``patience_s`` at most.
        """
        self._registry = registry
        self._adopt = adopt
        self._keeper = keeper
        self._memory_bytes = memory_bytes
        self._patience_s = patience_s
        self._poll_s = poll_s
        self._retry_s = retry_s
        self._monotonic = monotonic
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread; an adoption in progress is finished first, without rests."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def admit(self) -> None:
        """Wait while too much content waits in memory for a commit; raises StoreUnavailable if that takes too long."""
        if self._thread is None or self._is_room():
            return
        deadline = self._monotonic() + self._patience_s
        self._keeper.hurry()
        while not self._is_room():
            if self._monotonic() >= deadline:
                raise StoreUnavailable("too much content waits to be committed")
            self._stopping.wait(_WAIT_S)

    def _rest(self, seconds: float) -> None:
        """Rest, unless memory is short or the thread is to stop."""
        if self._registry.pending_bytes() <= self._memory_bytes * _ROOMY // 8:
            self._stopping.wait(seconds)

    def _is_room(self) -> bool:
        return self._registry.pending_bytes() <= self._memory_bytes

    def _run(self) -> None:
        wait_s = self._poll_s
        while not self._stopping.wait(wait_s):
            wait_s = self._poll_s if self._follow() else self._retry_s

    def _follow(self) -> bool:
        """Adopt what there is to adopt; False if some of it failed, which keeps none of the others in memory.

        Why is told by the catalog's health, by the commits of the collection and by each request that meets it.
        """
        is_well = True
        try:
            unsettled = self._registry.unsettled()
        except DavserverError:
            return False
        for live in unsettled:
            try:
                self._adopt(live, Breather(self._rest))
            except NotFound:  # purged meanwhile
                continue
            except DavserverError:
                is_well = False
        return is_well
