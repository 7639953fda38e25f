"""The table of rights: each request of each namespace, by each role.

A role holds rights on a collection of its own; a deed takes a right somewhere in it. Who lacks it changes nothing, and
hears of what they may not see exactly what they hear of what is not there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import count
from types import MappingProxyType
from typing import NamedTuple

import pytest

from davserver.access import managing
from davserver.catalog.model import Grant, Right
from davserver.collection.attributes import EMPTY
from davserver.collection.change import Mkdir, Put
from davserver.collection.extents import MemExtent
from davserver.collection.filenode import FileNode
from tests.support.site import running_site
from tests.support.visitors import STRANGER, Visitors, visiting

LOCKINFO = (
    b'<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype>'
    b"<owner>me</owner></lockinfo>"
)
UPDATE = b'<propertyupdate xmlns="DAV:"><set><prop><x xmlns="urn:x">1</x></prop></set></propertyupdate>'
SYNC = (
    b'<sync-collection xmlns="DAV:"><sync-token/><sync-level>infinite</sync-level>'
    b"<prop><getetag/></prop></sync-collection>"
)
SEARCH = (
    b'<searchrequest xmlns="DAV:"><basicsearch><select><prop><getetag/></prop></select><from><scope><href></href>'
    b"<depth>infinity</depth></scope></from></basicsearch></searchrequest>"
)
APPEND = {"X-Update-Range": "append", "Content-Type": "application/x-sabredav-partialupdate"}
JSON = {"Content-Type": "application/json"}
OPEN = ("a", "open")
NOTHING, READ, WRITE, MANAGE = Right


class Role(NamedTuple):
    """Who asks, what was granted on all of the collection and on ``a/open``, and to whom; a token may only read."""

    who: str
    whole: Right = NOTHING
    part: Right = NOTHING
    grantee: str = ""
    only_reads: bool = False

    def right(self, path: str) -> Right:
        """Return what the role may do at a path."""
        right = max(self.whole, self.part if f"{path}/".startswith("a/open/") else NOTHING)
        return min(right, READ) if self.only_reads else right

    @property
    def sees_some(self) -> bool:
        return max(self.whole, self.part) >= READ


ROLES = {
    "stranger": Role(STRANGER),
    "stranger where all is public": Role(STRANGER, READ, grantee="anonymous"),
    "stranger where a part is public": Role(STRANGER, part=READ, grantee="anonymous"),
    "nobody": Role("ann"),
    "reader": Role("ann", READ, grantee="ann"),
    "writer": Role("ann", WRITE, grantee="ann"),
    "manager": Role("ann", MANAGE, grantee="ann"),
    "member of a group that reads": Role("ann", READ, grantee="@team"),
    "member of a group that writes a part": Role("ann", part=WRITE, grantee="@team"),
    "reader of a part": Role("ann", part=READ, grantee="ann"),
    "writer of a part": Role("ann", part=WRITE, grantee="ann"),
    "reader who writes a part": Role("ann", READ, WRITE, grantee="ann"),
    "token of scope read of a manager": Role("ann-reads", MANAGE, grantee="ann", only_reads=True),
    "token of scope read of a writer of a part": Role("ann-reads", part=WRITE, grantee="ann", only_reads=True),
    "where everybody reads and one manages": Role("ann", MANAGE, grantee="ann"),
}


class Deed(NamedTuple):
    """A request, and the right it takes at a path of the collection.

    In ``url`` and headers ``{name}``, ``{uuid}``, ``{pdh}`` and ``{version}`` are the collection's. ``is_change`` tells
    that it takes somebody with a name, too.
    """

    need: Right
    at: str
    method: str
    url: str
    body: bytes | None = None
    headers: Mapping[str, str] = MappingProxyType({})
    is_change: bool = False


def reading(method: str, at: str, url: str, body: bytes | None = None, **headers: str) -> Deed:
    return Deed(READ, at, method, url, body, headers)


def changing(need: Right, at: str, method: str, url: str, body: bytes | None = None, **headers: str) -> Deed:
    return Deed(need, at, method, url, body, {key.replace("_", "-"): value for key, value in headers.items()}, True)


def everywhere(base: str) -> list[Deed]:
    """List what is the same under the name and under the uuid."""
    return [
        *(reading(method, path, f"{base}/{path}") for method in ("GET", "HEAD") for path in ("a/open/f", "a/shut/f")),
        *(reading("PROPFIND", path, f"{base}/{path}", Depth="0") for path in ("a/open/f", "a/open", "a/shut", "top")),
        *(reading("PROPFIND", path, f"{base}/{path}", Depth="infinity") for path in ("a/open", "a/shut")),
        *(reading("REPORT", path, f"{base}/{path}", SYNC) for path in ("a/open", "a/shut")),
        *(reading("SEARCH", path, f"{base}/{path}", SEARCH) for path in ("a/open", "a/shut")),
        *(changing(WRITE, path, "PUT", f"{base}/{path}", b"new") for path in ("a/open/f", "a/shut/f", "top")),
        *(changing(WRITE, path, "PUT", f"{base}/{path}/new", b"new") for path in ("a/open", "a/shut", "a")),
        *(changing(WRITE, path, "PATCH", f"{base}/{path}", b"more", **APPEND) for path in ("a/open/f", "top")),
        *(changing(WRITE, path, "MKCOL", f"{base}/{path}/new") for path in ("a/open", "a/shut", "a")),
        *(changing(WRITE, path, "DELETE", f"{base}/{path}/f") for path in ("a/open", "a/shut")),
        *(changing(WRITE, path, "DELETE", f"{base}/{path}/open") for path in ("a",)),
        *(changing(WRITE, path, "PROPPATCH", f"{base}/{path}", UPDATE) for path in ("a/open/f", "a/open", "a", "top")),
        *(changing(WRITE, path, "LOCK", f"{base}/{path}", LOCKINFO) for path in ("a/open", "a", "a/shut", "top")),
        changing(WRITE, "a/open", "COPY", f"{base}/a/open/f", Destination=f"{base}/a/open/g"),
        changing(WRITE, "a", "COPY", f"{base}/a/open/f", Destination=f"{base}/a/g"),
        changing(WRITE, "a/open", "MOVE", f"{base}/a/open/f", Destination=f"{base}/a/open/g"),
        changing(WRITE, "", "MOVE", f"{base}/a/open/f", Destination=f"{base}/g"),
        changing(WRITE, "a", "MOVE", f"{base}/a/open", Destination=f"{base}/a/o"),
        changing(READ, "a/open", "COPY", f"{base}/a/open", Destination="/shared/{name}-o"),
        changing(READ, "", "COPY", f"{base}/a", Destination="/shared/{name}-a"),
        changing(READ, "", "COPY", f"{base}/", Destination="/{name}-copy"),
        changing(MANAGE, "", "DELETE", f"{base}/"),
        changing(MANAGE, "", "MOVE", f"{base}/", Destination="/{name}-moved"),
    ]


def made(*items: dict[str, str]) -> bytes:
    return json.dumps({"changes": items}).encode()


API = "/_/api/collections/{name}"
DEEDS = [
    *everywhere("/{name}"),
    *everywhere("/by_id/{uuid}"),
    reading("GET", "", "/by_id/{pdh}/a/open/f"),
    reading("PROPFIND", "", "/by_id/{pdh}/", Depth="1"),
    changing(READ, "", "COPY", "/by_id/{pdh}/a", Destination="/shared/{name}-p"),
    reading("PROPFIND", "", "/history/{name}/", Depth="1"),
    reading("GET", "", "/history/{name}/"),
    reading("GET", "", "/history/{name}/{version}/a/open/f"),
    reading("PROPFIND", "", "/history/{name}/{version}/", Depth="infinity"),
    changing(READ, "", "COPY", "/history/{name}/{version}/a/open", Destination="/shared/{name}-h"),
    *(reading("GET", path, f"/_/api/list/{{name}}/{path}/") for path in ("a/open", "a/shut")),
    *(reading("GET", path, f"/_/zip/{{name}}/{path}/") for path in ("a/open", "a/shut")),
    reading("GET", "", "/_/zip/by_id/{pdh}/"),
    reading("GET", "", API + "/versions"),
    reading("GET", "", API + "/history?path=a/open/f"),
    reading("GET", "", API + "/diff?from=1&to=live"),
    changing(WRITE, "", "POST", API + "/commit"),
    changing(WRITE, "", "PATCH", API + "/versions/1", b'{"label": "x"}', **JSON),
    changing(WRITE, "a/open", "POST", API + "/changes", made({"do": "delete", "path": "a/open/f"}), **JSON),
    changing(WRITE, "a/shut", "POST", API + "/changes", made({"do": "mkdir", "path": "a/shut/new"}), **JSON),
    changing(WRITE, "", "POST", API + "/changes", made({"do": "put", "path": "new", "text": "x"}), **JSON),
]
"""H2 and others: a new namespace is a few lines here."""
_numbers = count()


class Scene(NamedTuple):
    """A collection of a role, and how it is called."""

    name: str
    uuid: str
    pdh: str
    version: str

    def fill(self, text: str) -> str:
        return text.format(**self._asdict())


@pytest.fixture(scope="module")
def visitors(stage, tmp_path_factory):
    with running_site(*stage, tmp_path_factory.mktemp("table") / "data") as site, visiting(site, stage[0]) as visitors:
        visitors.account("ann")
        visitors.account("owner")
        visitors.token("ann-reads", "ann", may_write=False)
        managing.add_group(visitors.house, "team")
        managing.join(visitors.house, "team", "ann")
        assert visitors.send("ann", "MKCOL", "/shared/").status == 201
        visitors.grant("shared", "ann", WRITE)
        yield visitors


def scene_of(visitors: Visitors, title: str, *, is_committed: bool = True) -> Scene:
    """Make a collection of a role; with a version, that can be named."""
    role = ROLES[title]
    name = f"t{next(_numbers):05}"

    def fill(edit):
        info = edit.create_collection(name)
        for path in ((), ("a",), OPEN, ("a", "shut")):
            if path:
                edit.apply(info.id, Mkdir(path, EMPTY))
        for path in (("top",), (*OPEN, "f"), ("a", "shut", "f")):
            edit.apply(info.id, Put(path, FileNode([MemExtent(name.encode())], EMPTY).freeze()))
        for right, path in ((role.whole, ()), (role.part, OPEN)):
            if right:
                edit.access().set_grant(Grant(info.id, role.grantee, right, path))
        if title.startswith("where everybody"):
            edit.access().set_grant(Grant(info.id, "anonymous", READ))
        edit.access().set_grant(Grant(info.id, "owner", MANAGE))
        return info

    uuid = visitors.house.edit(fill).uuid
    if not is_committed:
        return Scene(name, uuid, "", "")
    version = visitors.house.commit(name)
    listed = visitors.send("owner", "PROPFIND", f"/history/{name}/", None, {"Depth": "1"})
    folder = max((href.text for href in listed.xml.iter("{DAV:}href")), key=len).rstrip("/").rpartition("/")[2]
    return Scene(name, uuid, str(version.pdh), folder)


def do(visitors: Visitors, role: Role, deed: Deed, scene: Scene):
    headers = {key: scene.fill(value) for key, value in deed.headers.items()}
    return visitors.send(role.who, deed.method, scene.fill(deed.url), deed.body, headers)


def absent(scene: Scene) -> Scene:
    """Return the names of what is not there, each as long as the one it stands for."""
    return Scene("x" + scene.name[1:], scene.uuid[:-3] + "zzz", "0" * 32 + scene.pdh[32:], scene.version)


def told(answer, scene: Scene):
    """What an answer tells, but for the names that were asked for."""
    text = str((answer.status, sorted(i for i in answer.headers.items() if i[0] not in {"Date", "X-Request-Id"})))
    text += answer.body.decode("latin-1")
    for word in filter(None, (scene.name, scene.uuid, scene.pdh)):
        text = text.replace(word, "*")
    return text


def title_of(deed: Deed) -> str:
    extra = deed.headers.get("Destination") or deed.headers.get("Depth") or ""
    return f"{deed.method} {deed.url} {extra} {(deed.body or b'')[:40].decode()}".strip()


@pytest.fixture(scope="module")
def scenes():
    """The collections that are as they were made, by role and by whether they have a version."""
    return {}


@pytest.mark.parametrize("deed", DEEDS, ids=title_of)
def test_a_deed_takes_its_right_whoever_asks_and_by_whatever_name(visitors, scenes, deed):
    is_committed = "{version}" in deed.url or "{pdh}" in deed.url or "/_/api/collections" in deed.url
    for title, role in ROLES.items():
        scene = scenes.get((title, is_committed)) or scene_of(visitors, title, is_committed=is_committed)
        scenes[title, is_committed] = scene
        before = visitors.house.view_uuid(scene.uuid)
        answer = do(visitors, role, deed, scene)
        may = role.right(deed.at) >= deed.need and not (deed.is_change and (role.only_reads or not role.who))
        if may:
            assert answer.status in {200, 201, 204, 207}, (title, answer)
            if deed.is_change:
                del scenes[title, is_committed]
            continue
        after = visitors.house.view_uuid(scene.uuid)
        assert (after.info, after.seq) == (before.info, before.seq), title
        assert answer.status in {401, 403, 404, 409}, (title, answer)
        if not role.who:
            assert answer.status in {401, 404}, (title, answer)
        if not role.sees_some and title != "where everybody reads and one manages":
            assert told(answer, scene) == told(do(visitors, role, deed, absent(scene)), absent(scene)), title


@pytest.mark.parametrize("title", [title for title, role in ROLES.items() if not role.whole])
def test_what_is_hidden_in_a_collection_is_as_what_is_not_there(visitors, title):
    """For who sees a part, or nothing: each deed at the hidden folder and at one that does not exist."""
    role = ROLES[title]
    scene = scene_of(visitors, title)
    hidden = [deed for deed in DEEDS if "a/shut" in deed.url or b"a/shut" in (deed.body or b"")]
    assert len(hidden) > 20
    for deed in hidden:
        missing = deed._replace(
            url=deed.url.replace("a/shut", "a/none"), body=deed.body and deed.body.replace(b"a/shut", b"a/none")
        )
        one, other = do(visitors, role, deed, scene), do(visitors, role, missing, scene)
        assert told(one, scene).replace("a/shut", "*") == told(other, scene).replace("a/none", "*"), title_of(deed)


def test_who_may_not_list_is_not_told_of_the_collection(visitors):
    for title, role in ROLES.items():
        scene = scene_of(visitors, title)
        for url in ("/", "/_/api/list/?limit=1000", "/_/api/me", "/history/"):
            method, headers = ("PROPFIND", {"Depth": "1"}) if url[1:2] in {"", "h"} else ("GET", {})
            answer = visitors.send(role.who, method, url, None, headers)
            shows = role.whole >= READ if url == "/history/" else role.sees_some
            assert (scene.name.encode() in answer.body) is shows, (title, url)
