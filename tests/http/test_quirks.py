"""Each quirk does what it says for its client, nothing for others, and nothing when it is switched off."""

from __future__ import annotations

import pytest

from davserver.dav.app import make_app
from davserver.dav.quirks import explorer, finder, office
from davserver.dav.quirks.finder import busy_for
from davserver.dav.quirks.quirk import Asking
from davserver.dav.quirks.switches import ALL, switched_off
from davserver.dav.status import row_of
from davserver.errors import CatalogBusy, ConfigError, NotFound
from tests.http.test_proppatch import WINDOWS, setting, update
from tests.support.site import DAV

EXPLORER = "Microsoft-WebDAV-MiniRedir/10.0.26100"
MACOS_14 = "WebDAVFS/3.0.0 (03008000) Darwin/23.6.0 (arm64)"
MACOS_15 = "WebDAVFS/3.0.0 (03008000) Darwin/24.4.0 (arm64)"
MACOS_26 = "WebDAVFS/3.0.0 (03008000) Darwin/25.1.0 (arm64)"
WORD = "Microsoft Office Word 2014"
CURL = "curl/8.7.1"
LOCKINFO = (
    b'<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
    b"<D:locktype><D:write/></D:locktype></D:lockinfo>"
)
QUOTA = b'<D:propfind xmlns:D="DAV:"><D:prop><D:quota-available-bytes/><D:quota-used-bytes/></D:prop></D:propfind>'


@pytest.fixture(params=[True, False], ids=["on", "off"])
def switch(request, site, stage, dav):
    """Serve with all quirks, and without the one of the test."""

    def play(quirk):
        stage[0]._app = make_app(site.house, () if request.param else (quirk.name,))
        return request.param

    before = stage[0]._app
    yield play
    stage[0]._app = before


@pytest.mark.parametrize(("agent", "known"), [(EXPLORER, True), (CURL, False)])
def test_explorer_gets_short_listings(dav, switch, agent, known):
    short = switch(explorer.SHORT_LISTING) and known
    dav.expect(201, "PUT", "/c/f", b"x")
    answer = dav.expect(207, "PROPFIND", "/c/", Depth="1", User_Agent=agent)
    assert (b"supportedlock" not in answer.body) == short
    assert (b"getetag" not in answer.body) == short
    assert b"getcontentlength" in answer.body
    answer = dav.expect(207, "PROPFIND", "/c/f", QUOTA.replace(b"quota-used-bytes", b"getetag"), User_Agent=agent)
    assert b"<D:getetag>" in answer.body


def test_explorer_sets_its_attributes_without_the_token(dav, switch):
    passes = switch(explorer.ATTRIBUTES_WITHOUT_TOKEN)
    dav.expect(201, "LOCK", "/c/f", LOCKINFO)
    body = update(setting(f'<w:Win32FileAttributes xmlns:w="{WINDOWS}">00000020</w:Win32FileAttributes>'))
    dav.expect(207 if passes else 423, "PROPPATCH", "/c/f", body, User_Agent=EXPLORER)
    dav.expect(423, "PROPPATCH", "/c/f", update(setting("<a:x/>")), User_Agent=EXPLORER)


@pytest.mark.parametrize(
    ("agent", "hangs"), [(MACOS_14, False), (MACOS_15, True), (MACOS_26, True), (CURL, False), ("", False)]
)
def test_a_finder_that_would_hang_is_not_told_the_free_space(dav, switch, agent, hangs):
    hides = switch(finder.NO_QUOTA) and hangs
    answer = dav.expect(207, "PROPFIND", "/c/", QUOTA, Depth="0", User_Agent=agent)
    told = [prop.text for prop in answer.xml.iter(DAV + "quota-available-bytes", DAV + "quota-used-bytes")]
    assert len(told) == 2
    assert told == [None, None] if hides else all(text.isdigit() for text in told)


@pytest.mark.parametrize(("agent", "known"), [(WORD, True), (CURL, False)])
def test_office_is_never_told_that_its_copy_is_still_good(dav, switch, agent, known):
    whole = switch(office.NO_304) and known
    etag = dav.expect(201, "PUT", "/c/f", b"x").headers["ETag"]
    answer = dav.expect(200 if whole else 304, "GET", "/c/f", If_None_Match=etag, User_Agent=agent)
    assert answer.body == (b"x" if whole else b"")


def test_for_the_finder_a_busy_server_is_a_busy_file():
    asking = Asking(MACOS_15)
    assert row_of(busy_for(asking, CatalogBusy("busy"))).status == 423
    assert row_of(busy_for(asking, NotFound("gone"))).status == 404
    assert row_of(busy_for(Asking(CURL), CatalogBusy("busy"))).status == 503
    assert row_of(busy_for(Asking(MACOS_15, frozenset({finder.BUSY.name})), CatalogBusy("busy"))).status == 503


def test_every_quirk_has_a_name_and_a_source():
    assert len({quirk.name for quirk in ALL}) == len(ALL)
    told = "".join(module.__doc__ for module in (explorer, finder, office))
    for quirk in ALL:
        assert f"``{quirk.name}``" in told
    assert told.count("Source: ") == len(ALL)


def test_an_unheard_of_quirk_cannot_be_switched_off():
    assert switched_off(quirk.name for quirk in ALL) == {quirk.name for quirk in ALL}
    with pytest.raises(ConfigError, match=r"quirks\.off"):
        switched_off(["finder-everything"])
