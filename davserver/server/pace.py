"""How slow a client may be: not silent for long, and in the long run not slower than a rate.

Owns: the account of the time that was spent waiting for one client, in one direction: what it owes, and the sum.
Never: counts time in which we were busy ourselves, or a clock: who waited says for how long.
Why: a limit of silence alone lets a byte now and then hold a thread for ever; a limit on the whole would cut long
uploads over slow lines. So each byte pays for some of the waiting (as with MinRate of Apache's mod_reqtimeout), and a
client that is in debt for too long is given up. Bytes pay debts only: no one saves up a right to be slow.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """``silence_s``: without a byte, and how far a client may fall behind; ``rate``: bytes a second (0: any)."""

    silence_s: float
    rate: int = 0


class Pace:
    """The debt of one client, in seconds, and how long its request was waited for. Threads: one at a time."""

    __slots__ = ("_debt_s", "_patience", "waited_s")

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._debt_s = 0.0
        self.waited_s = 0.0

    @property
    def left_s(self) -> float:
        """How long the client may be waited for now."""
        return self._patience.silence_s - self._debt_s

    def waited(self, seconds: float) -> None:
        """Charge a wait."""
        self._debt_s += seconds
        self.waited_s += seconds

    def moved(self, count: int) -> None:
        """Credit bytes that came or went; without a rate any byte pays for everything."""
        if self._debt_s and count:
            rate = self._patience.rate
            self._debt_s = max(0.0, self._debt_s - count / rate) if rate else 0.0

    def forgive(self) -> None:
        """Begin anew, with the next request."""
        self._debt_s = 0.0
        self.waited_s = 0.0
