"""Figures as people read them."""

from __future__ import annotations

_STEPS_OF_SECONDS = ((1e-6, "µs"), (1e-3, "ms"), (1.0, "s"))


def spell(figure: float, unit: str) -> str:
    """Put a figure with three digits and its unit; seconds as ms or µs where that is shorter."""
    scale, name = 1.0, unit
    if unit == "s":
        scale, name = max((step for step in _STEPS_OF_SECONDS if figure >= step[0]), default=_STEPS_OF_SECONDS[0])
    return f"{digits(figure / scale)}{'' if name.startswith('/') else ' '}{name}".rstrip()


def digits(figure: float) -> str:
    """Put a number with three digits that count; large ones whole, in groups of three."""
    if figure >= 100:
        return f"{figure:,.0f}"
    return f"{figure:#.3g}".rstrip("0").rstrip(".") if figure else "0"
