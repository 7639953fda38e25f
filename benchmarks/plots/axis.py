"""A logarithmic axis: where a figure stands, and which of its figures get a line."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogAxis:
    """From one figure to another, drawn from one place to another (y axes run backwards: ``start`` is below)."""

    least: float
    most: float
    start: float
    end: float

    def place(self, figure: float) -> float:
        """Return where a figure is drawn; one beyond the axis stands at its end."""
        share = math.log(min(max(figure, self.least), self.most) / self.least) / math.log(self.most / self.least)
        return self.start + share * (self.end - self.start)

    def decades(self) -> list[float]:
        """Return the powers of ten on the axis."""
        first, last = math.ceil(math.log10(self.least) - 1e-9), math.floor(math.log10(self.most) + 1e-9)
        return [10.0**power for power in range(first, last + 1)]


def around(figures: list[float], *, room: float = 1.3) -> tuple[float, float]:
    """Return ends of an axis that holds figures, with some room."""
    return min(figures) / room, max(figures) * room
