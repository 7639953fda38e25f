"""Times and what else hangs on a resource: set in any client's way, the same in every other, and nothing loses them."""

from __future__ import annotations

import pytest

from tests.http.test_proppatch import DAV, WINDOWS, patch, properties, setting
from tests.support.site import Stage, running_site

DATE = "Fri, 02 Jan 1970 00:00:00 GMT"
OWNCLOUD = "{http://owncloud.org/ns}"
SHA1 = "040f06fd774092478d450774f5ba30c5da78acc8"


def windows(name, text):
    return f'<w:{name} xmlns:w="{WINDOWS}">{text}</w:{name}>'


def asked(dav, path, *names):
    """Ask for properties by name: found ones to their text, as the client sees them."""
    wanted = "".join(f'<p:{local} xmlns:p="{namespace}"/>' for namespace, local in names)
    found = next(iter(dav.propfind(path, "0", f'<propfind xmlns="DAV:"><prop>{wanted}</prop></propfind>').values()))
    return {name: "".join(element.itertext()) for name, element in found.items()}


@pytest.mark.parametrize("verb", ["PUT", "MKCOL", "COPY", "MOVE"])
@pytest.mark.parametrize("seconds", ["86400", "86400.9"])
def test_a_time_in_the_header_is_taken_and_said_to_be(dav, verb, seconds):
    dav.expect(201, "PUT", "/c/source", b"x")
    headers = {"Destination": "/c/new"} if verb in {"COPY", "MOVE"} else {}
    path = "/c/source" if headers else "/c/new"
    answer = dav.send(verb, path, b"x" if verb == "PUT" else None, {"X-OC-Mtime": seconds} | headers)
    assert (answer.status, answer.headers["X-OC-Mtime"]) == (201, "accepted")
    assert properties(dav, "/c/new")[DAV + "getlastmodified"].text == DATE
    if verb != "MKCOL":
        assert dav.expect(200, "HEAD", "/c/new").headers["Last-Modified"] == DATE


@pytest.mark.parametrize("seconds", ["soon", "1e9", "", "0x10", "999999999999", "-999999999999"])
def test_a_time_that_is_none_changes_nothing(dav, seconds):
    dav.expect(400, "PUT", "/c/f", b"x", X_OC_Mtime=seconds)
    dav.expect(404, "GET", "/c/f")


def test_times_before_the_epoch_and_far_away(dav):
    for seconds, date in (
        ("-86400", "Wed, 31 Dec 1969 00:00:00 GMT"),
        ("253402300799", "Fri, 31 Dec 9999 23:59:59 GMT"),
    ):
        dav.send("PUT", "/c/f", b"x", {"X-OC-Mtime": seconds})
        assert dav.expect(200, "HEAD", "/c/f").headers["Last-Modified"] == date


def test_a_creation_time_in_the_header(dav):
    answer = dav.expect(201, "PUT", "/c/f", b"x", X_OC_CTime="86400", X_OC_Mtime="172800")
    assert (answer.headers["X-OC-CTime"], answer.headers["X-OC-Mtime"]) == ("accepted", "accepted")
    assert properties(dav, "/c/f")[DAV + "creationdate"].text == "1970-01-02T00:00:00Z"


@pytest.mark.parametrize(
    "element",
    [
        "<D:creationdate>1970-01-02T00:00:00Z</D:creationdate>",
        "<D:creationdate>1970-01-02T01:30:00.25+01:30</D:creationdate>",
        windows("Win32CreationTime", DATE),
    ],
)
def test_ways_to_set_the_creation_time(dav, element):
    dav.expect(201, "PUT", "/c/f", b"x")
    assert all(outcome == (200, None) for outcome in patch(dav, "/c/f", setting(element)).values())
    assert properties(dav, "/c/f")[DAV + "creationdate"].text == "1970-01-02T00:00:00Z"
    assert patch(dav, "/c/f", setting("<D:creationdate>2026-02-30T00:00:00Z</D:creationdate>")) == {
        DAV + "creationdate": (409, None)
    }


def test_the_times_of_windows_are_the_times_of_all(dav):
    """Kept as texts of their own, they would tell Explorer the old time after another client wrote the file."""
    dav.expect(201, "PUT", "/c/f", b"x")
    names = [(WINDOWS, "Win32LastModifiedTime"), (WINDOWS, "Win32CreationTime"), (WINDOWS, "Win32LastAccessTime")]
    patch(dav, "/c/f", setting(*(windows(name, DATE) for _, name in names)))
    assert set(asked(dav, "/c/f", *names).values()) == {DATE}
    dav.expect(204, "PUT", "/c/f", b"y", X_OC_Mtime="172800")
    found = asked(dav, "/c/f", *names)
    assert found[f"{{{WINDOWS}}}Win32LastModifiedTime"] == "Sat, 03 Jan 1970 00:00:00 GMT"
    assert found[f"{{{WINDOWS}}}Win32CreationTime"] == DATE
    patch(dav, "/c/f", setting(windows("Win32LastModifiedTime", "unheard of")))
    patch(dav, "/c/f", setting(windows("Win32LastModifiedTime", DATE)))
    assert asked(dav, "/c/f", *names) == dict.fromkeys((f"{{{WINDOWS}}}{name}" for _, name in names), DATE)


def test_checksums_are_those_the_upload_was_checked_with(dav):
    dav.expect(201, "PUT", "/c/f", b"content", OC_Checksum=f"SHA1:{SHA1}")
    name = ("http://owncloud.org/ns", "checksums")
    assert asked(dav, "/c/f", name) == {OWNCLOUD + "checksums": f"SHA1:{SHA1}"}
    dav.expect(204, "PUT", "/c/f", b"changed")
    assert asked(dav, "/c/f", name) == {}


def test_a_checksum_can_be_repeated_but_not_claimed(dav):
    """rclone sends back what it has read, beside the time it sets; one refusal would undo both."""
    dav.expect(201, "PUT", "/c/f", b"content", OC_Checksum=f"SHA1:{SHA1}")
    claim = '<oc:checksums xmlns:oc="http://owncloud.org/ns"><oc:checksum>SHA1:{}</oc:checksum></oc:checksums>'
    time = "<D:lastmodified>86400</D:lastmodified>"
    outcome = patch(dav, "/c/f", setting(time, claim.format(SHA1.upper())))
    assert set(outcome.values()) == {(200, None)}
    assert properties(dav, "/c/f")[DAV + "getlastmodified"].text == DATE
    assert patch(dav, "/c/f", setting(claim.format("0" * 40))) == {OWNCLOUD + "checksums": (409, None)}


def test_the_executable_bit_of_davfs2_and_cadaver(dav):
    dav.expect(201, "PUT", "/c/f", b"#!")
    name = ("http://apache.org/dav/props/", "executable")
    assert asked(dav, "/c/f", name) == {}
    for value in "TF":
        patch(dav, "/c/f", setting(f'<x:executable xmlns:x="{name[0]}">{value}</x:executable>'))
        assert asked(dav, "/c/f", name) == {f"{{{name[0]}}}executable": value}


def everything(dav, path):
    """Return all that hangs on a resource, and the content."""
    names = [(WINDOWS, "Win32FileAttributes"), (WINDOWS, "Win32CreationTime"), ("http://owncloud.org/ns", "checksums")]
    found = {name: "".join(element.itertext()) for name, element in properties(dav, path).items()}
    for moves in ("displayname", "lockdiscovery", "supportedlock"):
        found.pop(DAV + moves)
    return found | asked(dav, path, *names)


def test_all_of_it_follows_copy_and_move_and_survives_commit_and_restart(
    stage: tuple[Stage, tuple[str, int]], tmp_path
):
    with running_site(*stage, tmp_path / "data") as site:
        dav = site.client
        dav.expect(201, "MKCOL", "/c/")
        dav.expect(201, "MKCOL", "/other/")
        dav.expect(201, "MKCOL", "/c/d", X_OC_Mtime="345600")
        dav.expect(201, "PUT", "/c/d/f", b"content", OC_Checksum=f"SHA1:{SHA1}", X_OC_CTime="172800")
        dead = ('<a:mixed xml:lang="de">Text <b>und</b> mehr</a:mixed>', windows("Win32FileAttributes", "00000022"))
        patch(dav, "/c/d/f", setting(*dead, "<D:lastmodified>86400</D:lastmodified>"))
        patch(dav, "/c/d", setting("<a:of-the-folder>kept</a:of-the-folder>"))
        file, folder = everything(dav, "/c/d/f"), everything(dav, "/c/d/")
        assert (file[DAV + "getlastmodified"], file["{urn:a}mixed"]) == (DATE, "Text und mehr")
        dav.expect(201, "COPY", "/c/d", Destination="/c/copied")
        dav.expect(201, "COPY", "/c/d", Destination="/other/copied")
        dav.expect(201, "COPY", "/c/d", Destination="/whole")
        dav.expect(201, "MOVE", "/c/d", Destination="/other/moved")
        places = ["/c/copied/", "/other/copied/", "/whole/", "/other/moved/"]
        site.house.commit("c")
        site.house.commit("other")
        for place in places:
            assert (everything(dav, place + "f"), everything(dav, place)) == (file, folder)
    with running_site(*stage, tmp_path / "data") as site:
        for place in places:
            assert (everything(site.client, place + "f"), everything(site.client, place)) == (file, folder)
