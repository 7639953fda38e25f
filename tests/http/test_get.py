"""GET and HEAD over a socket."""

import email
import email.policy
import re

import pytest

from davserver.dav.httpdate import format_date, parse_date

TEXT = b"0123456789"


@pytest.fixture
def file(dav):
    dav.expect(201, "PUT", "/c/f.txt", TEXT)
    return dav.expect(200, "GET", "/c/f.txt")


def test_a_file_comes_back_with_its_validators(dav, file):
    assert file.body == TEXT
    assert re.fullmatch(r'"[^"]+"', file.headers["ETag"])
    assert parse_date(file.headers["Last-Modified"]) is not None
    assert file.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert file.headers["Accept-Ranges"] == "bytes"
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in file.headers["Content-Security-Policy"]
    assert file.headers["Date"]


def test_head_has_the_headers_of_get_and_no_body(dav, file):
    head = dav.expect(200, "HEAD", "/c/f.txt")
    assert head.body == b""
    without_date = [(name, value) for name, value in head.headers.items() if name != "Date"]
    assert without_date == [(name, value) for name, value in file.headers.items() if name != "Date"]


def test_head_of_nothing_has_no_body(dav):
    assert dav.expect(404, "HEAD", "/c/none").body == b""
    dav.expect(200, "HEAD", "/c/")  # the connection is still in step


def test_if_modified_since_the_very_second_is_304(dav, file):
    """Finder revalidates with nothing else (WsgiDAV: 200)."""
    answer = dav.expect(304, "GET", "/c/f.txt", If_Modified_Since=file.headers["Last-Modified"])
    assert answer.body == b""
    assert answer.headers["ETag"] == file.headers["ETag"]


def test_if_none_match_makes_if_modified_since_void(dav, file):
    """WsgiDAV: 412."""
    later = format_date(parse_date(file.headers["Last-Modified"]) + 10)
    dav.expect(304, "GET", "/c/f.txt", If_None_Match=file.headers["ETag"], If_Modified_Since=later)
    dav.expect(200, "GET", "/c/f.txt", If_None_Match='"other"', If_Modified_Since=later)


def test_a_failed_if_match_is_412(dav, file):
    dav.expect(412, "GET", "/c/f.txt", If_Match='"other"')
    dav.expect(200, "GET", "/c/f.txt", If_Match=f'"other", {file.headers["ETag"]}')


def test_one_range(dav, file):
    answer = dav.expect(206, "GET", "/c/f.txt", Range="bytes=2-4")
    assert answer.body == b"234"
    assert answer.headers["Content-Range"] == "bytes 2-4/10"
    assert answer.headers["Content-Length"] == "3"


def test_several_ranges_come_as_parts(dav, file):
    """WsgiDAV sends the last one only."""
    answer = dav.expect(206, "GET", "/c/f.txt", Range="bytes=0-0,3-4,-1")
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
    parts = list(email.message_from_bytes(head + answer.body, policy=email.policy.HTTP).iter_parts())
    assert [part["Content-Range"] for part in parts] == ["bytes 0-0/10", "bytes 3-4/10", "bytes 9-9/10"]
    assert [part.get_payload(decode=True) for part in parts] == [b"0", b"34", b"9"]
    assert {part.get_content_type() for part in parts} == {"text/plain"}


@pytest.mark.parametrize("header", ["bytes=-0", "bytes=10-", "bytes=99-100"])
def test_ranges_without_a_byte_are_416_and_say_the_size(dav, file, header):
    answer = dav.expect(416, "GET", "/c/f.txt", Range=header)
    assert answer.headers["Content-Range"] == "bytes */10"


@pytest.mark.parametrize("header", ["bytes=3-1", "lines=1-2", "bytes=x", "bytes=" + ",".join(["0-0"] * 4000)])
def test_ranges_that_make_no_sense_are_ignored(dav, file, header):
    assert dav.expect(200, "GET", "/c/f.txt", Range=header).body == TEXT


def test_a_range_past_the_end_beside_a_good_one(dav, file):
    assert dav.expect(206, "GET", "/c/f.txt", Range="bytes=1-1,50-60").body == b"1"


def test_if_range(dav, file):
    etag = file.headers["ETag"]
    dav.expect(206, "GET", "/c/f.txt", Range="bytes=0-0", If_Range=etag)
    dav.expect(200, "GET", "/c/f.txt", Range="bytes=0-0", If_Range='"other"')
    dav.expect(200, "GET", "/c/f.txt", Range="bytes=0-0", If_Range="W/" + etag)


def test_if_range_with_the_exact_date_resumes(dav):
    """What Finder sends; the second of the date has to be over, so the time is set in the past."""
    dav.expect(201, "PUT", "/c/old", TEXT, X_OC_Mtime="1600000000")
    assert dav.expect(206, "GET", "/c/old", Range="bytes=5-", If_Range=format_date(1_600_000_000)).body == b"56789"
    dav.expect(200, "GET", "/c/old", Range="bytes=5-", If_Range=format_date(1_600_000_001))


def test_range_of_an_empty_file(dav):
    dav.expect(201, "PUT", "/c/empty", b"")
    assert dav.expect(200, "GET", "/c/empty").headers["Content-Length"] == "0"
    dav.expect(416, "GET", "/c/empty", Range="bytes=0-")


def test_a_body_of_get_is_refused(dav, file):
    dav.expect(415, "GET", "/c/f.txt", b"body")


def test_a_large_file_comes_whole_and_in_ranges(dav):
    data = bytes(range(256)) * (3 << 12) + b"tail"
    dav.expect(201, "PUT", "/c/large", data)
    assert dav.expect(200, "GET", "/c/large").body == data
    start = (1 << 20) - 7
    assert (
        dav.expect(206, "GET", "/c/large", Range=f"bytes={start}-{start + (1 << 20) + 9}").body
        == (data[start : start + (1 << 20) + 10])
    )


def block_files(site):
    return [path for path in (site.data / "blocks").rglob("*") if path.is_file() and len(path.name) == 32]


def test_a_damaged_block_is_a_server_error_before_the_header(site, dav):
    dav.expect(201, "PUT", "/c/f", b"x" * 300_000)
    (block,) = block_files(site)
    block.chmod(0o600)
    block.write_bytes(b"y" * 300_000)
    answer = dav.expect(500, "GET", "/c/f")
    assert block.name.encode() not in answer.body
    block.unlink()
    dav.expect(500, "GET", "/c/f")


def test_damage_after_the_header_cuts_the_connection(site, dav):
    data = b"x" * (64 << 20) + b"y" * (1 << 20)
    dav.expect(201, "PUT", "/c/f", data)
    small = min(block_files(site), key=lambda path: path.stat().st_size)
    small.unlink()
    reply = dav.raw(b"GET /c/f HTTP/1.1\r\nHost: x\r\n\r\n")
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert len(body) < len(data)
    assert set(body) == {ord("x")}


def test_a_folder_is_a_page_of_links(dav):
    dav.expect(201, "PUT", "/c/a%3Cb%3E%26%22.txt", b"12345")
    dav.expect(201, "MKCOL", "/c/sub/")
    page = dav.expect(200, "GET", "/c/")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    text = page.body.decode()
    assert 'href="/c/a%3Cb%3E%26%22.txt"' in text
    assert "a&lt;b&gt;&amp;&quot;.txt" in text
    assert 'href="/c/sub/"' in text
    assert 'href="/c/"' in dav.expect(200, "GET", "/").body.decode()
    assert dav.expect(200, "HEAD", "/c/").body == b""


def test_the_type_is_what_was_declared_else_what_the_name_says(dav):
    dav.expect(201, "PUT", "/c/a.png", b"", Content_Type="text/x-mine")
    dav.expect(201, "PUT", "/c/b.png", b"")
    dav.expect(201, "PUT", "/c/b.tar.gz", b"")
    dav.expect(201, "PUT", "/c/unknown", b"")
    types = [
        dav.expect(200, "HEAD", f"/c/{name}").headers["Content-Type"]
        for name in ("a.png", "b.png", "b.tar.gz", "unknown")
    ]
    assert types == ["text/x-mine", "image/png", "application/gzip", "application/octet-stream"]


def test_names_of_either_unicode_form_find_the_file(dav):
    """Finder asks with decomposed accents."""
    dav.expect(201, "PUT", "/c/%C3%BC.txt", TEXT)
    assert dav.expect(200, "GET", "/c/u%CC%88.txt").body == TEXT
