"""SEARCH with basicsearch (RFC 5323)."""

from __future__ import annotations

import time

import pytest

from davserver.dav import search as verb
from tests.support.site import DAV

NAMES = {"a.txt": 10, "B.TXT": 20, "folder/c.txt": 30, "folder/d.png": 40, "e%_.md": 50}


def body(
    where="", *, scope="/c/", depth="infinity", order="", limit="", select="<D:prop><D:getcontentlength/></D:prop>"
):
    where = f"<D:where>{where}</D:where>" if where else ""
    return (
        f'<D:searchrequest xmlns:D="DAV:"><D:basicsearch><D:select>{select}</D:select>'
        f"<D:from><D:scope><D:href>{scope}</D:href><D:depth>{depth}</D:depth></D:scope></D:from>"
        f"{where}{order}{limit}</D:basicsearch></D:searchrequest>"
    ).encode()


def found(dav, *args, **asked):
    answer = dav.expect(207, "SEARCH", "/c/", body(*args, **asked))
    return [response.findtext(DAV + "href") for response in answer.xml.iter(DAV + "response")]


def names(dav, *args, **asked):
    return [href.rstrip("/").rpartition("/")[2] for href in found(dav, *args, **asked)]


def compare(operator, name, literal, attributes=""):
    prop = f"<D:prop><D:{name}/></D:prop>"
    return f"<D:{operator}{attributes}>{prop}<D:literal>{literal}</D:literal></D:{operator}>"


def by(name, direction=""):
    return f"<D:order><D:prop><D:{name}/></D:prop>{direction}</D:order>"


@pytest.fixture
def tree(dav):
    dav.expect(201, "MKCOL", "/c/folder/")
    for name, size in NAMES.items():
        quoted = name.replace("%", "%25")
        dav.expect(201, "PUT", f"/c/{quoted}", b"x" * size, X_OC_Mtime=str(1_000_000_000 + size))
    return dav


def test_a_search_without_a_condition_finds_all(tree):
    assert found(tree) == list(tree.propfind("/c/", "infinity"))


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (compare("eq", "getcontentlength", "20"), {"B.TXT"}),
        (compare("lt", "getcontentlength", "20"), {"a.txt"}),
        (compare("lte", "getcontentlength", "20"), {"a.txt", "B.TXT"}),
        (compare("gt", "getcontentlength", "40"), {"e%25_.md"}),
        (compare("gte", "getcontentlength", "40"), {"d.png", "e%25_.md"}),
        (compare("eq", "displayname", "a.txt"), {"a.txt"}),
        (compare("eq", "displayname", "b.txt"), set()),
        (compare("eq", "displayname", "b.txt", ' caseless="yes"'), {"B.TXT"}),
        (compare("like", "displayname", "%.txt"), {"a.txt", "c.txt"}),
        (compare("like", "displayname", "%.txt", ' caseless="yes"'), {"a.txt", "B.TXT", "c.txt"}),
        (compare("like", "displayname", "_.txt"), {"a.txt", "c.txt"}),
        (compare("like", "displayname", "e\\%%"), {"e%25_.md"}),
        (compare("like", "displayname", "%\\_.md"), {"e%25_.md"}),
        (compare("like", "displayname", "f%d%r"), {"folder"}),
        (compare("like", "getcontenttype", "image/%"), {"d.png"}),
        (compare("gt", "getlastmodified", "Sun, 09 Sep 2001 01:47:20 GMT"), {"e%25_.md", "c", "folder"}),
        (compare("eq", "getlastmodified", "2001-09-09T01:46:50Z"), {"a.txt"}),
        ("<D:is-collection/>", {"c", "folder"}),
        ("<D:not><D:is-collection/></D:not>", {"a.txt", "B.TXT", "c.txt", "d.png", "e%25_.md"}),
        (
            "<D:is-defined><D:prop><D:getetag/></D:prop></D:is-defined>",
            {"a.txt", "B.TXT", "c.txt", "d.png", "e%25_.md"},
        ),
        (compare("eq", "getcontentlength", "nonsense"), set()),
    ],
)
def test_conditions(tree, where, expected):
    assert set(names(tree, where)) == expected


def test_conditions_combine(tree):
    large, text = compare("gt", "getcontentlength", "15"), compare("like", "displayname", "%.txt")
    assert set(names(tree, f"<D:and>{large}{text}</D:and>")) == {"c.txt"}
    assert set(
        names(tree, f"<D:or>{compare('eq', 'getcontentlength', '10')}{compare('eq', 'getcontentlength', '20')}</D:or>")
    ) == {
        "a.txt",
        "B.TXT",
    }


def test_what_is_unknown_is_not_found_and_neither_is_its_opposite(tree):
    large = compare("gt", "getcontentlength", "15")
    assert "folder" not in names(tree, large)
    assert set(names(tree, f"<D:not>{large}</D:not>")) == {"a.txt"}
    assert "folder" in names(tree, f"<D:or>{large}<D:is-collection/></D:or>")
    assert names(tree, f"<D:not><D:and>{large}<D:is-collection/></D:and></D:not>") != []


def test_dead_properties_are_searched(tree):
    update = (
        b'<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><x:colour xmlns:x="urn:x">dark <b>blue</b></x:colour>'
        b"</D:prop></D:set></D:propertyupdate>"
    )
    tree.expect(207, "PROPPATCH", "/c/a.txt", update)
    prop = '<D:prop><x:colour xmlns:x="urn:x"/></D:prop>'
    where = f"<D:like>{prop}<D:literal>%blue</D:literal></D:like>"
    assert names(tree, where) == ["a.txt"]


def test_a_scope_has_a_depth(tree):
    assert set(names(tree, depth="0")) == {"c"}
    assert "c.txt" not in names(tree, depth="1")
    assert set(names(tree, scope="/c/folder/")) == {"folder", "c.txt", "d.png"}
    assert set(names(tree, scope="folder/")) == {"folder", "c.txt", "d.png"}


def test_all_collections_can_be_searched(tree):
    tree.expect(201, "MKCOL", "/d/")
    tree.expect(201, "PUT", "/d/a.txt", b"other")
    answer = tree.expect(207, "SEARCH", "/", body(compare("eq", "displayname", "a.txt"), scope="/"))
    assert [one.findtext(DAV + "href") for one in answer.xml] == ["/c/a.txt", "/d/a.txt"]


def test_results_are_ordered(tree):
    files = "<D:not><D:is-collection/></D:not>"
    sizes = f"<D:orderby>{by('getcontentlength', '<D:descending/>')}</D:orderby>"
    assert names(tree, files, order=sizes) == ["e%25_.md", "d.png", "c.txt", "B.TXT", "a.txt"]
    kinds = f"<D:orderby>{by('getcontenttype', '<D:ascending/>')}{by('displayname', '<D:descending/>')}</D:orderby>"
    assert names(tree, files, order=kinds) == ["d.png", "e%25_.md", "c.txt", "a.txt", "B.TXT"]
    assert names(tree, order=f"<D:orderby>{by('getcontentlength')}</D:orderby>")[:2] == ["c", "folder"]


def test_results_are_limited(tree):
    limit = "<D:limit><D:nresults>2</D:nresults></D:limit>"
    assert len(found(tree, limit=limit)) == 2
    sizes = f"<D:orderby>{by('getcontentlength', '<D:descending/>')}</D:orderby>"
    assert names(tree, order=sizes, limit=limit) == ["e%25_.md", "d.png"]


@pytest.mark.parametrize(("bound", "order"), [("MAX_WALKED", ""), ("MAX_SORTED", by("displayname"))])
def test_too_much_is_said(tree, monkeypatch, bound, order):
    monkeypatch.setattr(verb, bound, 3)
    answer = tree.expect(207, "SEARCH", "/c/", body(order=f"<D:orderby>{order}</D:orderby>" if order else ""))
    responses = list(answer.xml)
    assert len(responses) == 4
    assert responses[-1].findtext(DAV + "href") == "/c/"
    assert " 507 " in responses[-1].findtext(DAV + "status")


def test_selected_properties_are_told(tree):
    answer = tree.expect(207, "SEARCH", "/c/", body(compare("eq", "displayname", "a.txt"), select="<D:allprop/>"))
    assert answer.xml.find(f".//{DAV}getetag") is not None
    answer = tree.expect(207, "SEARCH", "/c/", body(compare("eq", "displayname", "a.txt")))
    assert answer.xml.findtext(f".//{DAV}getcontentlength") == "10"
    assert answer.xml.find(f".//{DAV}getetag") is None


@pytest.mark.parametrize(
    "bad",
    [
        body("<D:contains>x</D:contains>"),
        body("<D:eq><D:prop><D:displayname/></D:prop></D:eq>"),
        body("<D:eq><D:literal>x</D:literal></D:eq>"),
        body("<D:and/>"),
        body("<D:not/>"),
        body("<D:is-collection/><D:is-collection/>"),
        body(depth="2"),
        body(select=""),
        body(order="<D:orderby><D:order/></D:orderby>"),
        b'<D:searchrequest xmlns:D="DAV:"><D:othersearch/></D:searchrequest>',
    ],
)
def test_what_is_not_understood_is_said_to_be(tree, bad):
    tree.expect(422, "SEARCH", "/c/", bad)


def test_other_requests_are_refused(tree):
    for scope in ("/none/", "http://example.com/c/", "/_/x"):
        assert tree.expect(409, "SEARCH", "/c/", body(scope=scope)).xml.find(DAV + "search-scope-valid") is not None
    tree.expect(400, "SEARCH", "/c/", b"")
    tree.expect(404, "SEARCH", "/none/", body())
    tree.expect(405, "SEARCH", "/c/a.txt", body())


def test_a_pattern_takes_no_time_that_grows_with_its_wildcards(tree):
    tree.expect(201, "PUT", "/c/" + "a" * 200, b"")
    started = time.monotonic()
    assert names(tree, compare("like", "displayname", "%a" * 60 + "b")) == []
    assert time.monotonic() - started < 60  # and not until the end of the world


def test_what_can_be_searched_is_told(tree):
    answer = tree.expect(200, "OPTIONS", "/c/")
    assert answer.headers["DASL"] == "<DAV:basicsearch>"
    assert "SEARCH" in answer.headers["Allow"]
    asked = '<D:propfind xmlns:D="DAV:"><D:prop><D:supported-query-grammar-set/></D:prop></D:propfind>'
    told = tree.propfind("/c/", "0", asked)["/c/"][DAV + "supported-query-grammar-set"]
    assert told.find(f".//{DAV}basicsearch") is not None
