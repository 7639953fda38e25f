"""Rooms stay small enough to live in."""

from __future__ import annotations

import statistics

from tests.support.source import functions, name_of, package_files

MOST_LINES_OF_A_FILE = 400
MEDIAN_LINES_OF_A_FILE = 140
MOST_LINES_OF_A_FUNCTION = 60


def test_no_file_is_long() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in package_files()}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES_OF_A_FILE} == {}


def test_most_files_are_short() -> None:
    lengths = [len(path.read_text().splitlines()) for path in package_files()]
    assert statistics.median(lengths) <= MEDIAN_LINES_OF_A_FILE


def test_no_function_is_long() -> None:
    long = {}
    for path in package_files():
        if "migrations" in path.parts:
            continue  # a migration is a list of tables, however it is cut
        for function in functions(path):
            assert function.end_lineno is not None
            length = function.end_lineno - function.lineno + 1
            if length > MOST_LINES_OF_A_FUNCTION:
                long[f"{name_of(path)}:{function.name}"] = length
    assert long == {}


def test_there_is_no_room_for_odds_and_ends() -> None:
    shunned = {"utils", "util", "helpers", "misc", "common"}
    assert [name_of(path) for path in package_files() if path.stem in shunned or path.parent.name in shunned] == []
