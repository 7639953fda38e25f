"""The frame: WsgiDAV's view of the tree, and what becomes of an error nobody foresaw."""

import io

import pytest
from structlog.testing import capture_logs

from davserver.blocks.open import open_store
from davserver.catalog.database import open_catalog
from davserver.collection.attributes import Attributes
from davserver.collection.change import Mkdir, Put
from davserver.collection.extents import MemExtent
from davserver.collection.filenode import FileNode
from davserver.dav.app import make_app
from davserver.dav.provider import File, Folder
from davserver.errors import StoreFull
from davserver.live.house import House


@pytest.fixture
def house(tmp_path):
    house = House(open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}"), open_store("memory://"))

    def fill(edit):
        info = edit.create_collection("c")
        edit.apply(info.id, Mkdir(("d",), Attributes()))
        file = FileNode([MemExtent(b"bytes")], Attributes(etag="tag", mtime_ns=5_000_000_000)).freeze()
        edit.apply(info.id, Put(("d", "f.txt"), file))

    house.edit(fill)
    yield house
    house.close()


def call(app, method, path, **more):
    sent = []
    environ = {
        "REQUEST_METHOD": method,
        "REQUEST_URI": path,
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "CONTENT_LENGTH": "0",
        "wsgi.input": io.BytesIO(),
        "davserver.request_id": "req-7",
        **more,
    }
    body = b"".join(app(environ, lambda status, headers, _info=None: sent.append((status, dict(headers)))))
    return *sent[0], body


def test_wsgidav_sees_the_tree(house):
    app = make_app(house)
    provider = app.provider_map["/"]
    environ = {"wsgidav.provider": provider, "wsgidav.config": app.config, "wsgidav.verbose": 1}
    folder = provider.get_resource_inst("/c/d/", environ)
    assert isinstance(folder, Folder)
    assert folder.get_member_names() == ["f.txt"]
    assert provider.get_resource_inst("/", environ).get_member_names() == ["c"]
    file = provider.get_resource_inst("/c/d/f.txt", environ)
    assert isinstance(file, File)
    assert (file.get_content_length(), file.get_content_type()) == (5, "text/plain; charset=utf-8")
    assert (file.get_etag(), file.support_etag(), file.support_ranges()) == ("tag", True, True)
    assert file.get_last_modified() == 5
    assert file.get_creation_date() == folder.get_creation_date() == house.view("c").info.created_ns // 10**9
    assert folder.get_last_modified() == folder.get_creation_date()
    assert file.get_content().read() == b"bytes"
    assert provider.get_resource_inst("/c/none", environ) is None


@pytest.mark.parametrize("method", ["GET", "HEAD", "PROPFIND", "DELETE"])
def test_what_nobody_foresaw_is_a_500_that_tells_the_request_id_only(house, method):
    app = make_app(house)
    with capture_logs() as logged:
        status, headers, body = call(app, method, "/c/d", **{"wsgi.input": None, "CONTENT_LENGTH": object()})
    assert status == "500 Internal Server Error"
    assert int(headers["Content-Length"]) > 0
    assert body == b"" if method == "HEAD" else b"req-7" in body
    assert b"object" not in body
    ((level, error),) = [(line["log_level"], line["exc_info"]) for line in logged]
    assert (level, type(error)) == ("error", AttributeError)


def test_what_was_foreseen_is_one_line_without_a_traceback(house, monkeypatch):
    def fail(_change):
        raise StoreFull("no space", hint="free some")

    monkeypatch.setattr(house, "edit", fail)
    with capture_logs() as logged:
        status, headers, _ = call(make_app(house), "MKCOL", "/c/d/new")
    assert status == "507 Insufficient Storage"
    assert headers["Retry-After"] == "60"
    assert logged == [
        {
            "event": "request failed",
            "kind": "StoreFull",
            "reason": "no space",
            "hint": "free some",
            "log_level": "error",
        }
    ]


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [("PTIONS", {}, "501"), ("COPY", {"HTTP_DESTINATION": "http://other/c/x", "HTTP_HOST": "h"}, "502")],
)
def test_what_any_client_can_bring_about_fills_no_log(house, method, headers, expected):
    """Found by fuzzing: an unknown method was logged as an error of ours, with its traceback."""
    with capture_logs() as logged:
        status, _, _ = call(make_app(house), method, "/c/d/f.txt", **headers)
    assert status.startswith(expected)
    assert logged == []


def test_the_frame_leaves_headers_alone(house):
    """WsgiDAV adds Connection: close to what has no length, and its own Date and DAV-Class headers."""
    status, headers, _ = call(make_app(house), "PROPFIND", "/c/", HTTP_DEPTH="1")
    assert status == "207 Multi-Status"
    assert set(headers) == {"Content-Type", "Content-Length", "Cache-Control"}
