"""What is printed when the server is ready."""

from davserver import __version__
from davserver.server.announce import announce


def test_first_line_is_the_url():
    assert announce(("127.0.0.1", 8080), tls=False).splitlines()[0] == (
        f"davserver {__version__} serving http://127.0.0.1:8080/"
    )
    assert announce(("::1", 443), tls=True).splitlines()[0].endswith(" serving https://[::1]:443/")
    assert announce("/run/s", tls=False).splitlines()[0].endswith(" serving unix:/run/s")


def test_wildcard_addresses_are_named_by_one_that_can_be_connected_to():
    assert "http://127.0.0.1:80/" in announce(("0.0.0.0", 80), tls=False)
    assert "http://[::1]:80/" in announce(("::", 80), tls=False)


def test_every_client_is_told_how():
    text = announce(("127.0.0.1", 8080), tls=False)
    for client in ("macOS", "Windows", "Linux", "rclone", "curl"):
        assert client in text
    assert "\\\\127.0.0.1@8080\\DavWWWRoot" in text
    assert "davs://" in announce(("127.0.0.1", 8080), tls=True)
