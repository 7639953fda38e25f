"""The arguments of ``python -m benchmarks``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection
from pathlib import Path

from benchmarks.peers import everyone as peers
from benchmarks.workloads import everything as workloads

ROUNDS = 5
EPILOGUE = """\
Measurements of one promise each, which end with status 1 if it is broken:
  python -m benchmarks.growth      the cost of a PUT does not grow with its collection
  python -m benchmarks.million     a manifest of a million files is imported, listed, collected
  python -m benchmarks.copymove    COPY and MOVE move no data
  python -m benchmarks.listing     a listing in gzip
  python -m benchmarks.resume      an upload through kills
  python -m benchmarks.bounds      crowds: idle, slow, many at once
  python -m benchmarks.crashes     crash points by the thousand
Where the time of a workload goes: python -m benchmarks.profile.
Each explains itself with --help.
"""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Parse; ends the process with a message for what cannot be meant."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks",
        description="Measure davserver beside the other servers that are installed, and judge the table of targets.",
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--workloads", type=names_of(workloads.BY_NAME), metavar="NAME,...", help=", ".join(workloads.BY_NAME))
    add("--peers", type=names_of(peers.BY_NAME), metavar="NAME,...", help=", ".join(peers.BY_NAME))
    add("--rounds", type=int, default=ROUNDS, help="samples of each (%(default)s); their median counts")
    add("--seconds", type=float, help="how long a load is")
    add("--quick", action="store_true", help="small sizes, short loads, one round: does everything work?")
    add("--curves", action="store_true", help="measure the growth curves instead, 100 to 1,000,000 files")
    add("--json", type=Path, metavar="FILE", help="keep the samples here, from the first one on")
    add("--read", type=Path, nargs="+", metavar="FILE", help="measure nothing; take samples that were kept")
    add("--write", action="store_true", help="write the table and the plots into docs/")
    add("--scratch", type=Path, metavar="DIR", help="where the trees are; on the disk that is to be measured")
    options = parser.parse_args(arguments)
    if options.quick and options.write:
        parser.error("quick figures say nothing, and do not belong into docs/")
    return options


def names_of(known: Collection[str]) -> Callable[[str], list[str]]:
    """Make a parser of lists of names."""

    def names(text: str) -> list[str]:
        found = [name for name in text.split(",") if name]
        if unknown := [name for name in found if name not in known]:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
        return found

    return names
