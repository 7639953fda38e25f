"""Whatever bytes come, nobody's request is made up of them: where two readers could differ, the connection ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.smuggling import HIDDEN, HOSTILE, Notes, noting, responses_in, send


@pytest.fixture(scope="module")
def noted() -> Iterator[tuple[Notes, tuple[str, int]]]:
    with noting() as running:
        yield running


@pytest.mark.parametrize("name", HOSTILE)
def test_no_hidden_request_is_seen(noted: tuple[Notes, tuple[str, int]], name: str) -> None:
    notes, address = noted
    before = len(notes.targets())
    answer = send(address, HOSTILE[name])
    assert [target for target in notes.targets()[before:] if "smuggled" in target] == []
    assert responses_in(answer) == 1
    assert answer[9:12] in {b"400", b"501", b"505"}
    assert b"\r\nConnection: close\r\n" in answer


def test_what_was_sent_as_two_requests_is_seen_as_two(noted: tuple[Notes, tuple[str, int]]) -> None:
    """The counterpart: else the tests above would pass with a server that serves nothing twice."""
    notes, address = noted
    before = len(notes.targets())
    put = b"PUT /dav/c/f HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN)
    send(address, put + HIDDEN + HIDDEN)
    first, second = notes.seen[before:]
    assert (first.method, first.body, first.whole) == ("PUT", HIDDEN, True)
    assert (second.method, second.target) == ("GET", "/dav/smuggled")


def test_a_body_that_an_answer_did_not_wait_for_is_no_request(dav) -> None:
    """A PUT that is refused early: what follows on its connection is the rest of its body, whatever it looks like."""
    for size in (len(HIDDEN), 4 << 20):
        body = HIDDEN.replace(b"/dav/smuggled", b"/c/") + b"x" * (size - len(HIDDEN))
        head = b"PUT /c/none/f HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n" % len(body)
        for expect in (b"", b"Expect: 100-continue\r\n"):
            answer = send((dav.host, dav.port), head + expect + b"\r\n" + body)
            assert answer.startswith(b"HTTP/1.1 409 ")
            assert responses_in(answer) == 1


@pytest.mark.parametrize(
    "target",
    ["//evil.com/c/f", "http://localhost/c/f", "HTTP://LOCALHOST/c/f", "/c//f", "/./c/./f"],
)
def test_a_target_in_any_form_is_the_same_path(dav, target: str) -> None:
    dav.expect(201, "PUT", "/c/f", b"here")
    answer = dav.raw(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    expected = b"404" if "evil" in target else b"200"
    assert answer[9:12] == expected


@pytest.mark.parametrize(
    "target",
    ["c/f", "*", "ftp://localhost/c/f", "http:///c/f", "http://a@localhost/c/f", "/c/f#x", "/c/%2", "/c/%zz", "/c/f%00",
     "/c/%2e%2e/f", "/c/..", "/c/%c0%af", "/c/%ed%a0%80", "/c/a%2Fb", "/%2e%2e%2fetc/passwd", "/c/\xff"],
)  # fmt: skip
def test_a_target_that_is_no_path_of_ours_is_refused(dav, target: str) -> None:
    answer = dav.raw(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1"))
    assert answer[9:12] == b"400", answer[:100]


def test_names_that_are_tricks_elsewhere_are_names_here(dav) -> None:
    """Backslash, semicolon, a doubly encoded slash, a drive letter: stored under themselves, and nowhere else."""
    for name in ("..%5c..%5cx", "a;b", "a%252Fb", "C:%5cx", "%252e%252e", "a%253Bb", "CON", "~", "-rf"):
        dav.expect(201, "PUT", f"/c/{name}", name.encode())
    for name in ("..%5c..%5cx", "a;b", "a%252Fb", "C:%5cx", "%252e%252e", "a%253Bb", "CON", "~", "-rf"):
        assert dav.expect(200, "GET", f"/c/{name}").body == name.encode()
    assert len(dav.propfind("/c/", "1")) == 10


@pytest.mark.parametrize(
    ("destination", "status"),
    [
        ("http://evil.com/c/g", 502),
        ("http://localhost.evil.com/c/g", 502),
        ("http://localhost@evil.com/c/g", 502),
        ("//evil.com/c/g", 502),
        ("file:///etc/passwd", 502),
        ("/c/../../etc/g", 400),
        ("/c/%2e%2e/g", 400),
        ("/c/a%2Fb", 400),
        ("/c/g%00", 400),
        ("/c/g\\h", 400),
        ("c/g", 400),
        ("/c/g?x", 400),
        ("/c/g#x", 400),
        ("/_/api/g", 404),
    ],
)
def test_a_destination_that_is_a_trick_moves_nothing(dav, destination: str, status: int) -> None:
    dav.expect(201, "PUT", "/c/f", b"x")
    for verb in ("MOVE", "COPY"):
        answer = dav.send(verb, "/c/f", None, {"Destination": destination, "Host": "localhost"})
        assert answer.status in {status, 403, 409} if status == 404 else answer.status == status
    assert list(dav.propfind("/c/", "1")) == ["/c/", "/c/f"]


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x=y", "a%0d%0aSet-Cookie:%20x=y", "a\nX: y"])
def test_nothing_that_is_repeated_becomes_a_header(dav, value: str) -> None:
    dav.expect(201, "PUT", "/c/f", b"x")
    for head in (
        f"GET /c/{value} HTTP/1.1\r\nHost: localhost\r\n",
        f"MOVE /c/f HTTP/1.1\r\nHost: localhost\r\nDestination: /c/{value}\r\n",
        f"GET /c/f HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {value}\r\n",
        f"PUT /c/g HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/{value}\r\nContent-Length: 0\r\n",
        f"LOCK /c/f HTTP/1.1\r\nHost: localhost\r\nTimeout: {value}\r\n",
    ):
        answer = dav.raw(f"{head}Connection: close\r\n\r\n".encode())
        assert b"\nSet-Cookie" not in answer.partition(b"\r\n\r\n")[0]
        assert b"\nX: y" not in answer.partition(b"\r\n\r\n")[0]
