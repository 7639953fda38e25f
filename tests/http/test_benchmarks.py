"""The benchmark still runs: the workloads once, as small and as short as they go. No figure is judged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import curves
from benchmarks.grounds import LARGE, SMALL, WIDE_FOLDER, Material
from benchmarks.largefile import LargeFile
from benchmarks.peers.everyone import DAVSERVER
from benchmarks.peers.running import Running, site_of
from benchmarks.results import read
from benchmarks.sizes import QUICK
from benchmarks.stage import Figures, Stage
from benchmarks.trees import CollectionTree
from benchmarks.workloads import folders, large, listings, puts, small

TINY = replace(QUICK, large=1 << 20, folder=5, wide_folder=10, puts=20, window=5, seconds=0.0)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One server, with all that the workloads below need."""
    folder = tmp_path_factory.mktemp("benchmarks")
    material = Material(TINY, LargeFile(folder / "large", TINY.large))
    with Running(DAVSERVER, site_of(folder / "site")) as running:
        stage = Stage(running, material)
        with stage.client() as client:
            tree = CollectionTree(client, running.site.root, "bench")
            for ground in (SMALL, WIDE_FOLDER, LARGE):
                ground.lay(tree, material)
            curves.grow(100, tree, material)
        yield stage


@pytest.mark.parametrize(
    "act",
    [
        small.get_small,
        listings.list_wide_folder,
        large.get_large,
        large.put_large,
        large.copy_large,
        puts.lock_cycle,
        folders.delete_folder,
    ],
)
def test_a_workload_runs(stage: Stage, act: Callable[[Stage], Figures]) -> None:
    figures = act(stage)
    assert figures["value"] > 0
    assert {"cpu_s", "memory_mib", "peak_mib"} <= set(figures)


def test_the_curves_are_drawn(stage: Stage) -> None:
    point = curves.point(stage, 1)
    assert point["files"] == 100
    assert point["first_listing_s"] > 0


def test_the_command_measures_and_reads_what_it_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept, scratch = tmp_path / "kept", tmp_path / "scratch"
    scratch.mkdir()
    # The quickest to start of those that are always there.
    asked = ["--workloads", "delete-folder", "--peers", "wsgidav", "--quick", "--scratch", str(scratch)]
    benchmarks.main([*asked, "--json", str(kept)])
    assert [sample.failure for sample in read(kept).samples] == [""]
    assert list(scratch.iterdir()) == []
    assert re.search("delete-folder +wsgidav", capsys.readouterr().out)
    assert benchmarks.main(["--read", str(kept)]) == 0
    assert "0 of 0 targets are reached" in capsys.readouterr().out


def test_quick_figures_are_not_published() -> None:
    with pytest.raises(SystemExit):
        benchmarks.main(["--quick", "--write"])
