"""The URL space: decoding, reserved names, hrefs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davserver.collection.newname import check_new_name
from davserver.dav.faults import BadRequest
from davserver.dav.paths import (
    ByIdRoot,
    HistoryOf,
    HistoryRoot,
    InCollection,
    InContent,
    InVersion,
    Root,
    href_of,
    parse_address,
    version_folder,
)
from davserver.errors import InvalidName, NotFound
from davserver.values import PDH

UUID = "dabcd-4zz18-0123456789abcde"
HASH = "d41d8cd98f00b204e9800998ecf8427e"


@pytest.mark.parametrize(
    ("raw", "target"),
    [
        ("/", Root()),
        ("///", Root()),
        ("/c", InCollection("c", ())),
        ("/C/", InCollection("C", ())),
        ("//c//a///b/", InCollection("c", ("a", "b"))),
        ("/c/a%20b", InCollection("c", ("a b",))),
        ("/c/a;b", InCollection("c", ("a;b",))),
        ("/c/a%3Fb%23c", InCollection("c", ("a?b#c",))),
        ("/c/100%25", InCollection("c", ("100%",))),
        ("/c/%252F", InCollection("c", ("%2F",))),
        ("/c/u%CC%88", InCollection("c", ("u\u0308",))),
        ("/c/\u00c3\u00bc", InCollection("c", ("ü",))),  # raw UTF-8 bytes, as WSGI hands them over
        ("/c/a+b", InCollection("c", ("a+b",))),
        ("/c/...", InCollection("c", ("...",))),
        ("/c/%01", InCollection("c", ("\x01",))),
        ("/by_id", ByIdRoot()),
        (f"/by_id/{UUID}/x", InCollection(UUID, ("x",), by_uuid=True)),
        (f"/by_id/{HASH}+0/a/b", InContent(PDH(HASH, 0), ("a", "b"))),
        (f"/by_id/{HASH}%2B0", InContent(PDH(HASH, 0), ())),
        ("/history/", HistoryRoot()),
        ("/history/c", HistoryOf("c")),
        (
            "/history/c/2026-11-22T215900Z-000012/x",
            InVersion("c", "2026-11-22T215900Z-000012", 12, ("x",)),
        ),
    ],
)
def test_what_a_path_names(raw, target):
    assert parse_address(raw).target == target


@pytest.mark.parametrize(
    "raw",
    [
        "/c/%ff",
        "/c/%C3",
        "/c/\xff",
        "/c/%ED%A0%80",  # a surrogate is no UTF-8
        "/c/%C0%AF",  # an overlong slash
        "/c/a%2Fb",
        "/c/a%2fb",
        "/c/..",
        "/c/%2e%2E/x",
        "/c/%2E/x",
        "/..",
        "/c/a%00b",
        "/c/%",
        "/c/%2",
        "/c/%zz",
        "c/a",
        "",
        "*",
    ],
)
def test_what_no_path_is(raw):
    with pytest.raises(BadRequest):
        parse_address(raw)


@pytest.mark.parametrize(
    "raw",
    ["/_", "/_/health/live", "/by_id/x", f"/by_id/{HASH}+", f"/by_id/{'z' * 32}+1", "/history/c/1", "/history/c/x/y"],
)
def test_places_the_space_does_not_hold(raw):
    with pytest.raises(NotFound):
        parse_address(raw)


def test_a_trailing_slash_is_remembered():
    assert parse_address("/c/").slash
    assert not parse_address("/c").slash


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=12).filter(
    lambda name: name not in {".", ".."}
)


@given(st.lists(NAMES, min_size=1, max_size=4).filter(lambda names: names[0] not in {"by_id", "history", "_"}))
def test_an_href_parses_to_what_it_was_made_from(names):
    href = href_of("", tuple(names), folder=False)
    assert parse_address(href).target.segments == tuple(names)
    assert not set(href) & set("<>&\"'?#; \\")


def test_hrefs():
    assert href_of("", (), folder=True) == "/"
    assert href_of("/dav", (), folder=True) == "/dav/"
    assert href_of("/dav", ("c", "a b"), folder=True) == "/dav/c/a%20b/"
    assert href_of("", ("c", "\udcff"), folder=False) == "/c/%FF"  # an imported name that is not UTF-8


def test_a_version_folder_parses_to_its_number():
    folder = version_folder(12, 1_795_384_740)
    assert folder.endswith("Z-000012")
    target = parse_address(f"/history/c/{folder}").target
    assert isinstance(target, InVersion)
    assert (target.number, target.folder) == (12, folder)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0", "a\n", "\x7f", "\ud800", "\uffff", "x" * 1025])
def test_names_nobody_should_make(name):
    with pytest.raises(InvalidName):
        check_new_name(name)
