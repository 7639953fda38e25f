"""``python -m benchmarks``: davserver beside the servers that are installed, row by row of the table of targets.

With no arguments it measures everything, five rounds of it, which takes about half an hour. ``--write`` puts the table
and the plots into docs/; ``--quick`` tries everything in a few minutes. Exits 1 if a target is not reached.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from benchmarks import command, document, results, table
from benchmarks.curves import COUNTS, QUICK_COUNTS, curves
from benchmarks.grounds import Grounds
from benchmarks.machine import machine
from benchmarks.peers.everyone import PEERS
from benchmarks.peers.peer import Peer
from benchmarks.results import Results, Sample
from benchmarks.rounds import Tell, count_of, rounds
from benchmarks.sizes import FULL, QUICK
from benchmarks.units import spell
from benchmarks.workloads.everything import BY_NAME


def main(arguments: list[str] | None = None) -> int:
    """Measure or read, and print; return 1 if a target is not reached."""
    options = command.parse(arguments)
    console = Console()
    found = results.merge(map(results.read, options.read)) if options.read else measure(options, console)
    if options.json:
        found.write(options.json)
    if found.curves:
        console.print(as_table(table.curves(found.curves)))
    if found.samples:
        console.print(as_table(table.targets(found)))
    if options.write:
        for path in document.write(found):
            console.print(f"wrote {path.name}")
    reached, judged = table.score(found)
    console.print(f"{reached} of {judged} targets are reached")
    return 0 if reached == judged else 1


def measure(options: argparse.Namespace, console: Console) -> Results:
    """Take all samples; each is in the file of ``--json`` as soon as it is taken."""
    sizes, count = (QUICK, 1) if options.quick else (FULL, options.rounds)
    if options.seconds:
        sizes = replace(sizes, seconds=options.seconds)
    peers = [peer for peer in PEERS if peer.installed and peer.name in (options.peers or [peer.name])]
    found = Results(time.strftime("%-d %B %Y"), machine(), {peer.name: peer.version() for peer in peers})
    with tempfile.TemporaryDirectory(dir=options.scratch, prefix="davserver-benchmarks-") as scratch:
        Path(scratch).chmod(0o755)  # Apache, started by root, changes its user
        grounds = Grounds(Path(scratch), sizes)
        if options.curves:
            draw_curves(QUICK_COUNTS if options.quick else COUNTS, grounds, found, console)
        else:
            run_rounds(options, count, peers, grounds, found, console)
    return found


def draw_curves(counts: tuple[int, ...], grounds: Grounds, found: Results, console: Console) -> None:
    """Add the points of the growth curves."""
    with progress(console, len(counts)) as (tell, advance):
        for point in curves(counts, grounds, tell):
            found.curves.append(point)
            advance(f"{point['files']:,.0f} files: first listing {spell(point['first_listing_s'], 's')}")


def run_rounds(
    options: argparse.Namespace,
    count: int,
    peers: list[Peer],
    grounds: Grounds,
    found: Results,
    console: Console,
) -> None:
    """Add the samples of all rounds."""
    workloads = [BY_NAME[name] for name in options.workloads or BY_NAME]
    with progress(console, count_of(count, workloads, peers)) as (tell, advance):
        for sample in rounds(count, workloads, peers, grounds, tell):
            found.add(sample)
            advance(line_of(sample))
            if options.json:
                found.write(options.json)


def as_table(rows: table.Rows) -> Table:
    """Show a table on a terminal."""
    shown = Table(*rows[0], box=None)
    for row in rows[1:]:
        shown.add_row(*(cell.replace("*", "") for cell in row))
    return shown


def line_of(sample: Sample) -> str:
    """Say what came of a sample."""
    said = sample.failure or spell(sample.figures["value"], BY_NAME[sample.workload].unit)
    return f"{sample.round + 1}  {sample.workload:17}{sample.peer:13}{said}"


@contextmanager
def progress(console: Console, total: int) -> Iterator[tuple[Tell, Tell]]:
    """Show how far it is; yield what tells the next step, and what tells that one is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("", total=total)

        def tell(text: str) -> None:
            shown.update(task, description=text)

        def advance(text: str) -> None:
            shown.console.print(text, highlight=False, markup=False)
            shown.advance(task)

        yield tell, advance


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that no server is left running
    sys.exit(main())
