"""Where the server listens: addresses, ports that are taken, sockets left behind."""

import socket

import pytest

from davserver.errors import ConfigError
from davserver.server.sockets import Address, listen, name_of, parse_listen


@pytest.fixture
def bound():
    """Listen; everything is closed when the test ends."""
    sockets = []

    def bound(text, count=1):
        made = listen(parse_listen(text), count)
        sockets.extend(made)
        return made

    yield bound
    for sock in sockets:
        sock.close()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", Address("127.0.0.1", 8080)),
        ("localhost:0", Address("localhost", 0)),
        (":80", Address("0.0.0.0", 80)),
        ("[::1]:80", Address("::1", 80)),
        ("dav.example.org:65535", Address("dav.example.org", 65535)),
    ],
)
def test_addresses(text, address):
    assert parse_listen(text) == address
    assert parse_listen(str(address)) == address


def test_unix_paths(tmp_path):
    assert parse_listen(f"unix:{tmp_path}/s").path == tmp_path / "s"
    assert str(parse_listen("unix:s")).startswith("unix:/")


@pytest.mark.parametrize("text", ["", "h", "h:", "h:x", "h:65536", "h:-1", "::1:80", "[::1]", "unix:", "h:1 ", "a:b:1"])
def test_what_is_no_address(text):
    with pytest.raises(ConfigError) as failure:
        parse_listen(text)
    assert failure.value.hint == "HOST:PORT, [IPV6]:PORT or unix:PATH"


@pytest.mark.parametrize(
    ("text", "private"),
    [
        ("127.0.0.1:1", True),
        ("127.1.2.3:1", True),
        ("[::1]:1", True),
        ("localhost:1", True),
        ("unix:s", True),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("10.0.0.1:1", False),
        ("nas:1", False),
        (":1", False),
    ],
)
def test_private_addresses(text, private):
    assert parse_listen(text).is_private() is private


def test_several_sockets_share_one_port(bound):
    names = {name_of(sock) for sock in bound("127.0.0.1:0", 3)}
    assert len(names) == 1
    assert names.pop()[1] != 0


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("others", [1, 2])
def test_port_of_another_server_is_refused(bound, count, others):
    port = name_of(bound("127.0.0.1:0", others)[0])[1]
    with pytest.raises(ConfigError, match="cannot listen on") as failure:
        bound(f"127.0.0.1:{port}", count)
    assert "--listen" in failure.value.hint


def test_port_can_be_taken_again_at_once(bound):
    [first] = bound("127.0.0.1:0")
    port = name_of(first)[1]
    client = socket.create_connection(("127.0.0.1", port))
    server, _ = first.accept()
    first.close()
    server.close()  # this side's end waits in TIME_WAIT
    client.close()
    assert name_of(bound(f"127.0.0.1:{port}")[0])[1] == port


def test_host_that_does_not_exist():
    with pytest.raises(ConfigError, match="cannot listen on"):
        listen(parse_listen("host.invalid:1"), 1)


def test_unix_socket_serves_all_workers(bound, tmp_path):
    sockets = bound(f"unix:{tmp_path}/s", 3)
    assert len({id(sock) for sock in sockets}) == 1
    assert name_of(sockets[0]) == f"{tmp_path}/s"
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o660


def test_unix_socket_in_use_is_refused(bound, tmp_path):
    bound(f"unix:{tmp_path}/s")
    with pytest.raises(ConfigError, match="another server"):
        bound(f"unix:{tmp_path}/s")


def test_unix_socket_left_behind_is_replaced(bound, tmp_path):
    bound(f"unix:{tmp_path}/s")[0].close()
    assert bound(f"unix:{tmp_path}/s")


def test_file_that_is_no_socket_stays(bound, tmp_path):
    (tmp_path / "s").write_text("precious")
    with pytest.raises(ConfigError, match="no socket"):
        bound(f"unix:{tmp_path}/s")
    assert (tmp_path / "s").read_text() == "precious"


def test_unix_directory_that_does_not_exist(bound, tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        bound(f"unix:{tmp_path}/none/s")
