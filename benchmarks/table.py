"""Results as Markdown: the table of targets, and every figure behind it."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.peers.everyone import BY_NAME, DAVSERVER, DAVSERVER_2
from benchmarks.results import Results
from benchmarks.units import digits, spell
from benchmarks.workloads.everything import WORKLOADS
from benchmarks.workloads.workload import Workload

CLIENT_BOUND = 0.9
"""From this share of a core on, it was the client that could do no more."""

NO = "**no**"
Rows = Sequence[Sequence[str]]
"""Cells of Markdown; the first row is the head."""

_MORE = {
    "first_s": ("first", "s"),
    "again_s": ("warm", "s"),
    "first_byte_s": ("first byte", "s"),
    "last_s": ("last", "s"),
    "growth": ("last / first", ""),
    "md5_mib_s": ("MD5", "MiB/s"),
    "loaded_mib": ("loaded", "MiB"),
    "bytes_unseen": ("unseen", "bytes/file"),
    "bytes_seen": ("seen", "bytes/file"),
}


def targets(results: Results) -> Rows:
    """Return each target with what was reached: the table by which the work is judged."""
    rows: list[tuple[str, ...]] = [("Workload", "1 worker", "2 workers", "must", "did", "reached")]
    for workload in _measured(results):
        medians = results.medians(workload.name)
        own = tuple(_median(results, workload, peer.name) for peer in (DAVSERVER, DAVSERVER_2))
        first: tuple[str, ...] = (workload.title, *own)
        for target in workload.targets:
            verdict = target.judge(medians, more=workload.more)
            if verdict is not None:
                rows.append((*first, verdict.must, verdict.did, "yes" if verdict.reached else NO))
                first = ("", "", "")
    return rows


def score(results: Results) -> tuple[int, int]:
    """Return how many targets are reached, and how many were judged."""
    verdicts = [
        target.judge(results.medians(workload.name), more=workload.more)
        for workload in _measured(results)
        for target in workload.targets
    ]
    judged = [verdict.reached for verdict in verdicts if verdict is not None]
    return sum(judged), len(judged)


def figures(results: Results) -> str:
    """Put all that was measured, a table for each workload."""
    parts = []
    for workload in _measured(results):
        rows: list[tuple[str, ...]] = [
            ("Server", "median", "least – most", "p99", "CPU a request", "memory / peak MiB", "besides")
        ]
        rows += [_row(results, workload, peer) for peer in _ranked(results, workload)]
        parts.append(f"**{workload.title}** (`{workload.name}`)\n\n{markdown(rows)}")
    return "\n\n".join(parts)


def curves(points: Sequence[Mapping[str, float]]) -> Rows:
    """Return the growth curves as a table, a row for each size of the collection."""
    head = ("Files", "first PROPFIND", "PROPFIND", "GET", "PUT", "memory: start", "a folder listed", "all listed")
    rows: list[tuple[str, ...]] = [
        (
            f"{point['files']:,.0f}",
            *(spell(point[name], "s") for name in ("first_listing_s", "listing_s", "get_s", "put_s")),
            *(spell(point[name], "MiB") for name in ("idle_mib", "opened_mib", "seen_mib")),
        )
        for point in points
    ]
    return [head, *rows]


def circumstances(results: Results) -> str:
    """Say what was measured where, and how quiet it was."""
    machine = results.machine
    noises = [s.figures["noise_s"] for s in results.samples if "noise_s" in s.figures]
    steady = statistics.median(noises)
    versions = "; ".join(f"{BY_NAME[peer].title}: {said}" for peer, said in results.versions.items())
    quiet = f"{min(noises) * 1000:.0f} to {max(noises) * 1000:.0f} ms, in the median {steady * 1000:.0f} ms"
    said = (
        f"{results.date}, {results.rounds} rounds",
        f"{machine['processor']}, {machine['cores']} cores shared by server and client, {machine['memory']}",
        f"{machine['system']}, Python {machine['python']}",
        versions,
        f"The same SHA-256 of 32 MiB before each sample took {quiet}",
    )
    return ". ".join(said) + "."


def markdown(rows: Rows) -> str:
    """Put rows as a table, the first one as its head."""
    head, *body = rows
    return "\n".join(_line(row) for row in (head, ["---"] * len(head), *body))


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _measured(results: Results) -> list[Workload]:
    return [workload for workload in WORKLOADS if results.medians(workload.name)]


def _median(results: Results, workload: Workload, peer: str) -> str:
    median = results.medians(workload.name).get(peer)
    return "–" if median is None else spell(median["value"], workload.unit)


def _ranked(results: Results, workload: Workload) -> list[str]:
    """Return who was measured, the fastest first, those who failed last."""
    medians = results.medians(workload.name)
    fastest_first = sorted(medians, key=lambda peer: medians[peer]["value"], reverse=workload.more)
    return fastest_first + [peer for peer in results.peers_of(workload.name) if peer not in medians]


def _row(results: Results, workload: Workload, peer: str) -> tuple[str, ...]:
    failures = results.failures(workload.name, peer)
    median = results.medians(workload.name).get(peer)
    title = BY_NAME[peer].title
    if median is None:
        return (title, "failed", "", "", "", "", _cell(failures[0]))
    least, most = results.spread(workload.name, peer)
    besides = [f"{said} {spell(median[name], unit)}" for name, (said, unit) in _MORE.items() if name in median]
    if median.get("client_share", 0) >= CLIENT_BOUND:
        besides.append("client-bound")
    if failures:
        besides.append(f"{len(failures)} failed: {_cell(failures[0])}")
    return (
        title,
        spell(median["value"], workload.unit),
        f"{digits_of(least, workload)} – {digits_of(most, workload)}",
        spell(median["p99_s"], "s") if "p99_s" in median else "",
        spell(median["cpu_per_request_s"], "s") if "cpu_per_request_s" in median else spell(median["cpu_s"], "s"),
        f"{median['memory_mib']:.0f} / {median['peak_mib']:.0f}",
        ", ".join(besides),
    )


def digits_of(figure: float, workload: Workload) -> str:
    """Put a figure of a workload; only times need their unit beside them."""
    return spell(figure, "s") if workload.unit == "s" else digits(figure)


def _cell(text: str) -> str:
    """Make a message fit into a table."""
    return text.replace("|", "/").replace("\n", " ")[:90]
