"""What is answered when nobody can find out who asks."""

import structlog

from davserver.errors import CatalogBusy
from davserver.middleware.authentication import Authenticated
from davserver.trouble import FAULT_KEY


class BusyDoor:
    """A door whose catalog is locked."""

    def enter(self, _caller):
        raise CatalogBusy("the catalog is busy: database is locked", retry_after_s=7)


def test_a_busy_catalog_is_no_refusal_of_the_credentials():
    sent = []
    environ = {"REQUEST_METHOD": "GET", "HTTP_AUTHORIZATION": "Basic eDp5", "REMOTE_ADDR": "127.0.0.1"}
    with structlog.testing.capture_logs() as logged:
        body = Authenticated(lambda *_: [b"never"], BusyDoor())(
            environ, lambda status, headers, _=None: sent.append((status, dict(headers)))
        )
    ((status, headers),) = sent
    assert status == "503 Service Unavailable"
    assert headers["Retry-After"] == "7"
    assert "WWW-Authenticate" not in headers
    assert b"".join(body) == b"The server cannot do this now; try again in 7 seconds.\n"
    assert environ[FAULT_KEY] == "CatalogBusy"
    assert [(line["event"], line["reason"]) for line in logged] == [
        ("request failed", "the catalog is busy: database is locked")
    ]
