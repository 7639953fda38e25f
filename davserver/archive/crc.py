"""CRC-32 of the members of a zip: combined of parts, and remembered.

Owns: the sums of one zip's members as far as they are known, and how far the sum of one that was broken off came.
Follows: ``crc32_combine`` of zlib 1.2.12, which Python's zlib does not offer: a sum over A then B is (sum of A) times
    x^(8 len B), plus the sum of B, modulo the polynomial.
Memory: 4 bytes a member.
"""

from __future__ import annotations

from array import array
from typing import NamedTuple

_POLYNOMIAL = 0xEDB88320
_ONE = 1 << 31
_X = 1 << 30


def combine(first: int, second: int, second_bytes: int) -> int:
    """Return the CRC-32 of two pieces together: of each its own, and the length of the second (some 40 us)."""
    power, step, bits = _ONE, _X8, second_bytes
    while bits:
        if bits & 1:
            power = _times(step, power)
        step = _times(step, step)
        bits >>= 1
    return _times(power, first) ^ second


def _times(left: int, right: int) -> int:
    """Multiply two polynomials over GF(2), reflected as in CRC-32, modulo its polynomial."""
    product, bit = 0, _ONE
    while bit:
        if left & bit:
            product ^= right
        right = right >> 1 ^ _POLYNOMIAL if right & 1 else right >> 1
        bit >>= 1
    return product


_X2 = _times(_X, _X)
_X4 = _times(_X2, _X2)
_X8 = _times(_X4, _X4)


class Begun(NamedTuple):
    """The sum of a file's first ``stop`` bytes."""

    stop: int = 0
    crc: int = 0


class Sums:
    """The sums of a zip's members, by their number. Threads: any; each method is one step of the interpreter."""

    def __init__(self, members: int) -> None:
        self._known = array("I", bytes(array("I").itemsize * members))
        self._begun: tuple[int, Begun] = (-1, Begun())

    def get(self, number: int) -> int | None:
        """Return a member's sum, None if it is not known: 0 stands for that, so a sum of 0 is taken again each time."""
        return self._known[number] or None

    def learn(self, number: int, crc: int) -> None:
        """Remember a member's sum."""
        self._known[number] = crc

    def begun(self, number: int) -> Begun:
        """Return how far somebody came with a member that nobody came to the end of."""
        last, begun = self._begun
        return begun if last == number else Begun()

    def break_off(self, number: int, begun: Begun) -> None:
        """Remember how far the sum of a member came: one member of the zip, the last."""
        self._begun = (number, begun)
