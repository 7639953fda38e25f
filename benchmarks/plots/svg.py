"""SVG, as far as a plot needs it. Colours are classes: a browser that prefers dark gets the other ones."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

_STYLE = """
  .ink { fill: #24292f } .faint { fill: #6e7781 } .grid { stroke: #d8dee4 } .even { stroke: #57606a }
  .a { fill: #0b6bcb; stroke: #0b6bcb } .b { fill: #b4541a; stroke: #b4541a } .c { fill: #1a7f4b; stroke: #1a7f4b }
  .d { fill: #8250df; stroke: #8250df } .e { fill: #b3261e; stroke: #b3261e } .f { fill: #8a6d00; stroke: #8a6d00 }
  text { stroke: none } .line { fill: none; stroke-width: 2.2; stroke-linejoin: round }
  .guide { stroke-dasharray: 4 4; stroke-width: 1.4 } .strong { font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    .ink { fill: #e6edf3 } .faint { fill: #9198a1 } .grid { stroke: #30363d } .even { stroke: #b1bac4 }
    .a { fill: #58a6ff; stroke: #58a6ff } .b { fill: #f0883e; stroke: #f0883e } .c { fill: #4ac26b; stroke: #4ac26b }
    .d { fill: #bc8cff; stroke: #bc8cff } .e { fill: #ff7b72; stroke: #ff7b72 } .f { fill: #e3b341; stroke: #e3b341 }
    text { stroke: none } .line { fill: none }
  }
"""
_WIDTH_OF_A_LETTER = 0.56


def text(x: float, y: float, content: str, kind: str = "ink", *, size: int = 13, anchor: str = "start") -> str:
    """Write; ``anchor`` is start, middle or end."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} class="{kind}" font-size="{size}">{escape(content)}</text>'


def width_of(content: str, size: int = 13) -> float:
    """Estimate how wide a text is; nobody can know it who does not know the font."""
    return len(content) * size * _WIDTH_OF_A_LETTER


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """Draw a straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def path(points: Iterable[tuple[float, float]], kind: str) -> str:
    """Draw a line through points."""
    return f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" class="{kind} line"/>'


def dot(x: float, y: float, kind: str, radius: float = 5) -> str:
    """Draw a dot."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" class="{kind}"/>'


def document(width: int, height: int, title: str, description: str, shapes: Iterable[str]) -> str:
    """Put shapes together; title and description are for those who do not see them."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif"'
        f' role="img" aria-labelledby="title description">\n'
        f'<title id="title">{escape(title)}</title>\n<desc id="description">{escape(description)}</desc>\n'
        f"<style>{_STYLE}</style>\n" + "\n".join(shapes) + "\n</svg>\n"
    )
