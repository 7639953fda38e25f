"""A listing against what each of its members says alone: byte for byte, whatever was kept of earlier listings."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from davserver.blocks.open import open_store
from davserver.catalog.database import open_catalog
from davserver.catalog.model import Lock
from davserver.collection.attributes import Attributes
from davserver.collection.change import Mkdir, Put, Remove
from davserver.collection.extents import MemExtent
from davserver.collection.filenode import FileNode
from davserver.dav.app import DavApp, make_app
from davserver.dav.paths import href_of
from davserver.live.edit import Edit
from davserver.live.house import House
from davserver.values import TreePath

NOW_S = 1_700_000_000
_OPEN, _CLOSE = b'<D:multistatus xmlns:D="DAV:">', b"</D:multistatus>"
_RESPONSE = re.compile(rb"<D:response>.*?</D:response>", re.DOTALL)

NAMES = [
    "getetag", "getlastmodified", "creationdate", "resourcetype", "getcontentlength", "getcontenttype", "displayname",
    "lockdiscovery", "supportedlock", "quota-used-bytes", "quota-available-bytes", "current-user-privilege-set",
    "sync-token", "supported-report-set", "nothing",
]  # fmt: skip
FOREIGN = [
    '<x:note xmlns:x="urn:x"/>',
    '<c:checksums xmlns:c="http://owncloud.org/ns"/>',
    '<executable xmlns="urn:a"/>',
]
BODIES = st.one_of(
    st.sampled_from(["", "<propname/>", "<allprop/><include><sync-token/></include>"]),
    st.lists(st.sampled_from([*(f"<{name}/>" for name in NAMES), *FOREIGN]), max_size=8).map(
        lambda found: f"<prop>{''.join(found)}</prop>"
    ),
)
AGENTS = st.sampled_from(["", "Microsoft-WebDAV-MiniRedir/10.0"])
TIMES = st.none() | st.integers(0, 2**60)
DEAD = st.sets(
    st.sampled_from(
        [("{urn:x}note", '<n xmlns="urn:x">a &amp; b</n>'), ("{DAV:}displayname", '<displayname xmlns="DAV:"/>')]
    )
)
ATTRIBUTES = st.builds(
    Attributes,
    etag=st.none() | st.text("0123456789abcdef", min_size=1),
    mtime_ns=TIMES,
    created_ns=TIMES,
    content_type=st.none() | st.sampled_from(["a/b", "text/x; y=<&>"]),
    checksums=st.sampled_from([(), (("md5", "00"), ("sha1", "11"))]),
    properties=DEAD.map(lambda found: tuple(sorted(found))),
)
FILE_NAMES = st.sampled_from(["a&b", "<x>", "100%", "a b", "ü", "u\u0308", "😀.txt", "._a", "q'\"", "m0005", "Z"])


def put(name: str, attributes: Attributes, content: bytes = b"") -> Put:
    return Put((name,), FileNode([MemExtent(content)] if content else [], attributes).freeze())


STEPS = st.lists(
    st.one_of(
        st.builds(put, FILE_NAMES, ATTRIBUTES, st.binary(max_size=3)),
        st.builds(lambda name, attributes: Mkdir((name,), attributes), FILE_NAMES.map("d-".__add__), ATTRIBUTES),
        st.builds(lambda name: Remove((name,)), FILE_NAMES),
        st.tuples(st.just("lock"), st.sampled_from([(), ("m0000",), ("none",), ("m0001", "below")]), st.booleans()),
        st.just(("unlock",)),
        st.tuples(st.just("list"), BODIES, AGENTS),
    ),
    min_size=1,
    max_size=14,
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("listings")
    house = House(open_catalog(f"sqlite:///{folder / 'catalog.db'}"), open_store("memory://"), clock=lambda: NOW_S)
    yield house
    house.close()


@pytest.fixture(scope="module")
def app(house: House) -> DavApp:
    return make_app(house)


FRESH = count()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(size=st.sampled_from([0, 3, 70, 200]), steps=STEPS, last=BODIES)
def test_a_listing_says_of_each_member_what_it_says_itself(
    house: House, app: DavApp, size: int, steps: list[Any], last: str
) -> None:
    name = f"ä {next(FRESH)}"
    house.edit(lambda edit: fill(edit, name, size))
    everything = ("list", "", "")
    for step in [everything, *steps, everything, ("list", last, ""), ("unlock",), everything]:
        if not isinstance(step, tuple):
            house.edit(lambda edit, step=step: change(edit, name, step))
        elif step[0] == "unlock":
            house.edit(lambda edit: unlock(edit, name))
        elif step[0] == "lock":
            house.edit(lambda edit, step=step: lock(edit, name, step[1], infinite=step[2]))
        else:
            compare(house, app, name, step[1], step[2])


def fill(edit: Edit, name: str, size: int) -> None:
    info = edit.create_collection(name)
    for number in range(size):
        edit.apply(info.id, put(f"m{number:04}", Attributes(etag=f"{number:x}", mtime_ns=number * 10**12)))


def change(edit: Edit, name: str, step: Put | Mkdir | Remove) -> None:
    view = edit.view(name)
    present = view.root.get(step.path[0]) is not None
    if present if not isinstance(step, Put | Mkdir) else isinstance(step, Put) or not present:
        edit.apply(view.info.id, step)


def lock(edit: Edit, name: str, path: TreePath, *, infinite: bool) -> None:
    view = edit.view(name)
    edit.add_lock(
        Lock(
            token=f"urn:uuid:{next(FRESH)}",
            collection_id=view.info.id,
            path=path,
            infinite=infinite,
            exclusive=False,
            owner_xml="",
            principal="",
            timeout_s=60,
            expires_ns=(NOW_S + 60) * 10**9,
        )
    )


def unlock(edit: Edit, name: str) -> None:
    for held in edit.locks(edit.view(name).info.id):
        edit.remove_lock(held)


def compare(house: House, app: DavApp, name: str, body: str, agent: str) -> None:
    root = house.view(name).root
    listed = ask(app, href_of("", (name,), folder=True), "1", body, agent)
    paths = [(), *((child,) for child, _ in root.items())]
    hrefs = [href_of("", (name, *path), folder=not path or not is_file(root.get(path[0]))) for path in paths]
    assert listed == [one for href in hrefs for one in ask(app, href, "0", body, agent)]


def is_file(node: object) -> bool:
    return isinstance(node, FileNode)


def ask(app: DavApp, href: str, depth: str, body: str, agent: str) -> list[bytes]:
    """Return the responses in an answer, after a look that they are all there is in it."""
    sent = f'<propfind xmlns="DAV:">{body}</propfind>'.encode() if body else b""
    started: list[str] = []
    environ = {
        "REQUEST_METHOD": "PROPFIND",
        "REQUEST_URI": href,
        "PATH_INFO": href,
        "HTTP_DEPTH": depth,
        "HTTP_USER_AGENT": agent,
        "CONTENT_LENGTH": str(len(sent)),
        "wsgi.input": io.BytesIO(sent),
    }
    answer = b"".join(app(environ, lambda status, _headers: started.append(status)))
    assert started == ["207 Multi-Status"]
    found = _RESPONSE.findall(answer)
    assert answer.partition(_OPEN)[2] == b"".join([*found, _CLOSE])
    return found
