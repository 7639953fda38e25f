"""Each damage of the corpus is found, named, and repaired as far as that is safe: held against ``damages.json``.

After a change that is meant, run it once with ``DAVSERVER_GOLDEN=write`` in the environment, and read the diff.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
from pathlib import Path

import pytest

from davserver.collection import tree
from davserver.collection.filenode import FileNode
from davserver.errors import DavserverError
from davserver.upkeep.fsck import fsck
from davserver.upkeep.repair import repair
from tests.unit.upkeep.conftest import Premises
from tests.unit.upkeep.damages import DAMAGES, Estate, build

GOLDEN = Path(__file__).with_name("damages.json")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Build the estate once; every test damages a copy."""
    directory = tmp_path_factory.mktemp("model")
    premises = Premises(directory)
    estate = build(premises)
    premises.close()
    return directory, estate


@pytest.fixture
def estate(model, tmp_path):
    directory, built = model
    shutil.copytree(directory, tmp_path / "estate")
    premises = Premises(tmp_path / "estate")
    yield Estate(premises, built.a, built.b, built.c, built.foo)
    for path in premises.block_root.iterdir():
        path.chmod(0o755)
    premises.close()


def told(report):
    """Return a report as the golden file has it: what varies from run to run is left out."""
    found = json.loads(re.sub(r"\.damaged\.\d+", ".damaged.TIME", json.dumps(report.to_json())))
    return {name: found[name] for name in ("findings", "repairs", "lost") if found[name]}


def readable(premises):
    """Return the bytes of every file that can be read, in heads and versions."""
    found = {}
    house = premises.house
    for name in ("photos", "imported", "album"):
        looks = [("head", lambda name=name: house.view(name).root)]
        looks += [(n, lambda name=name, n=n: house.view_version(name, n).root) for n in (1, 2)]
        for which, look in looks:
            try:
                waiting = [((), look())]
            except DavserverError:
                continue
            while waiting:
                path, node = waiting.pop()
                try:
                    if isinstance(node, FileNode):
                        found[name, which, path] = node.read_at(0, node.size, premises.blocks) if node.size else b""
                    else:
                        waiting += [((*path, child), below) for child, below in node.items()]
                except DavserverError:
                    continue
    return found


@pytest.mark.parametrize("name", DAMAGES)
def test_it_is_found_and_what_is_safe_is_done(estate, name):
    DAMAGES[name](estate)
    premises = estate.premises
    before = readable(premises)
    first = fsck(premises.house)
    assert told(fsck(premises.house)) == told(first), "looking changed something"
    repaired = repair(premises.house)
    premises.reopen()
    after = readable(premises)
    assert {key: after.get(key) for key in before} == before, "the repair made something worse"
    outcome = {"fsck": told(first), "repair": told(repaired)}
    again = repair(premises.house)
    assert not [one for one in again.repairs if one.done], "a second repair found something to do"
    assert told(again).get("findings") == told(repaired).get("findings")
    hold_against(name, outcome)


@pytest.mark.parametrize("seed", range(int(os.environ.get("DAVSERVER_DAMAGES", "6"))))
def test_no_repair_of_several_damages_makes_anything_worse(estate, seed):
    chosen = random.Random(seed).sample(sorted(DAMAGES), 4)
    for name in chosen:
        try:
            DAMAGES[name](estate)
        except (AssertionError, OSError, DavserverError, AttributeError):
            continue  # an earlier damage took away what this one would damage
    premises = estate.premises
    before = readable(premises)
    report = repair(premises.house)
    premises.reopen()
    after = readable(premises)
    assert {key: after.get(key) for key in before} == before, chosen
    assert not [one for one in repair(premises.house).repairs if one.done], chosen
    assert report.exit_status == fsck(premises.house).exit_status, chosen


def test_a_quick_look_reads_no_block(estate):
    DAMAGES["flipped"](estate)
    assert fsck(estate.premises.house, quick=True).errors == []
    DAMAGES["short"](estate)
    DAMAGES["missing"](estate)
    kinds = [str(finding.kind) for finding in fsck(estate.premises.house, quick=True).errors]
    assert sorted(kinds) == ["block-missing", "block-size"]


def test_a_block_that_was_set_aside_is_healed_by_the_same_content(estate):
    DAMAGES["flipped"](estate)
    repair(estate.premises.house)
    assert estate.premises.blocks.put(b"charlie" * 100) == estate.c
    assert fsck(estate.premises.house).errors == []


def test_every_file_is_still_there_after_a_repair_of_nothing(estate):
    assert len(readable(estate.premises)) > 140
    assert {path for path, _ in tree.walk(estate.premises.house.view("photos").root)} >= {("a",), ("d", "b")}


def hold_against(name, outcome):
    golden = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    if os.environ.get("DAVSERVER_GOLDEN") == "write":
        golden[name] = outcome
        GOLDEN.write_text(json.dumps(golden, indent=1, sort_keys=True) + "\n")
    assert outcome == golden[name]
