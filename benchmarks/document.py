"""The page of figures: ``docs/benchmarks.md``, in which the parts between marks are ours, and the plots beside it."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks import table
from benchmarks.plots.figures import plots
from benchmarks.results import Results

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = "benchmarks.md"


def write(results: Results, docs: Path = DOCS) -> list[Path]:
    """Rewrite whatever the results are enough for; return the files."""
    page = docs / PAGE
    text = page.read_text()
    if results.samples:
        reached, judged = table.score(results)
        text = put(
            text, "targets", f"{reached} of {judged} targets are reached.\n\n{table.markdown(table.targets(results))}"
        )
        text = put(text, "circumstances", table.circumstances(results))
        text = put(text, "figures", table.figures(results))
    if results.curves:
        text = put(text, "curves", table.markdown(table.curves(results.curves)))
    page.write_text(text)
    drawn = plots(results)
    for name, plot in drawn.items():
        (docs / name).write_text(plot)
    return [page, *(docs / name for name in drawn)]


def write_part(part: str, content: str, docs: Path = DOCS) -> None:
    """Rewrite one part of the page."""
    page = docs / PAGE
    page.write_text(put(page.read_text(), part, content))


def put(text: str, part: str, content: str) -> str:
    """Replace what stands between the marks of a part. Raises ValueError if they are missing."""
    begin, end = f"<!-- measured: {part} -->", f"<!-- end: {part} -->"
    found = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not found.search(text):
        raise ValueError(f"the page has no part {part}")
    return found.sub(lambda _: f"{begin}\n\n{content}\n\n{end}", text, count=1)
