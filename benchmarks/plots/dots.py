"""A chart of ratios: a row for each workload, a dot for each server, labelled where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.plots import svg
from benchmarks.plots.axis import LogAxis, around
from benchmarks.units import digits

WIDTH = 960
_LEFT, _RIGHT, _TOP, _ROW = 330, 930, 96, 46
_LABEL = 11


@dataclass(frozen=True, slots=True)
class Row:
    """A workload: for each server (its label and its colour) the ratio."""

    title: str
    dots: Sequence[tuple[str, str, float]]


def draw(title: str, about: str, worse: str, better: str, rows: Sequence[Row]) -> str:
    """Return the SVG; ``worse`` and ``better`` stand at the two sides of 1."""
    ratios = [ratio for row in rows for _, _, ratio in row.dots]
    axis = LogAxis(*around([*ratios, 0.5, 2.0], room=1.6), _LEFT, _RIGHT)
    bottom = _TOP + len(rows) * _ROW
    shapes = [svg.text(20, 30, title, "ink strong", size=17), svg.text(20, 50, about, "faint")]
    for figure in axis.decades():
        place = axis.place(figure)
        shapes.append(svg.line(place, _TOP - 14, place, bottom, "even" if figure == 1 else "grid"))
        shapes.append(svg.text(place, bottom + 18, f"{digits(figure)} ×", "faint", anchor="middle"))
    shapes.append(svg.text(axis.place(1) - 10, _TOP - 20, f"← {worse}", "faint", size=12, anchor="end"))
    shapes.append(svg.text(axis.place(1) + 10, _TOP - 20, f"{better} →", "faint", size=12))
    for number, row in enumerate(rows):
        middle = _TOP + number * _ROW + _ROW / 2
        shapes.append(svg.text(20, middle + 5, row.title))
        shapes.append(svg.line(_LEFT, middle, _RIGHT, middle, "grid"))
        shapes += _dots(row, axis, middle)
    return svg.document(WIDTH, bottom + 34, title, about, shapes)


def _dots(row: Row, axis: LogAxis, middle: float) -> list[str]:
    """Draw dots; a label stands above, or below where it would run into the last one."""
    shapes, ends = [], {-9.0: float("-inf"), 17.0: float("-inf")}
    for label, kind, ratio in sorted(row.dots, key=lambda dot: dot[2]):
        x, half = axis.place(ratio), svg.width_of(label, _LABEL) / 2
        free = [above for above, end in ends.items() if x - half > end] or [min(ends, key=lambda above: ends[above])]
        shapes.append(svg.dot(x, middle, kind))
        shapes.append(svg.text(x, middle + free[0], label, kind, size=_LABEL, anchor="middle"))
        ends[free[0]] = x + half + 2
    return shapes
