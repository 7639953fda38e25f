"""The parts of the page: who wants it, how people sort, what is remembered of that, what is written for whom."""

from __future__ import annotations

import pytest

from davserver.collection.attributes import Attributes
from davserver.collection.dirnode import DirNode
from davserver.collection.filenode import FileNode
from davserver.collection.names import NameMap
from davserver.web.page import words
from davserver.web.page.assets import Assets
from davserver.web.page.negotiation import prefers_html
from davserver.web.page.orders import MAX_FRIENDLY, Orders, friendly


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("text/html", True),
        ("application/xhtml+xml, application/json;q=0.5", True),
        ("TEXT/HTML ; q=0.9, */*;q=0.1", True),
        ("*/*", False),
        ("", False),
        ("text/*", False),
        ("text/html;q=0.5, application/json", False),
        ("text/html;q=0", False),
        ("text/html;q=nonsense;", True),
        ("application/json, */*", False),
    ],
)
def test_who_wants_html(accept: str, wanted: bool) -> None:
    assert prefers_html(accept) is wanted


def test_people_count_and_spell() -> None:
    names = ["a10", "a2", "B", "b1", "Ä", "a01", "", "10", "9", "9" * 200]
    ordered = sorted(names, key=lambda name: friendly(name, is_folder=False))
    assert ordered == ["", "9", "10", "9" * 200, "a01", "a2", "a10", "B", "b1", "Ä"]
    assert friendly("z", is_folder=True) < friendly("a", is_folder=False)


def directory(sizes: dict[str, int]) -> DirNode:
    nodes = [(name, FileNode(attributes=Attributes(mtime_ns=size * 1000))) for name, size in sorted(sizes.items())]
    return DirNode.of(NameMap.from_sorted(nodes))


def test_an_order_is_remembered_for_a_directory_as_it_is() -> None:
    orders = Orders()
    first = directory({"a": 3, "b": 1, "c": 2})
    assert list(orders.of(first, "modified")) == [1, 2, 0]
    assert orders.of(first, "modified") is orders.of(first, "modified")
    assert list(orders.of(first.without_entry("b"), "modified")) == [1, 0]


def test_a_large_directory_is_in_the_order_of_its_names() -> None:
    large = directory({f"{number:05}": 0 for number in range(MAX_FRIENDLY + 1)})
    assert Orders().of(large, "name") == range(MAX_FRIENDLY + 1)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("davserver.web.page.orders.MAX_REMEMBERED", 5)
    orders = Orders()
    first, second = directory({"a": 1, "b": 2, "c": 3}), directory({"d": 1, "e": 2, "f": 3})
    before = orders.of(first, "size")
    orders.of(second, "size")
    assert orders.of(first, "size") is not before, "the oldest went"
    assert orders.of(first, "size") is orders.of(first, "size")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        *((None, "–"), (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9_949, "9.9 kB"), (9_950, "10 kB")),
        *((999_499, "999 kB"), (999_500, "1.0 MB"), (16 << 40, "18 TB"), (10**18, "1000 PB")),
    ],
)
def test_sizes_in_words(count: int | None, text: str) -> None:
    assert words.size(count) == text


def test_times_that_no_calendar_holds_are_moved_to_its_ends() -> None:
    assert words.moment(-(10**15)) == "1-01-01T00:00:00Z" or words.moment(-(10**15)).startswith("0001")
    assert words.day(10**15) == "9999-12-31 23:59"


def test_assets_have_one_hash_that_follows_their_content(tmp_path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.js").write_text("1")
    (tmp_path / "sub/b.css").write_text("2")
    (tmp_path / "secret.txt").write_text("3")
    assets = Assets(tmp_path)
    assert assets.hash == Assets(tmp_path).hash
    assert assets.answer(assets.hash, "sub/b.css").body == b"2"
    assert assets.answer(assets.hash, "secret.txt").status == 404
    assert assets.answer(assets.hash, "../test.py").status == 404
    (tmp_path / "a.js").write_text("other")
    assert Assets(tmp_path).hash != assets.hash
