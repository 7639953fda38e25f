"""Where the time goes: which room of davserver is at work while a workload is asked, by sampling its stacks.

``python -m benchmarks.profile [--workloads NAME,...] [--seconds N] [--write]`` needs py-spy (``pip install py-spy``)
and the right to trace a process. Counted are the threads that hold the interpreter: of small requests it is the one
thing that they compete for; of large files it is the least. A sample belongs to the room of the innermost frame that
is davserver's: what a room lets SQLite or lxml do, as far as it holds the interpreter, is its own.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import davserver
from benchmarks import document, table
from benchmarks.command import names_of
from benchmarks.grounds import Grounds, Material
from benchmarks.peers.everyone import DAVSERVER
from benchmarks.peers.running import Running
from benchmarks.report import print_machine, print_table
from benchmarks.sizes import FULL
from benchmarks.stage import Stage
from benchmarks.workloads.everything import BY_NAME
from benchmarks.workloads.workload import Workload

USUAL = "get-small,propfind-small,put-small,lock-cycle,list-folder,get-ranges"
HEAD = ("Workload", "rooms", "most of it in")
_OURS = f"{Path(davserver.__file__).parent}/"
_SAMPLES_PER_S = 200
_START_S = 1.0
_ROOMS_SHOWN, _FUNCTIONS_SHOWN = 6, 5
_LEAST_SHARE = 0.02


def profile(workload: Workload, grounds: Grounds, seconds: float) -> Counter[tuple[str, ...]]:
    """Return the sampled stacks, the outermost frame first, with their counts; of one worker."""
    site = (grounds.copy if workload.spends else grounds.site)(DAVSERVER, workload.ground)
    sizes = replace(grounds.material.sizes, seconds=seconds)
    with Running(DAVSERVER, site) as running, tempfile.NamedTemporaryFile("r") as stacks:
        with spying(running.pid, Path(stacks.name)):
            workload.act(Stage(running, Material(sizes, grounds.material.large)))
        return read_stacks(stacks)


@contextmanager
def spying(pid: int, output: Path) -> Iterator[None]:
    """Sample a process and its children for the length of a block."""
    command = ["py-spy", "record", "--subprocesses", "--function", "--full-filenames", "--gil"]
    command += ["--format", "raw", "--rate", str(_SAMPLES_PER_S), "--pid", str(pid), "--output", str(output)]
    spy = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(_START_S)  # it says nowhere when it has begun
    yield
    spy.send_signal(signal.SIGINT)
    spy.wait()


def read_stacks(lines: Iterable[str]) -> Counter[tuple[str, ...]]:
    """Read py-spy's raw format: frames joined by semicolons, a space, a count."""
    stacks: Counter[tuple[str, ...]] = Counter()
    for line in lines:
        frames, _, count = line.rstrip("\n").rpartition(" ")
        stacks[tuple(frames.split(";"))] += int(count)
    return stacks


def place_of(stack: tuple[str, ...]) -> tuple[str, str]:
    """Return the room of the innermost frame of ours, and that frame's module and function."""
    for frame in reversed(stack):
        function, _, place = frame.partition(" (")
        if place.startswith(_OURS):
            module = place.removeprefix(_OURS).partition(".py")[0]
            return module.partition("/")[0], f"{module}:{function}"
    return "libraries", "beside davserver's own code"


def row(workload: Workload, stacks: Counter[tuple[str, ...]]) -> tuple[str, str, str]:
    """Sum up: shares of the rooms, and the functions with the most samples."""
    rooms: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for stack, count in stacks.items():
        room, function = place_of(stack)
        rooms[room] += count
        functions[function] += count
    return workload.title, _shares(rooms, _ROOMS_SHOWN, ""), _shares(functions, _FUNCTIONS_SHOWN, "`")


def _shares(counts: Counter[str], shown: int, mark: str) -> str:
    total = counts.total()
    shares = [(name, count / total) for name, count in counts.most_common(shown)]
    return ", ".join(f"{mark}{name}{mark} {share:.0%}" for name, share in shares if share >= _LEAST_SHARE)


def main() -> int:
    """Profile one workload after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = names_of(BY_NAME)
    parser.add_argument("--workloads", type=names, default=names(USUAL), metavar="NAME,...", help=", ".join(BY_NAME))
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--scratch", type=Path, metavar="DIR")
    parser.add_argument("--write", action="store_true", help="write the table into docs/")
    options = parser.parse_args()
    if shutil.which("py-spy") is None:
        parser.error("py-spy is not installed")
    rows: list[tuple[str, ...]] = [HEAD]
    print_machine()
    with tempfile.TemporaryDirectory(dir=options.scratch, prefix="davserver-benchmarks-") as scratch:
        grounds = Grounds(Path(scratch), FULL)
        rows += [row(BY_NAME[name], profile(BY_NAME[name], grounds, options.seconds)) for name in options.workloads]
    print_table(rows[0], rows[1:])
    if options.write:
        document.write_part("profile", table.markdown(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
