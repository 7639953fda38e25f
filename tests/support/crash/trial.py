"""The trial: the power goes after some operation of a recording, in some way, and what is left is judged."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

from davserver.errors import DavserverError
from tests.support.crash.disk import Disk, Image, Left, build
from tests.support.crash.judge import Moment, judge
from tests.support.crash.recording import DATA, Recording

_SHARED_MEMORY = f"{DATA}/catalog.db-shm"


def kept(disk: Disk, _rng: random.Random) -> Image:
    """Lose nothing: the processes were killed."""
    return disk.kept()


def synced(disk: Disk, _rng: random.Random) -> Image:
    """Lose everything that was not synced."""
    return disk.synced()


def lottery(disk: Disk, rng: random.Random) -> Image:
    """Lose some of what was not synced; of the memory that processes share, garbage may be left."""
    image = disk.lottery(rng)
    if f"{DATA}/catalog.db" in image and rng.random() < 0.5:
        image[_SHARED_MEMORY] = Left(rng.randbytes(32 << 10))
    return image


WAYS: Mapping[str, Callable[[Disk, random.Random], Image]] = {"kept": kept, "synced": synced, "lottery": lottery}


@dataclass(frozen=True, slots=True)
class Point:
    """A crash point: after how many operations, which way of losing, the seed of the lottery."""

    place: int
    way: str
    seed: int = 0

    def image(self, disk: Disk) -> Image:
        """Return what is left of a disk that took the operations."""
        return WAYS[self.way](disk, random.Random(self.seed * 1_000_003 + self.place))


@dataclass
class Verdict:
    """What a trial came to: crash points by way of losing, and the faults.

    ``judged`` counts without those whose image and answers are the same as at the point before them of the same way.
    """

    points: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WAYS, 0))
    judged: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WAYS, 0))
    faults: list[str] = field(default_factory=list)


def choose(operations: int, places: int, seed: int) -> list[Point]:
    """Choose so many places by a seed, all if there are not more, and lose in every way at each."""
    every = range(operations + 1)
    chosen = every if places >= len(every) else sorted(random.Random(seed).sample(every, places))
    return [Point(place, way, seed) for place in chosen for way in WAYS]


def run(recording: Recording, points: Iterable[Point], folder: Path) -> Verdict:
    """Judge crash points of a recording, which come in order of their places; images are made in ``folder``."""
    verdict = Verdict()
    seen: dict[str, object] = {}
    for point, disk, moment in replay(recording, points):
        verdict.points[point.way] += 1
        same = (disk.settled if point.way == "synced" else disk.told, moment.actors)
        if point.way == "lottery" or seen.get(point.way) != same:
            seen[point.way] = same
            verdict.judged[point.way] += 1
            verdict.faults += [f"{point}: {fault}" for fault in crash(point, disk, recording, moment, folder)]
    return verdict


def replay(recording: Recording, points: Iterable[Point]) -> Iterator[tuple[Point, Disk, Moment]]:
    """Iterate over points in order of their places, each with the disk as it is there and how far the actors were."""
    disk = deepcopy(recording.disk)
    moments = recording.moments()
    moment = next(moments)
    for point in points:
        while moment.place < point.place:
            disk.apply(recording.ops[moment.place])
            moment = next(moments)
        yield point, disk, moment


def crash(point: Point, disk: Disk, recording: Recording, moment: Moment, folder: Path) -> list[str]:
    """Lose, and return what is wrong with what is left."""
    place = folder / "image"
    build(point.image(disk), place)
    try:
        return judge(place / DATA, recording.histories, moment)
    except DavserverError as error:
        return [f"{type(error).__name__}: {error}"]
    finally:
        shutil.rmtree(place)
