"""What is plotted, a message for each: how fast beside others, and what growth costs in time and in memory."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.machine import MIB
from benchmarks.peers.everyone import BY_NAME, DAVSERVER, DAVSERVER_2
from benchmarks.plots import dots
from benchmarks.plots.lines import Curve, LineChart
from benchmarks.results import Results
from benchmarks.stage import Figures
from benchmarks.units import spell
from benchmarks.workloads.everything import WORKLOADS
from benchmarks.workloads.workload import Workload

_KINDS = {"apache": "b", "nginx": "c", "lighttpd": "d", "rclone": "a", "wsgidav": "e"}
_UNSEEN_BYTES, _SEEN_BYTES = 80, 500


def plots(results: Results) -> dict[str, str]:
    """Return each plot that the results are enough for, by the name of its file."""
    found = {}
    if rows := [row for workload in WORKLOADS if (row := _row(results, workload)).dots]:
        found["benchmarks-peers.svg"] = dots.draw(
            "How fast davserver is beside other servers",
            "Its speed (the better one of one worker and two) as a multiple of theirs; medians of one run.",
            "the other one is faster",
            "davserver is faster",
            rows,
        )
    if results.curves:
        found["benchmarks-growth.svg"] = growth(results.curves)
        found["benchmarks-memory.svg"] = memory(results.curves)
    return found


def growth(curves: Sequence[Figures]) -> str:
    """Plot the time of requests over the number of files."""
    chart = LineChart(
        "What a request costs as its collection grows",
        "A folder of 100 files, amid more and more others; the median of 100 requests, one at a time.",
        "files in the collection",
        lambda figure: f"{figure:,.0f}",
        lambda figure: spell(figure, "s"),
    )
    kinds = (
        ("first_listing_s", "first PROPFIND after a start", "e"),
        ("put_s", "PUT of 4 KiB, synced", "b"),
        ("listing_s", "PROPFIND of the folder", "d"),
        ("get_s", "GET", "a"),
    )
    return chart.draw(
        [Curve(f"{label}: {spell(curves[-1][name], 's')}", kind, _points(curves, name)) for name, label, kind in kinds]
    )


def memory(curves: Sequence[Figures]) -> str:
    """Plot the server's memory, less what it takes without the collection, over the number of files."""
    chart = LineChart(
        "What a collection takes of the server's memory as it grows",
        "Resident memory beyond that of the server without it; dashed: the most that it may take.",
        "files in the collection",
        lambda figure: f"{figure:,.0f}",
        lambda figure: spell(figure, "MiB"),
    )
    ends = [curve["files"] for curve in curves]
    measured = [
        Curve("every folder was listed", "b", _grown(curves, "seen_mib")),
        Curve("one folder was listed", "a", _grown(curves, "opened_mib")),
    ]
    bounds = [
        Curve(
            f"{each} bytes a file",
            kind,
            [(files, files * each / MIB) for files in ends if files * each > MIB / 4],
            guide=True,
        )
        for each, kind in ((_SEEN_BYTES, "b"), (_UNSEEN_BYTES, "a"))
    ]
    return chart.draw([*measured, *bounds])


def _points(curves: Sequence[Figures], name: str) -> list[tuple[float, float]]:
    return [(curve["files"], curve[name]) for curve in curves]


def _grown(curves: Sequence[Figures], name: str) -> list[tuple[float, float]]:
    """Return points of memory, none of them below what a logarithmic axis and /proc can tell apart."""
    return [(curve["files"], max(curve[name] - curve["idle_mib"], 0.25)) for curve in curves]


def _row(results: Results, workload: Workload) -> dots.Row:
    medians = results.medians(workload.name)
    own = [medians[peer.name]["value"] for peer in (DAVSERVER, DAVSERVER_2) if peer.name in medians]
    if not own:
        return dots.Row(workload.title, ())
    best = max(own) if workload.more else min(own)
    ratios = [
        (BY_NAME[peer].title, kind, best / medians[peer]["value"] if workload.more else medians[peer]["value"] / best)
        for peer, kind in _KINDS.items()
        if peer in medians
    ]
    return dots.Row(workload.title, ratios)
