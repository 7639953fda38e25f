"""How much of everything: as issued for the table, or small enough for a look or a test."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.machine import MIB


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes and counts of what is measured, and how long and how wide a load is."""

    small: int = 4096
    large: int = 1024 * MIB
    range: int = 64 << 10
    folder: int = 1_000
    wide_folder: int = 10_000
    crowd: int = 150_000
    streams: int = 1_000
    puts: int = 100_000
    window: int = 1_000
    seconds: float = 2.0
    connections: int = 8
    again: int = 5


FULL = Sizes()
QUICK = Sizes(
    large=16 * MIB, folder=50, wide_folder=200, crowd=1_000, streams=10, puts=400, window=50, seconds=0.2, again=2
)
