"""Samples become medians, tables, plots and the marked parts of a page; failures are shown, not counted."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks import document, results, table
from benchmarks.plots.figures import plots
from benchmarks.results import Results, Sample
from benchmarks.units import digits, spell

COSTS = {"cpu_s": 1.0, "memory_mib": 80.0, "peak_mib": 90.0, "noise_s": 0.02}
MACHINE = {"processor": "Z80", "cores": "1", "memory": "1 GiB", "system": "CP/M", "python": "3.11"}


def rate(number: int, peer: str, value: float, client_share: float = 0.2) -> Sample:
    figures = {"value": value, "p99_s": 0.01, "cpu_per_request_s": 2e-4, "client_share": client_share, **COSTS}
    return Sample(number, "get-small", peer, figures)


@pytest.fixture
def found() -> Results:
    run = Results("1 May 2026", MACHINE, {"rclone": "rclone v1"})
    for number, value in enumerate((300.0, 100.0, 200.0)):
        run.add(rate(number, "davserver", value))
        run.add(rate(number, "davserver-2", 2 * value, client_share=0.97))
        run.add(rate(number, "rclone", 150.0))
    run.add(Sample(0, "get-small", "apache", failure="WrongAnswer: 500 | oops"))
    return run


def test_the_median_of_the_rounds_counts(found: Results) -> None:
    assert found.medians("get-small")["davserver"]["value"] == 200.0
    assert found.spread("get-small", "davserver") == (100.0, 300.0)
    assert found.rounds == 3


def test_the_table_has_each_target_that_can_be_judged(found: Results) -> None:
    text = table.markdown(table.targets(found))
    assert "| GET of 4 KiB, 8 connections | 200/s | 400/s | ≥ 2 × rclone | 2.67 × | yes |" in text
    assert "WsgiDAV" not in text
    assert table.score(found) == (2, 2)


def test_the_figures_show_failures_and_slow_clients(found: Results) -> None:
    rows = {row.split("|")[1].strip(): row for row in table.figures(found).splitlines() if row.startswith("|")}
    assert "WrongAnswer: 500 / oops" in rows["Apache"]
    assert "client-bound" in rows["davserver, 2 workers"]
    assert "client-bound" not in rows["davserver, 1 worker"]
    assert "100 – 300" in rows["davserver, 1 worker"]


def test_samples_come_back_from_their_file(found: Results, tmp_path: Path) -> None:
    found.curves.append({"files": 100.0, "put_s": 0.001})
    found.write(tmp_path / "kept")
    assert results.read(tmp_path / "kept") == found


def test_a_later_run_replaces_only_what_it_measured(found: Results) -> None:
    later = Results("2 May 2026", MACHINE, {}, [Sample(0, "put-small", "davserver", {"value": 7.0, **COSTS})])
    again = Results("3 May 2026", MACHINE, {}, [rate(0, "davserver", 1.0)])
    merged = results.merge([found, later, again])
    assert merged.medians("get-small") == {"davserver": again.samples[0].figures}
    assert merged.medians("put-small")["davserver"]["value"] == 7.0
    assert merged.date == "3 May 2026"


CURVES = [
    {
        "files": files, "idle_mib": 70.0, "opened_mib": 71.0, "seen_mib": 71.0 + files / 4000,
        "first_listing_s": 0.01, "listing_s": 0.002, "get_s": 0.0004, "put_s": 0.001,
    }
    for files in (100.0, 10_000.0, 1_000_000.0)
]  # fmt: skip


def test_each_plot_is_svg_within_its_frame(found: Results) -> None:
    found.curves.extend(CURVES)
    drawn = plots(found)
    assert set(drawn) == {"benchmarks-peers.svg", "benchmarks-growth.svg", "benchmarks-memory.svg"}
    for plot in drawn.values():
        root = ET.fromstring(plot)
        width, height = map(float, root.attrib["viewBox"].split()[2:])
        dots = root.findall("{*}circle")
        assert dots
        assert all(0 <= float(dot.attrib["cx"]) <= width and 0 <= float(dot.attrib["cy"]) <= height for dot in dots)


def test_labels_of_one_row_do_not_run_into_each_other(found: Results) -> None:
    for number in range(3):
        found.add(rate(number, "lighttpd", 151.0))
    labels = ET.fromstring(plots(found)["benchmarks-peers.svg"]).findall("{*}text")
    places = {text.text: text.attrib["y"] for text in labels if text.text in {"rclone", "lighttpd"}}
    assert len(set(places.values())) == 2


def test_only_the_marked_parts_of_the_page_change(found: Results, tmp_path: Path) -> None:
    parts = ("targets", "circumstances", "figures", "curves")
    text = "\n".join(f"Kept words.\n<!-- measured: {part} -->\nold\n<!-- end: {part} -->" for part in parts) + "\nafter"
    (tmp_path / document.PAGE).write_text(text)
    document.write(found, tmp_path)
    page = (tmp_path / document.PAGE).read_text()
    assert page.count("Kept words.") == 4
    assert page.endswith("after")
    assert page.count("old") == 1, "curves were not measured, so that part stays"
    document.write(found, tmp_path)
    assert (tmp_path / document.PAGE).read_text() == page
    assert (tmp_path / "benchmarks-peers.svg").exists()


def test_the_page_of_the_project_has_every_part() -> None:
    page = (document.DOCS / document.PAGE).read_text()
    for part in ("targets", "circumstances", "figures", "curves"):
        assert document.put(page, part, "new") != page


def test_a_page_without_the_part_is_refused() -> None:
    with pytest.raises(ValueError, match="figures"):
        document.put("nothing", "figures", "new")


@pytest.mark.parametrize(
    ("figure", "unit", "spelt"),
    [
        (1234.5, "/s", "1,234/s"), (0.01234, "s", "12.3 ms"), (2.0, "s", "2 s"), (4.2e-7, "s", "0.42 µs"),
        (0.0, "s", "0 µs"), (99.96, "MiB", "100 MiB"), (1.05, "×", "1.05 ×"), (3.0, "", "3"),
    ],
)  # fmt: skip
def test_figures_have_three_digits(figure: float, unit: str, spelt: str) -> None:
    assert spell(figure, unit) == spelt


def test_large_figures_stay_whole() -> None:
    assert digits(1_048_576.4) == "1,048,576"
