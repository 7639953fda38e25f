"""A folder as one zip: whole, resumed, chosen, refused, and broken where it cannot be right."""

from __future__ import annotations

import io
import random
import zipfile
from datetime import UTC, datetime
from http.client import IncompleteRead
from urllib.parse import quote, urlencode

import pytest

from davserver.blocks import layout
from davserver.collection.extents import StoredExtent
from tests.support.site import Answer, Client

LARGE = random.Random(5).randbytes((2 << 20) + 77)
CONTENTS = {"a.txt": b"first", "d/empty": b"", "d/e/deep.bin": LARGE, "d/ä ö.txt": b"umlauts", "z": b"last"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def fill(client: Client) -> None:
    for folder in ("/c/d/", "/c/d/e/", "/c/nothing/"):
        client.expect(201, "MKCOL", folder)
    for path, content in CONTENTS.items():
        mtime = str(1_700_000_000 + len(path))
        client.expect(201, "PUT", "/c/" + quote(path), content, X_OC_Mtime=mtime)


def unpacked(answer: Answer, top: str = "c") -> dict[str, bytes]:
    """Read a zip with the standard library; checks every sum."""
    with zipfile.ZipFile(io.BytesIO(answer.body)) as packed:
        assert packed.testzip() is None
        assert all(name.startswith(top + "/") for name in packed.namelist())
        return {name.removeprefix(top + "/"): packed.read(name) for name in packed.namelist() if name[-1] != "/"}


def test_a_collection_comes_whole_with_its_times_and_its_empty_folders(dav):
    fill(dav)
    answer = dav.expect(200, "GET", "/_/zip/c/")
    assert unpacked(answer) == CONTENTS
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"] == "attachment; filename=\"c.zip\"; filename*=UTF-8''c.zip"
    packed = zipfile.ZipFile(io.BytesIO(answer.body))
    assert {"c/", "c/nothing/", "c/d/", "c/d/e/"} <= set(packed.namelist())
    info = packed.getinfo("c/a.txt")
    assert int.from_bytes(info.extra[5:9], "little") == 1_700_000_005
    assert info.date_time == (2023, 11, 14, 22, 13, 24)


def test_local_times_are_those_of_the_zone_that_is_asked_for(dav):
    fill(dav)
    answer = dav.expect(200, "GET", "/_/zip/c/?zone=Asia/Kolkata")
    info = zipfile.ZipFile(io.BytesIO(answer.body)).getinfo("c/a.txt")
    assert info.date_time == (2023, 11, 15, 3, 43, 24)
    assert int.from_bytes(info.extra[5:9], "little") == 1_700_000_005


@pytest.mark.parametrize(
    "zone", ["Nowhere/At_All", "Europe", "../../etc/passwd", "/etc/localtime", "%00", "x" * 5000, ""]
)
def test_a_zone_that_nobody_has_heard_of_is_utc(dav, zone):
    fill(dav)
    assert dav.expect(200, "GET", f"/_/zip/c/?zone={zone}").body == dav.expect(200, "GET", "/_/zip/c/").body


def test_head_tells_the_length_without_reading_a_file(dav, site):
    fill(dav)
    site.house.commit("c")
    whole = dav.expect(200, "GET", "/_/zip/c/")
    for block in (site.data / "blocks").glob("???/*"):
        block.unlink()
    head = dav.expect(200, "HEAD", "/_/zip/c/")
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]
    assert head.headers["ETag"] == whole.headers["ETag"]
    assert head.body == b""


def test_every_folder_of_the_url_space_with_a_tree_is_a_zip(dav, site):
    fill(dav)
    version = site.house.commit("c")
    (folder,) = [href for href in dav.propfind("/history/c/", "1") if href.count("/") == 4]
    uuid = site.house.info("c").uuid
    moment = datetime.fromtimestamp(version.created_ns // 10**9, UTC)
    shown = f"c-{moment:%Y-%m-%dT%H%M%SZ}-{version.number:06d}"
    assert unpacked(dav.expect(200, "GET", "/_/zip" + folder), shown) == CONTENTS
    assert unpacked(dav.expect(200, "GET", f"/_/zip/by_id/{version.pdh}/"), str(version.pdh)) == CONTENTS
    assert unpacked(dav.expect(200, "GET", f"/_/zip/by_id/{uuid}/d/"), "d").keys() == {"empty", "e/deep.bin", "ä ö.txt"}
    by_hash = dav.expect(200, "GET", f"/_/zip/by_id/{version.pdh}/d/e")
    assert "immutable" in by_hash.headers["Cache-Control"]


def test_a_zip_is_the_same_before_and_after_a_commit_and_from_another_process(dav, site, restaged):
    fill(dav)
    before = dav.expect(200, "GET", "/_/zip/c/")
    site.house.commit("c")
    after = dav.expect(200, "GET", "/_/zip/c/")
    other = restaged().expect(200, "GET", "/_/zip/c/")
    assert before.body == after.body == other.body
    assert before.headers["ETag"] == after.headers["ETag"] == other.headers["ETag"]


def test_a_download_that_broke_off_is_resumed_by_a_process_that_knows_nothing_of_it(dav, site, restaged):
    fill(dav)
    site.house.commit("c")
    whole = dav.expect(200, "GET", "/_/zip/c/")
    for start in (0, 1, 99, 1 << 20, 2 << 20, len(whole.body) - 300, len(whole.body) - 1):
        headers = {"Range": f"bytes={start}-", "If-Range": whole.headers["ETag"]}
        rest = restaged().send("GET", "/_/zip/c/", headers=headers)
        assert rest.status == 206
        assert rest.headers["Content-Range"] == f"bytes {start}-{len(whole.body) - 1}/{len(whole.body)}"
        assert rest.body == whole.body[start:]


def test_a_download_of_a_folder_that_changed_begins_anew(dav):
    fill(dav)
    before = dav.expect(200, "GET", "/_/zip/c/d/")
    dav.expect(201, "PUT", "/c/d/new", b"new")
    headers = {"Range": "bytes=10-", "If-Range": before.headers["ETag"]}
    after = dav.send("GET", "/_/zip/c/d/", headers=headers)
    assert after.status == 200
    assert unpacked(after, "d")["new"] == b"new"
    dav.expect(412, "GET", "/_/zip/c/d/", If_Match=before.headers["ETag"])
    dav.expect(304, "GET", "/_/zip/c/d/", If_None_Match=after.headers["ETag"])


def test_a_change_elsewhere_does_not_matter(dav):
    fill(dav)
    before = dav.expect(200, "GET", "/_/zip/c/d/")
    dav.expect(201, "PUT", "/c/elsewhere", b"new")
    dav.expect(304, "GET", "/_/zip/c/d/", If_None_Match=before.headers["ETag"])


@pytest.mark.parametrize("asked", ["bytes=0-9,20-29", "lines=1-2", "bytes=9-1"])
def test_what_is_no_single_range_gets_the_whole(dav, asked):
    fill(dav)
    assert unpacked(dav.expect(200, "GET", "/_/zip/c/", Range=asked)) == CONTENTS


def test_a_range_beyond_the_end_is_refused_with_the_length(dav):
    length = dav.expect(200, "HEAD", "/_/zip/c/").headers["Content-Length"]
    answer = dav.expect(416, "GET", "/_/zip/c/", Range="bytes=99999-")
    assert answer.headers["Content-Range"] == f"bytes */{length}"


def test_only_what_was_chosen_is_packed(dav):
    fill(dav)
    chosen = urlencode([("name", "a.txt"), ("name", "nothing"), ("name", "a.txt")])
    answer = dav.expect(200, "GET", f"/_/zip/c/?{chosen}")
    assert unpacked(answer) == {"a.txt": b"first"}
    assert zipfile.ZipFile(io.BytesIO(answer.body)).namelist() == ["c/", "c/a.txt", "c/nothing/"]
    posted = dav.send("POST", "/_/zip/c/", chosen.encode(), FORM)
    assert posted.body == answer.body
    assert unpacked(dav.expect(200, "GET", "/_/zip/c/d/?name=" + quote("a\u0308 o\u0308.txt")), "d") == {
        "ä ö.txt": b"umlauts"
    }


@pytest.mark.parametrize(
    ("status", "method", "path", "body", "headers"),
    [
        (404, "GET", "/_/zip/other/", None, {}),
        (404, "GET", "/_/zip/c/missing/", None, {}),
        (404, "GET", "/_/zip/c/?name=missing", None, {}),
        (404, "GET", "/_/zip/c/?name=a.txt/", None, {}),
        (404, "GET", "/_/zip/_/zip/c/", None, {}),
        (404, "GET", "/_/zip/_/uploads/1", None, {}),
        (403, "GET", "/_/zip/", None, {}),
        (403, "GET", "/_/zip/history/c/", None, {}),
        (403, "GET", "/_/zip/by_id/", None, {}),
        (403, "GET", "/_/zip/c/a.txt", None, {}),
        (400, "GET", "/_/zip/c/?names=a", None, {}),
        (400, "GET", "/_/zip/c/?name=%FF", None, {}),
        (400, "GET", "/_/zip/c/%2e%2e/", None, {}),
        (415, "POST", "/_/zip/c/", b"{}", {"Content-Type": "application/json"}),
        (413, "POST", "/_/zip/c/", b"name=" + b"x" * (1 << 20), FORM),
        (405, "PUT", "/_/zip/c/", b"x", {}),
        (405, "DELETE", "/_/zip/c/", None, {}),
        (405, "PROPFIND", "/_/zip/c/", None, {}),
    ],
)
def test_what_is_no_zip_is_refused(dav, status, method, path, body, headers):
    fill(dav)
    assert dav.send(method, path, body, headers).status == status
    dav.expect(200, "GET", "/c/a.txt")


def test_no_block_that_is_damaged_or_missing_leaves_a_zip_that_anybody_could_take_for_whole(dav, site, restaged):
    """A bit is flipped in each block, one after the other: the connection is cut, or a 5xx says so."""
    fill(dav)
    dav.expect(201, "PUT", "/c/d/more.bin", LARGE[::-1])
    site.house.commit("c")
    whole = dav.expect(200, "GET", "/_/zip/c/").body
    files = [node for _, node in site.house.view("c").root.get("d").items() if hasattr(node, "extents")]
    files += [site.house.view("c").root.get("d").get("e").get("deep.bin")]
    blocks = {extent.locator.md5 for file in files for extent in file.extents if isinstance(extent, StoredExtent)}
    assert len(blocks) > 1
    for md5 in blocks:
        path = layout.path_of(site.data / "blocks", md5)
        right = path.read_bytes()
        for wrong in (right[:-1] + bytes([right[-1] ^ 1]), None):
            path.unlink()
            if wrong is not None:
                path.write_bytes(wrong)
            for start in (0, len(whole) - 100):
                assert is_loud(restaged(), start), (md5, wrong is None, start)
        path.unlink(missing_ok=True)
        path.write_bytes(right)
    assert restaged().expect(200, "GET", "/_/zip/c/").body == whole


def is_loud(client: Client, start: int) -> bool:
    """Tell whether a download fails: by its status, or by an end before the declared one."""
    try:
        answer = client.send("GET", "/_/zip/c/", headers={"Range": f"bytes={start}-"})
    except (IncompleteRead, ConnectionResetError):
        client.connection.close()
        return True
    return answer.status >= 500


def test_litter_that_a_version_hides_is_in_no_zip_of_it(dav, site):
    site.house.edit(lambda edit: edit.set_litter(edit.view("c").info.id, drops=True))
    fill(dav)
    dav.expect(201, "PUT", "/c/.DS_Store", b"litter")
    dav.expect(201, "PUT", "/c/d/._a", b"litter")
    version = site.house.commit("c")
    live = unpacked(dav.expect(200, "GET", "/_/zip/c/"))
    assert live == CONTENTS | {".DS_Store": b"litter", "d/._a": b"litter"}
    base = f"/_/zip/by_id/{version.pdh}/"
    assert unpacked(dav.expect(200, "GET", base), str(version.pdh)) == CONTENTS
    hidden, absent = (dav.expect(404, "GET", f"{base}?name={name}") for name in (".DS_Store", ".DS_Stare"))
    assert hidden.body.replace(b"Store", b"Stare") == absent.body
