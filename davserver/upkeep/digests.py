"""A set of digests that takes little more memory than the digests themselves.

Owns: many short runs of digests, each one bytearray that is searched in C. A million digests of 16 bytes take 28 MB and
some microseconds each; a Python set of them takes 110 MB.
"""

from __future__ import annotations

_RUNS = 1 << 16


class DigestSet:
    """Digests of ``width`` bytes each. Threads: one."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._runs: list[bytearray | None] = [None] * _RUNS
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, digest: bytes) -> bool:
        run = self._runs[_run_of(digest)]
        return run is not None and self._is_in(run, digest)

    def add(self, digest: bytes) -> bool:
        """Put a digest in; True if it was not there."""
        if len(digest) != self._width:
            raise ValueError(f"a digest of {len(digest)} bytes, not {self._width}")
        number = _run_of(digest)
        run = self._runs[number]
        if run is None:
            self._runs[number] = bytearray(digest)
        elif self._is_in(run, digest):
            return False
        else:
            run += digest
        self._count += 1
        return True

    def _is_in(self, run: bytearray, digest: bytes) -> bool:
        at = run.find(digest)
        while at % self._width and at >= 0:  # across the border of two digests
            at = run.find(digest, at + 1)
        return at >= 0


def _run_of(digest: bytes) -> int:
    # Python's own hash is salted: whoever chooses what is stored cannot choose what shares a run.
    return hash(digest) % _RUNS
