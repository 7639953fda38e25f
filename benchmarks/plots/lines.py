"""A chart of curves over a logarithmic axis, each labelled at its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.plots import svg
from benchmarks.plots.axis import LogAxis, around

WIDTH, HEIGHT = 920, 430
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 645, 70, 370
_LABEL_HEIGHT = 17


@dataclass(frozen=True, slots=True)
class Curve:
    """Points, and what they are; a guide is a bound, drawn thinner and without dots."""

    label: str
    kind: str
    points: Sequence[tuple[float, float]]
    guide: bool = False


@dataclass(frozen=True, slots=True)
class LineChart:
    """What stands around the curves; ``spell_x`` and ``spell_y`` write the figures at the axes."""

    title: str
    about: str
    x_title: str
    spell_x: Callable[[float], str]
    spell_y: Callable[[float], str]

    def draw(self, curves: Sequence[Curve]) -> str:
        """Return the SVG."""
        x = LogAxis(*_ends([point[0] for curve in curves for point in curve.points]), _LEFT, _RIGHT)
        y = LogAxis(*around([point[1] for curve in curves for point in curve.points]), _BOTTOM, _TOP)
        shapes = [svg.text(20, 30, self.title, "ink strong", size=17), svg.text(20, 50, self.about, "faint")]
        shapes += [shape for figure in y.decades() for shape in self._level(figure, y.place(figure))]
        shapes += [
            svg.text(x.place(figure), _BOTTOM + 22, self.spell_x(figure), "faint", anchor="middle")
            for figure in x.decades()
        ]
        shapes.append(svg.text((_LEFT + _RIGHT) / 2, _BOTTOM + 46, self.x_title, "faint", anchor="middle"))
        for curve in curves:
            shapes += _curve(curve, x, y)
        shapes += _labels(curves, y)
        return svg.document(WIDTH, HEIGHT, self.title, self.about, shapes)

    def _level(self, figure: float, place: float) -> tuple[str, str]:
        """Draw a line of the grid, with its figure."""
        written = svg.text(_LEFT - 8, place + 4, self.spell_y(figure), "faint", anchor="end")
        return svg.line(_LEFT, place, _RIGHT, place, "grid"), written


def _ends(figures: list[float]) -> tuple[float, float]:
    return min(figures), max(figures)


def _curve(curve: Curve, x: LogAxis, y: LogAxis) -> list[str]:
    places = [(x.place(across), y.place(up)) for across, up in curve.points]
    if curve.guide:
        return [svg.path(places, f"{curve.kind} guide")]
    return [svg.path(places, curve.kind), *(svg.dot(*place, curve.kind, 3.5) for place in places)]


def _labels(curves: Sequence[Curve], y: LogAxis) -> list[str]:
    """Write each label beside the end of its curve, from the top on, each at least a line below the last one."""
    shapes, lowest = [], float("-inf")
    for curve in sorted(curves, key=lambda curve: y.place(curve.points[-1][1])):
        at = max(y.place(curve.points[-1][1]) + 4, lowest + _LABEL_HEIGHT)
        shapes.append(svg.text(_RIGHT + 12, at, curve.label, curve.kind))
        lowest = at
    return shapes
