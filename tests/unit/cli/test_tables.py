"""What is printed for people: names of others steer no terminal."""

import json

import pytest

from davserver.cli.main import run
from davserver.cli.options import print_json
from davserver.cli.tables import print_table, say

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eexe\r\nline"


def test_a_name_in_a_table_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("NAME", "N"), [(HOSTILE, "1"), ("ok", "2")])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    assert lines[1].index("1") == lines[1].rindex("1") or lines[1].endswith("  1")


def test_a_name_in_a_line_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    say(HOSTILE)
    assert capsys.readouterr().out.removesuffix("\n").isprintable()


def test_a_name_in_json_is_itself(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": HOSTILE})
    output = capsys.readouterr().out
    assert all(line.isprintable() for line in output.splitlines())
    assert json.loads(output) == {"name": HOSTILE}


def test_a_name_in_an_error_is_text(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["collection", "show", HOSTILE, "--data", str(tmp_path)]) != 0
    assert all(line.isprintable() for line in capsys.readouterr().err.splitlines())
