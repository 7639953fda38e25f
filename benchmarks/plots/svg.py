"""SVG, as far as a plot needs it. Colours are classes: a browser that prefers dark gets the other ones."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

_STYLE = """
  text, circle { fill: currentColor } line, polyline { stroke: currentColor; fill: none }
  polyline { stroke-width: 2.2; stroke-linejoin: round } .guide { stroke-dasharray: 4 4; stroke-width: 1.4 }
  .strong { font-weight: 600 }
  .ink { color: #24292f } .faint { color: #6e7781 } .grid { color: #d8dee4 } .even { color: #57606a }
  .a { color: #0b6bcb } .b { color: #b4541a } .c { color: #1a7f4b } .d { color: #8250df } .e { color: #b3261e }
  @media (prefers-color-scheme: dark) {
    .ink { color: #e6edf3 } .faint { color: #9198a1 } .grid { color: #30363d } .even { color: #b1bac4 }
    .a { color: #58a6ff } .b { color: #f0883e } .c { color: #4ac26b } .d { color: #bc8cff } .e { color: #ff7b72 }
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
    return f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" class="{kind}"/>'


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
