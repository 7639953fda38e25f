"""What a client is told it may do (RFC 3744, current-user-privilege-set)."""

from __future__ import annotations

import pytest

from davserver.access.guarded_house import GuardedHouse
from davserver.access.held import Held
from davserver.access.principal import Principal
from davserver.access.rights import Rights
from davserver.catalog.model import Right
from davserver.dav.app import make_app
from tests.support.site import DAV

ASKED = '<D:propfind xmlns:D="DAV:"><D:prop><D:current-user-privilege-set/></D:prop></D:propfind>'


def told(dav, path):
    [found] = dav.propfind(path, "0", ASKED).values()
    return {
        child.tag.removeprefix(DAV) for privilege in found[DAV + "current-user-privilege-set"] for child in privilege
    }


def test_where_everybody_may_do_everything_clients_are_told_so(dav):
    dav.expect(201, "PUT", "/c/f", b"x")
    for path in ("/c/", "/c/f"):
        assert {"read", "write", "write-content", "write-properties", "bind", "unbind"} <= told(dav, path)
    assert {"read", "bind", "unbind"} <= told(dav, "/")
    assert "write-content" not in told(dav, "/")


def test_history_can_be_read_only(site, dav):
    dav.expect(201, "PUT", "/c/f", b"x")
    version = site.house.commit("c")
    for path in ("/history/c/", f"/by_id/{version.pdh}/", f"/by_id/{version.pdh}/f"):
        assert told(dav, path) == {"read", "read-current-user-privilege-set"}


class Granted:
    """Grants the same right on every collection to everybody who has a name."""

    def __init__(self, right, collection_id):
        self.right = right
        self.collection_id = collection_id

    def held(self, principal):
        return Held({self.collection_id: self.right} if principal.name == "ann" else {}, {})


@pytest.mark.parametrize(("right", "writes"), [(Right.READ, False), (Right.WRITE, True), (Right.MANAGE, True)])
def test_rights_show(site, stage, dav, right, writes):
    granted = Granted(right, site.house.view("c").info.id)
    house = GuardedHouse(site.house, Rights(Principal("ann"), granted, may_ask=True))
    with stage[0].play(make_app(house)):
        assert ("write" in told(dav, "/c/")) is writes
        assert "read" in told(dav, "/c/")
        assert "bind" in told(dav, "/")
