"""Headers of an answer that is given again are looked at once, by each who looks; others each time."""

import pytest

from davserver.headers import Known, extended, once
from davserver.middleware.compression import Compressed
from davserver.middleware.exchange import Observed
from davserver.middleware.security_headers import SecurityHeaders

HEADERS = [("Content-Type", "application/xml"), ("Content-Length", "2000"), ("Vary", "Prefer")]


def test_a_function_looks_once_at_known_headers_and_each_time_at_others():
    looks = []
    count, names = once(lambda headers: looks.append(headers) or len(headers)), once(dict)
    known = Known(HEADERS)
    assert [count(known), count(known), count(HEADERS), count(HEADERS)] == [3, 3, 3, 3]
    assert looks == [known, HEADERS, HEADERS]
    assert names(known) == dict(HEADERS)
    assert count(Known(HEADERS[:1])) == 1


def test_known_headers_stay_as_they_are():
    known = Known(HEADERS)
    for change in (known.append, known.extend, known.remove, known.__iadd__, known.__delitem__):
        with pytest.raises(TypeError):
            change(HEADERS[0])
    for change in (known.clear, known.pop, known.sort, known.reverse):
        with pytest.raises(TypeError):
            change()
    with pytest.raises(TypeError):
        known[0] = HEADERS[0]
    assert known == HEADERS


@pytest.mark.parametrize("kind", [list, Known])
def test_more_headers_come_behind(kind):
    more = [("X", "1")]
    headers = extended(kind(HEADERS), more)
    assert headers == [*HEADERS, *more]
    assert type(headers) is kind


def through_all_wrappers(headers, accept):
    def app(environ, start_response):
        start_response("207 Multi-Status", headers)
        return [b"x" * 2000]

    sent = []
    site = Observed(Compressed(SecurityHeaders(app)), (), monotonic=lambda: 0.0, random_bytes=bytes)
    environ = {"REQUEST_METHOD": "PROPFIND", "PATH_INFO": "/", "HTTP_ACCEPT_ENCODING": accept}
    body = b"".join(site(environ, lambda status, headers, exc_info=None: sent.append([status, *headers])))
    return sent[0], body


@pytest.mark.parametrize("accept", ["", "gzip"])
def test_known_headers_leave_as_others_do(accept):
    known = Known(HEADERS)
    expected, body = through_all_wrappers(HEADERS, accept)
    for _ in range(2):
        headers, again = through_all_wrappers(known, accept)
        assert (headers, again) == (expected, body)
