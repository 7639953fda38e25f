"""On which processor cores the threads of a serving process run.

Owns: keeping the threads that serve requests on one core, and letting those that hash and store run on any.
Why: such threads run Python, one at a time, and let go of the interpreter at each system call. On two cores the one
that wants it back wakes on the other core, and handing it over costs more than the call: a GET of 4 KiB with eight
connections, one process: 2,060/s on any core, 4,000/s on one.
Linux only; elsewhere nothing is moved.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

Placement = Callable[[], None]
"""What a thread does before its first work: it decides where it runs from then on."""


def on_one_core(place: int) -> Placement:
    """Return what keeps a thread on one core; processes of different ``place`` get different ones as far as they go."""
    if sys.platform != "linux":
        return anywhere
    cores = sorted(os.sched_getaffinity(0))
    core = cores[place % len(cores)]
    return lambda: os.sched_setaffinity(0, {core})


def anywhere() -> None:
    """Let the calling thread run wherever the process may: a thread begins where the one that started it is kept."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, os.sched_getaffinity(os.getpid()))  # the main thread's, which is never moved
