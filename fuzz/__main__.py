"""Run targets in turn and say what came of it: ``python -m fuzz --minutes 60 [TARGET...]``.

Each target gets its share of the time, in a process of its own that is started anew after each finding. Exits 1 if
anything was found; the inputs lie in the folder of the findings, and ``--replay FILE`` shows one again.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from fuzz.registry import TARGETS
from fuzz.target import Target

_EXECUTIONS = re.compile(r"stat::number_of_executed_units: (\d+)")
_PROGRESS = re.compile(r"^#(\d+)\t", re.MULTILINE)
_WRITTEN = re.compile(r"Test unit written to (\S+)")
_COVERED = re.compile(r"cov: (\d+) ft: (\d+)")
_MOST_FINDINGS = 5
"""A target that fails so often has to be mended before it is worth more time."""


@dataclass
class Result:
    """What came of one target."""

    name: str
    executions: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    edges: int = 0
    features: int = 0
    findings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        rate = self.executions / max(self.seconds, 0.1)
        return (
            f"{self.name:<15} {self.executions:>10,} executions {rate:>8,.0f}/s "
            f"{self.seconds / 60:>6.1f} min, {self.cpu_s / 60:.1f} of them on a core, "
            f"{self.edges:>6} edges {self.features:>6} features {len(self.findings):>2} findings"
        )


def run(target: Target, seconds: float, corpus: Path, findings: Path) -> Result:
    """Run one target until its time is over, through its findings."""
    name, module = target.name, target.check.__module__
    result = Result(name)
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 1 and len(result.findings) < _MOST_FINDINGS:
        began, cpu_s = time.monotonic(), _cpu_s()
        command = [sys.executable, "-m", "fuzz.engine", module, name, corpus / name, str(int(left)), findings]
        process = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, errors="replace", check=False
        )
        result.seconds += time.monotonic() - began
        result.cpu_s += _cpu_s() - cpu_s
        _take(result, process.stdout + process.stderr)
        if process.returncode:
            result.findings.append(f"status {process.returncode}: {_explain(name, process.stderr)}")
            print(f"--- {name}\n{result.findings[-1]}", flush=True)
    return result


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _explain(name: str, log: str) -> str:
    """Say what was found: the input's file, and where it leads without instrumentation."""
    written = _WRITTEN.search(log)
    if written is None:
        return log[-2000:]
    command = [sys.executable, "-m", "fuzz", name, "--replay", written[1]]
    replayed = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"{written[1]}\n{replayed.stderr[-2000:]}"


def _take(result: Result, text: str) -> None:
    executions = _EXECUTIONS.findall(text) or _PROGRESS.findall(text)
    result.executions += int(executions[-1]) if executions else 0
    covered = _COVERED.findall(text)
    if covered:
        result.edges, result.features = max((result.edges, result.features), tuple(map(int, covered[-1])))


def replay(name: str, path: Path) -> None:
    """Check one input, without instrumentation."""
    TARGETS[name].check(path.read_bytes())


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help="default: all of them")
    parser.add_argument("--minutes", type=float, default=10.0, help="in all")
    parser.add_argument("--folder", type=Path, default=Path("build/fuzz"), help="where corpus and findings lie")
    parser.add_argument("--replay", type=Path, help="an input for the one target named")
    arguments = parser.parse_args()
    if arguments.replay:
        replay(arguments.targets[0], arguments.replay)
        return 0
    names = arguments.targets or list(TARGETS)
    corpus, findings = arguments.folder / "corpus", arguments.folder / "findings"
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    results = []
    shares = sum(TARGETS[name].share for name in names)
    for target in (TARGETS[name] for name in names):
        results.append(run(target, arguments.minutes * 60 * target.share / shares, corpus, findings))
        print(results[-1], flush=True)
    total = Result(
        "all",
        executions=sum(each.executions for each in results),
        seconds=sum(each.seconds for each in results),
        cpu_s=sum(each.cpu_s for each in results),
        findings=[finding for each in results for finding in each.findings],
    )
    print(total)
    return 1 if total.findings else 0


if __name__ == "__main__":
    sys.exit(main())
