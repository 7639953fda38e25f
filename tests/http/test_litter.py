"""A collection that keeps litter out of its manifests, while its clients have it as before."""

import re

import requests

from tests.support.serving import run


def text(url, path, method="GET", body=None, **headers):
    return requests.request(method, url.rstrip("/") + path, data=body, headers=headers, timeout=30)


def test_litter_works_for_the_client_and_stays_out_of_versions(serve, tmp_path):
    data = tmp_path / "data"
    server = serve(data)
    assert run("collection", "create", "c", data=data).returncode == 0
    assert run("collection", "litter", "c", "drop", data=data).returncode == 0
    text(server.url, "/c/cat.jpg", "PUT", b"cat")
    text(server.url, "/c/._cat.jpg", "PUT", b"fork")
    text(server.url, "/c/d", "MKCOL")
    text(server.url, "/c/d/.DS_Store", "PUT", b"icons")
    etag = text(server.url, "/c/._cat.jpg", "HEAD").headers["ETag"]
    pdh = text(server.url, "/_/api/collections/c/commit", "POST").json()["portable_data_hash"]
    exported = run("export", "c", data=data).stdout
    assert "cat.jpg" in exported
    assert "._cat" not in exported
    assert "DS_Store" not in exported
    folder = re.search(r"/history/c/([^/]+-000001)/", text(server.url, "/history/c/", "PROPFIND", Depth="1").text)[1]
    listing = text(server.url, f"/history/c/{folder}/", "PROPFIND", Depth="1").text
    assert "cat.jpg" in listing
    assert "._cat" not in listing
    for frozen in (f"/history/c/{folder}", f"/by_id/{pdh}"):
        assert text(server.url, f"{frozen}/cat.jpg").content == b"cat"
        assert text(server.url, f"{frozen}/._cat.jpg").status_code == 404
        assert text(server.url, f"{frozen}/d/.DS_Store").status_code == 404
    server.kill()
    again = serve(data)
    assert text(again.url, "/c/._cat.jpg").content == b"fork"
    assert text(again.url, "/c/._cat.jpg", "HEAD").headers["ETag"] == etag
    assert "DS_Store" in text(again.url, "/c/d/", "PROPFIND", Depth="1").text
    assert run("fsck", data=data).returncode == 0


def test_the_switch_is_about_versions_to_come(serve, tmp_path):
    data = tmp_path / "data"
    server = serve(data)
    run("collection", "create", "c", data=data)
    text(server.url, "/c/Thumbs.db", "PUT", b"x")
    assert "Thumbs.db" in run("export", "c", data=data).stdout
    run("collection", "litter", "c", "drop", data=data)
    assert run("export", "c", data=data).stdout == ""
    assert "Thumbs.db" in run("export", "c", "--version", "1", data=data).stdout
    run("collection", "litter", "c", "keep", data=data)
    assert "Thumbs.db" in run("export", "c", data=data).stdout
    assert run("fsck", data=data).returncode == 0
