"""What an application says of its response, and what of it goes out."""

import pytest

from davserver.server.reply import head_of, reply_of


def test_the_framing_is_not_the_applications():
    headers = [("Content-Length", "5"), ("Connection", "close"), ("Transfer-Encoding", "chunked"), ("ETag", '"x"')]
    reply = reply_of("200 OK", headers)
    assert (reply.lines, reply.length, reply.code) == ('ETag: "x"\r\n', 5, 200)


@pytest.mark.parametrize("value", ["a\r\nB: c", "a\nb", "a\rb", "a\0b"])
def test_no_value_begins_another_line(value):
    with pytest.raises(ValueError, match="line break"):
        reply_of("200 OK", [("X", value)])
    with pytest.raises(ValueError, match="line break"):
        reply_of(value, [])


def test_date_and_server_are_the_applications_if_it_has_its_own():
    plain = head_of(reply_of("200 OK", []), length=3, connection="", date="now", server="us")
    assert plain == b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nDate: now\r\nServer: us\r\n\r\n"
    own = reply_of("204 No Content", [("date", "then"), ("SERVER", "them")])
    told = head_of(own, length=None, connection="Connection: close\r\n", date="now", server="us")
    assert told == b"HTTP/1.1 204 No Content\r\ndate: then\r\nSERVER: them\r\nConnection: close\r\n\r\n"
