"""Samples: what they are, their medians over the rounds, and how they are kept in a file."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.targets import Medians

_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Sample:
    """One workload, one server, one round: figures, or why there are none."""

    round: int
    workload: str
    peer: str
    figures: dict[str, float] = field(default_factory=dict)
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """All samples of a run, and what they are of; ``curves`` has a point for each size of a collection."""

    date: str
    machine: dict[str, str]
    versions: dict[str, str]
    samples: list[Sample] = field(default_factory=list)
    curves: list[dict[str, float]] = field(default_factory=list)

    def add(self, sample: Sample) -> None:
        """Take a sample."""
        self.samples.append(sample)

    @property
    def rounds(self) -> int:
        """How often everything was measured."""
        return len({sample.round for sample in self.samples})

    def of(self, workload: str, peer: str) -> list[Sample]:
        """Return the good samples of a workload and a peer, in the order of the rounds."""
        return [s for s in self.samples if (s.workload, s.peer) == (workload, peer) and not s.failure]

    def failures(self, workload: str, peer: str) -> list[str]:
        """Return why samples are missing."""
        return [s.failure for s in self.samples if (s.workload, s.peer) == (workload, peer) and s.failure]

    def peers_of(self, workload: str) -> list[str]:
        """Return who was measured, failures included, in the order of the first round."""
        return list(dict.fromkeys(sample.peer for sample in self.samples if sample.workload == workload))

    def medians(self, workload: str) -> Medians:
        """Return the median of each figure of each peer."""
        return {peer: _medians(self.of(workload, peer)) for peer in self.peers_of(workload) if self.of(workload, peer)}

    def spread(self, workload: str, peer: str, figure: str = "value") -> tuple[float, float]:
        """Return the least and the most of a figure."""
        found = [sample.figures[figure] for sample in self.of(workload, peer)]
        return min(found), max(found)

    def write(self, path: Path) -> None:
        """Keep it as JSON, a line for each sample."""
        curves = [_rounded(point) for point in self.curves]
        head = {"date": self.date, "machine": self.machine, "versions": self.versions, "curves": curves}
        samples = (asdict(sample) | {"figures": _rounded(sample.figures)} for sample in self.samples)
        lines = ",\n".join(map(json.dumps, samples))
        path.write_text(f'{json.dumps(head)[:-1]}, "samples": [\n{lines}\n]}}\n')


def read(path: Path) -> Results:
    """Read what ``write`` wrote."""
    found = json.loads(path.read_text())
    samples = [Sample(**sample) for sample in found.pop("samples")]
    return Results(**found, samples=samples)


def merge(parts: Iterable[Results]) -> Results:
    """Put runs together; what several of them measured is that of the last one."""
    first, *others = parts
    merged = first
    for part in others:
        again = {sample.workload for sample in part.samples}
        kept = [sample for sample in merged.samples if sample.workload not in again]
        samples, curves = kept + part.samples, part.curves or merged.curves
        merged = Results(part.date, part.machine, merged.versions | part.versions, samples, curves)
    return merged


def _medians(samples: list[Sample]) -> dict[str, float]:
    names = dict.fromkeys(name for sample in samples for name in sample.figures)
    return {
        name: statistics.median(sample.figures[name] for sample in samples if name in sample.figures) for name in names
    }


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    """Six digits are more than any of it is good for."""
    return {name: float(f"{figure:.{_DIGITS}g}") for name, figure in figures.items()}
