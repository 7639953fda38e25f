"""Crash points by the thousand, against a real server: see docs/crashes.md.

    python -m benchmarks.crashes --points 5000 [--recordings 9] [--recoveries 2] [--jobs 2] [--seed N] [--folder DIR]

Each recording is of a server of its own; the power goes at its share of the points, and what is left is judged. Needs
root, /dev/fuse and libfuse 3. Exits 1 if anything was lost; the recording (in the folder, if one is given), the place
and the seed are then what it takes to see it again.
"""

from __future__ import annotations

import argparse
import gc
import pickle
import random
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from benchmarks.report import print_machine, print_table, verdict
from tests.support.crash.recording import record, record_recovery
from tests.support.crash.trial import WAYS, Verdict, choose, replay, run

MEMORY = Path("/dev/shm")
RECOVERY_PLACES = 20
REQUESTS = 20
"""Of each client between two starts of the server. What piles up makes each judgement slower: rather record again."""
PHASES = 3


@dataclass(frozen=True)
class Share:
    """One recording's part of the work."""

    number: int
    seed: int
    places: int
    recoveries: int
    workers: int
    folder: Path


def trial(share: Share) -> list[tuple[str, int, Verdict]]:
    """Record, lose, judge; return what was tried, how many operations it had, and what came of it."""
    gc.freeze()  # what is imported stays: looking through it again and again is a quarter of the time
    folder = share.folder / str(share.number)
    recording = record(
        folder / "recording", actors=2, requests=REQUESTS, phases=PHASES, workers=share.workers, seed=share.seed
    )
    (folder / "recording.pickle").write_bytes(pickle.dumps(recording))
    points = choose(len(recording.ops), share.places, share.seed)
    name = f"{sum(len(history.requests) for history in recording.histories)} requests, {share.workers} processes"
    results = [(name, len(recording.ops), run(recording, points, folder))]
    chosen = sorted(random.Random(share.seed).sample(points, min(share.recoveries, len(points))), key=points.index)
    for number, (point, disk, moment) in enumerate(replay(recording, chosen)):
        recovery = record_recovery(folder / f"recovery {number}", point.image(disk), recording, moment)
        again = choose(len(recovery.ops), RECOVERY_PLACES, share.seed)
        results.append((f"recovery from {point.way} at {point.place}", len(recovery.ops), run(recovery, again, folder)))
    return results


def main() -> int:
    """Run all jobs; print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=5000, help="crash points of all recordings together")
    parser.add_argument("--recordings", type=int, default=9)
    parser.add_argument(
        "--recoveries", type=int, default=2, help="crashes of each recording whose recovery is crashed, too"
    )
    parser.add_argument("--jobs", type=int, default=2, help="recordings at once")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(16))
    parser.add_argument("--folder", type=Path, help="keep the recordings here; default: in memory, and removed")
    arguments = parser.parse_args()
    print_machine()
    print(f"seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        folder = arguments.folder or Path(name)
        places = -(-arguments.points // (arguments.recordings * len(WAYS)))
        shares = [
            Share(number, arguments.seed + number, places, arguments.recoveries, 1 + number % 2, folder)
            for number in range(arguments.recordings)
        ]
        started = time.monotonic()
        with ProcessPoolExecutor(arguments.jobs, get_context("forkserver")) as pool:
            results = []
            for done in as_completed([pool.submit(trial, share) for share in shares]):
                results += done.result()
                tell(done.result(), time.monotonic() - started)
        seconds = time.monotonic() - started
    return report(results, seconds)


def tell(results: list[tuple[str, int, Verdict]], seconds: float) -> None:
    """Say what came of a recording as soon as it is known."""
    points = sum(sum(found.points.values()) for _, _, found in results)
    faults = sum(len(found.faults) for _, _, found in results)
    print(f"{seconds:.0f} s: {results[0][0]}: {points} points, {faults} faults", flush=True)


def report(results: list[tuple[str, int, Verdict]], seconds: float) -> int:
    """Print a line for each recording, and what is broken."""
    head = ("recording", "operations", *(f"{way} (judged)" for way in WAYS), "faults")
    rows = [
        (name, str(ops), *(f"{found.points[way]} ({found.judged[way]})" for way in WAYS), str(len(found.faults)))
        for name, ops, found in results
    ]
    print_table(head, rows)
    total = sum(sum(found.points.values()) for _, _, found in results)
    judged = sum(sum(found.judged.values()) for _, _, found in results)
    print(f"{total} crash points, {judged} different ones, in {seconds:.0f} s\n")
    return verdict([f"{name}: {fault}" for name, _, found in results for fault in found.faults])


if __name__ == "__main__":
    sys.exit(main())
