"""Whether anything was written since one last looked: a number in shared memory, for the price of a few loads.

Owns: the number, at the head of the gate's lock file: odd while a transaction is written, one more with each step. And
a second one behind it, the marks: one more after each transaction that changed accounts, tokens or grants, which every
request asks for, and few change.
Never: says what changed, or anything for sure while it is odd: then the database has to be asked.
Why: each request asks whether its copy of a collection and of the accounts is current. SQLite answers in microseconds,
but in system calls, each of which gives the interpreter away: under load that was a third of a small GET.
Invariants: who reads the same even number twice knows that nothing became durable behind the gate in between. A writer
that is killed leaves the number odd, and the next one goes on from there, and marks what the other may not have come
to. It is written by ``pwrite``, never through the mapping: on a full disk that is an error, not a signal that kills.
Threads: any number read; one process at a time writes, behind the gate.
"""

from __future__ import annotations

import mmap
import os
import sys
from contextlib import suppress

_BYTES = 8
_ALL_BYTES = 2 * _BYTES


class ChangeCounter:
    """The number in a file that is open for reading and writing."""

    def __init__(self, descriptor: int) -> None:
        """Map the file, which grows to hold the number. Errors: OSError."""
        self._descriptor = descriptor
        if os.fstat(descriptor).st_size < _ALL_BYTES:
            os.pwrite(descriptor, bytes(1), _ALL_BYTES - 1)  # two that come at once both write a zero
        self._mapping = mmap.mmap(descriptor, _ALL_BYTES, prot=mmap.PROT_READ)
        self._view = memoryview(self._mapping).cast("Q")

    def settled(self) -> int | None:
        """Return the number if no transaction is being written, else None."""
        number = self._view[0]
        return None if number & 1 else number

    def begin(self) -> None:
        """Mark that a transaction may become durable from now on; behind the gate. Errors: OSError."""
        if self._view[0] & 1:
            self.mark()
        self._write(0, (self._view[0] + 1) | 1)

    def end(self) -> None:
        """Mark that it has ended, well or not."""
        with suppress(OSError):  # it stays odd then, which tells all who read it to ask the database
            self._write(0, self._view[0] + 1)

    def marks(self) -> int:
        """Return the number of transactions that changed who may do what."""
        return self._view[1]

    def mark(self) -> None:
        """Count such a transaction, when it is durable and nobody was told yet. Errors: OSError."""
        self._write(1, self._view[1] + 1)

    def close(self) -> None:
        """Let go of the file, which its owner closes."""
        self._view.release()
        self._mapping.close()

    def _write(self, place: int, number: int) -> None:
        os.pwrite(self._descriptor, number.to_bytes(_BYTES, sys.byteorder), place * _BYTES)
