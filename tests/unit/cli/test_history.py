"""The commands of history: what they print, and that those of docs/history.md do as it says."""

import json
import re
import shlex
from pathlib import Path

import pytest

from davserver.blocks.open import open_store
from davserver.catalog.database import open_catalog
from davserver.cli.main import run
from davserver.collection.attributes import Attributes
from davserver.collection.change import Mkdir, Put, Remove
from davserver.live.house import House
from davserver.values import parse_path

DOCUMENT = Path(__file__).parents[3] / "docs" / "history.md"


@pytest.fixture
def data(tmp_path):
    """Version 1 has report/summary.txt and notes, version 2 another summary, and lacks the notes; then one change."""
    data = tmp_path / "data"
    data.mkdir()
    house = House(open_catalog(f"sqlite:///{data / 'catalog.db'}"), open_store(data / "blocks"))

    def change(*changes):
        for one in changes:
            house.edit(lambda edit, one=one: edit.apply(edit.view("docs").info.id, one))

    def put(path, text):
        change(Put(parse_path(path), house.whole(text.encode(), Attributes)))

    house.edit(lambda edit: edit.create_collection("docs"))
    change(Mkdir(("report",)))
    put("report/summary.txt", "short")
    put("notes", "some")
    house.commit("docs")
    put("report/summary.txt", "much longer")
    change(Remove(("notes",)))
    house.commit("docs")
    put("report/new", "n")
    house.close()
    return data


@pytest.fixture
def ok(data, capfdbinary):
    """Run a command that must succeed; returns its output, read as JSON if it was asked for."""

    def ok(*arguments):
        status = run([*arguments, "--data", str(data)])
        done = capfdbinary.readouterr()
        assert (status, done.err.decode()) == (0, "")
        return json.loads(done.out) if "--json" in arguments else done.out.decode()

    return ok


@pytest.fixture
def refused(data, capfdbinary):
    """Run a command that must fail; returns (status, errors)."""

    def refused(*arguments):
        status = run([*arguments, "--data", str(data)])
        done = capfdbinary.readouterr()
        assert done.out == b""
        return status, done.err.decode()

    return refused


def test_the_commands_of_the_document_do_as_it_says(ok):
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)
    commands = [line for language, block in blocks if language == "sh" for line in block.splitlines()]
    assert len(commands) > 20
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "davserver"
        ok(*arguments)


def test_diff(ok):
    assert ok("diff", "docs", "1", "2") == "D\tnotes\t4\nM\treport/summary.txt\t5 -> 11\n"
    assert ok("diff", "docs", "2", "live") == "A\treport/new\t1\n"
    assert ok("diff", "docs", "1", "live", "report/") == "A\treport/new\t1\nM\treport/summary.txt\t5 -> 11\n"
    (removed, changed) = ok("diff", "docs", "1", "2", "--json")
    assert removed == {"status": "removed", "path": "notes", "kind": "file", "old_bytes": 4}
    assert changed["new_bytes"] == 11
    pdh = ok("history", "docs", "--json")[0]["portable_data_hash"]
    assert ok("diff", "docs", pdh, "1") == ""
    assert ok("diff", "docs", "1", "1") == ""


def test_diff_shows_moves(ok):
    ok("restore", "docs", "1", "--path", "report", "--to", "moved")
    ok("restore", "docs", "1", "--path", "notes", "--to", "moved/notes")
    text = ok("diff", "docs", "1", "live")
    assert "R\tnotes -> moved/notes\t4\n" in text
    assert "A\tmoved/\t9\n" in text


def test_diff_refuses_what_is_not_there(refused):
    assert refused("diff", "docs", "1", "7") == (2, "davserver: 'docs' has no version 7\n")
    assert refused("diff", "docs", "1", "sent") == (2, "davserver: 'docs' has no version 'sent'\n")
    assert refused("diff", "docs", "1", "2", "x") == (1, "davserver: neither has anything at 'x'\n")
    assert refused("diff", "nothere", "1", "2")[0] == 1
    assert refused("diff", "docs", "1+2", "2")[0] == 2


def test_history_of_paths(ok):
    assert [one["version"] for one in ok("history", "docs", "--path", "/report/summary.txt", "--json")] == [2, 1]
    assert [(one["path"], one["version"]) for one in ok("history", "docs", "--deleted", "--json")] == [("notes", 1)]
    assert "notes" in ok("history", "docs", "--deleted")


def test_the_history_of_what_was_never_there_is_no_empty_list(ok, refused):
    assert refused("history", "docs", "--path", "reprot/summary.txt") == (
        1,
        "davserver: no version has anything at 'reprot/summary.txt'\n",
    )
    assert ok("history", "docs", "--path", "report/summary.txt", "--before", "1", "--json") == []


def test_labels(ok, refused):
    assert ok("commit", "docs", "--label", "sent", "-m", "on Monday", "--json")["label"] == "sent"
    assert "on Monday" in ok("history", "docs")
    assert refused("label", "docs", "1", "sent") == (1, "davserver: version 3 has the label 'sent'\n")
    assert ok("label", "docs", "sent", "--remove", "--json")["label"] is None
    assert refused("label", "docs", "1")[0] == 2
    assert refused("label", "docs", "1", "12")[0] == 2
    assert refused("label", "docs", "1", "x", "--remove")[0] == 2


def test_a_variable_that_is_not_set_takes_no_label_away_and_brings_not_everything_back(ok, refused):
    ok("label", "docs", "1", "first")
    before = ok("export", "docs")
    assert refused("label", "docs", "1", "")[0] == 2
    assert refused("commit", "docs", "--label", "")[0] == 2
    assert refused("restore", "docs", "1", "--path", "")[0] == 2
    assert ok("export", "docs") == before
    assert ok("history", "docs", "--json")[0]["label"] == "first"


def test_prune_and_retention(ok, refused):
    assert ok("retention", "docs", "--json") == {
        "keep": {"last": 0, "daily": 0, "weekly": 0, "monthly": 0},
        "from": "configuration",
    }
    ok("commit", "docs")
    assert ok("retention", "docs", "--last", "1") == "keeps last 1 (from the collection)\n"
    told = ok("prune", "docs", "--dry-run", "--json")
    assert (told["removed"], told["dry_run"]) == ([1, 2], True)
    assert [(one["version"], one["reasons"]) for one in told["versions"] if one["stays"]] == [(3, ["newest", "last"])]
    ok("label", "docs", "1", "first")
    assert ok("prune", "docs").splitlines()[-1] == "1 of 3 versions went; rules: last 1"
    assert [one["version"] for one in ok("history", "docs", "--json")] == [1, 3]
    assert refused("retention", "docs", "--last", "1", "--default")[0] == 2
    assert refused("prune", "nothere") == (1, "davserver: no collection named 'nothere'\n")


def test_stats(ok):
    told = ok("stats", "docs", "--json")
    assert (told["files"], told["folders"], told["bytes"], told["pending"]) == (2, 1, 12, 1)
    assert [one["new_bytes"] for one in told["growth"]] == [9, 11]
    assert "2 versions" in ok("stats", "docs")
    assert ok("stats", "--json")["collections"][0]["name"] == "docs"
    assert "docs" in ok("stats")


def test_repack(ok):
    assert ok("repack", "docs", "--dry-run", "--json")["version"] is None
    told = ok("repack", "docs", "--json")
    assert (told["version"], told["blocks_before"], told["blocks_after"]) == (4, 2, 1)
    assert ok("diff", "docs", "3", "4") == ""
    assert ok("repack", "docs").startswith("nothing to repack")
    assert ok("fsck", "--json")["findings"] == []


def test_a_collection_is_purged(ok, refused):
    ok("collection", "trash", "docs")
    (row,) = ok("collection", "list", "--trash", "--json")
    assert refused("collection", "purge", "nothere")[0] == 1
    ok("collection", "purge", row["uuid"])
    assert ok("collection", "list", "--trashed", "--json") == []
    assert refused("history", "docs")[0] == 1
