"""Request bodies: the XML of WebDAV, the JSON of the API, the TOML of the settings."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import SimpleNamespace
from typing import Any, cast
from xml.etree import ElementTree

from davserver.collection.attributes import EMPTY, Attributes
from davserver.collection.dirnode import EMPTY_DIR
from davserver.collection.extents import MemExtent
from davserver.collection.filenode import FileNode
from davserver.config import Settings, load
from davserver.dav import sync, xml
from davserver.dav.faults import BadRequest, Unprocessable
from davserver.dav.lock import MAX_OWNER_CHARS, parse_lockinfo
from davserver.dav.properties import Subject
from davserver.dav.proppatch import apply_all, instructions_of, parse_update, propstats
from davserver.dav.propquery import parse_query
from davserver.dav.resources import Place, Resource
from davserver.dav.search import parse_search
from davserver.dav.surroundings import NO_LOCKS
from davserver.errors import ConfigError, Invalid
from davserver.web.changeset import parse_changes
from fuzz.target import Target

_AROUND = cast(
    "Any",
    SimpleNamespace(
        lockdiscovery=lambda _resource: NO_LOCKS,
        used_bytes=lambda _resource: 1,
        available_bytes=lambda _resource: 2,
        privilege_set=lambda _resource: "<D:current-user-privilege-set/>",
    ),
)
_FILE = FileNode(
    [MemExtent(b"hello")],
    Attributes(etag="0a", mtime_ns=5 * 10**9, properties=(("{x:}p", '<p xmlns="x:">a <b/> z</p>'),)),
).freeze()
_SUBJECTS = (
    Subject(Resource(("c", "a<b>&.txt"), Place.LIVE, 0, _FILE, path=("a<b>&.txt",)), _AROUND),
    Subject(Resource(("c",), Place.LIVE, 0, EMPTY_DIR, seq=3), _AROUND),
    Subject(Resource((), Place.SPACE, 0), _AROUND),
)
_RESPONSE = '<D:response xmlns:D="DAV:">{}</D:response>'


def check_xml(data: bytes) -> bool:
    """A document is refused, or is what expat reads, too: same elements, same attributes, same text."""
    try:
        document = xml.parse(data)
    except BadRequest as error:
        assert len(str(error)) < 4096
        return False
    assert document.getroottree().docinfo.internalDTD is None
    kept = xml.self_contained(document)
    again = xml.parse(kept.encode())
    assert _shape(again) == _shape(document)
    # What we write is judged, not what came: libxml2 leaves some of it out that expat refuses.
    assert _shape(ElementTree.fromstring(kept)) == _shape(document)
    return True


def _shape(element: Any) -> list[object]:
    """Flatten a tree of either library into what counts."""
    return [
        (each.tag, sorted(each.attrib.items()), each.text or "", "" if each is element else each.tail or "")
        for each in element.iter()
    ]


def check_propfind(data: bytes) -> bool:
    """A query is refused, or gives well-formed propstats for any resource."""
    try:
        query = parse_query(data)
    except BadRequest:
        return False
    for subject in _SUBJECTS:
        response = ElementTree.fromstring(_RESPONSE.format(query(subject)))
        assert {child.tag for child in response} == {"{DAV:}propstat"}
    return True


def check_proppatch(data: bytes) -> bool:
    """An update is refused, or every property of it has one status, and what is stored is well-formed XML."""
    try:
        instructions = parse_update(data)
    except BadRequest:
        return False
    _apply(instructions)
    return True


def check_mkcol(data: bytes) -> bool:
    """The properties of a new folder, as those of an update."""
    try:
        instructions = list(instructions_of(xml.parse(data, root="{DAV:}mkcol")))
    except BadRequest:
        return False
    _apply([one for one in instructions if one.name != "{DAV:}resourcetype"])
    return True


def _apply(instructions: list[Any]) -> None:
    attributes, refusals = apply_all(EMPTY, instructions)
    response = ElementTree.fromstring(_RESPONSE.format(propstats(instructions, refusals)))
    named = [str(prop.tag) for prop in response.iterfind("{DAV:}propstat/{DAV:}prop/*")]
    assert sorted(named) == sorted({one.name for one in instructions})
    for name, value in attributes.properties:
        assert xml.parse(value.encode()).tag == name
    assert Attributes.from_json(json.loads(json.dumps(attributes.to_json()))) == attributes


def check_lockinfo(data: bytes) -> bool:
    """A lock is refused, or its owner is one well-formed element of bounded length."""
    try:
        info = parse_lockinfo(data)
    except BadRequest:
        return False
    assert len(info.owner_xml) <= MAX_OWNER_CHARS
    if info.owner_xml:
        assert xml.parse(info.owner_xml.encode()).tag == "{DAV:}owner"
    return True


def check_sync(data: bytes) -> bool:
    """A report is refused, or asks for at least one member, at one of two levels."""
    try:
        asked = sync.parse_request(xml.parse(data, root="{DAV:}sync-collection"))
    except BadRequest:
        return False
    assert asked.limit is None or asked.limit > 0
    for subject in _SUBJECTS:
        ElementTree.fromstring(_RESPONSE.format(asked.query(subject)))
    return True


def check_search(data: bytes) -> bool:
    """A search is refused, or decides of every resource in three values, and says so in well-formed XML."""
    try:
        search = parse_search(data)
    except (BadRequest, Unprocessable):
        return False
    for subject in _SUBJECTS:
        if search.where is not None:
            assert search.where(subject) in {True, False, None}
        for order in search.orders:
            assert isinstance(order.read(subject), str | int | None)
        ElementTree.fromstring(_RESPONSE.format(search.query(subject)))
    return True


def check_changes(data: bytes) -> bool:
    """A set of changes is refused, or as long as its JSON says, with paths that lead nowhere else."""
    try:
        changes = parse_changes(data)
    except Invalid as error:
        assert error.message.isprintable() or len(error.message) < 4096
        return False
    assert len(changes.items) == len(json.loads(data)["changes"])
    for item in changes.items:
        for name in (*item.path, *item.to):
            assert name not in {"", ".", ".."}
            assert not {*"/\0"} & {*name}
        for new in (item.path if item.do in {"put", "mkdir"} else ())[-1:] + item.to[-1:]:
            assert new.encode().decode().isprintable() or not any(ord(char) < 32 for char in new)
        for name, value in item.properties.items():
            assert value is None or xml.parse(value.encode()).tag == name
    return True


def check_settings(data: bytes) -> bool:
    """A file of settings is refused with the name of a setting, or loads to settings that know where they came from."""
    with NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            loaded = load({}, {}, Path(file.name))
        except ConfigError as error:
            assert error.message
            return False
    assert loaded.origins.keys() == Settings.model_fields.keys()
    return True


_DAV = b' xmlns="DAV:">'
_PROPFIND = (
    b"<propfind" + _DAV + b"<prop><getetag/><displayname/><p xmlns='x:'/><q xmlns=''/></prop></propfind>",
    b"<propfind" + _DAV + b"<allprop/><include><quota-used-bytes/></include></propfind>",
    b"<D:propfind xmlns:D='DAV:'><D:propname/></D:propfind>",
)
_PROPPATCH = (
    b"<propertyupdate"
    + _DAV
    + b"<set><prop xml:lang='de'><p xmlns='x:' a='&amp;'>t<b/>u</p></prop></set><remove><prop>"
    b"<getetag/><displayname/></prop></remove></propertyupdate>",
    b"<propertyupdate" + _DAV + b"<set><prop><getlastmodified>Sun, 06 Nov 1994 08:49:37 GMT</getlastmodified>"
    b"<Win32FileAttributes xmlns='urn:schemas-microsoft-com:'>00000020</Win32FileAttributes></prop></set>"
    b"</propertyupdate>",
)
_MKCOL = (
    b"<mkcol" + _DAV + b"<set><prop><resourcetype><collection/></resourcetype><displayname>n</displayname></prop></set>"
    b"</mkcol>",
)
_LOCK = (
    b"<lockinfo" + _DAV + b"<lockscope><exclusive/></lockscope><locktype><write/></locktype>"
    b"<owner><href>mailto:a</href> b</owner></lockinfo>",
)
_SYNC = (
    b"<sync-collection" + _DAV + b"<sync-token>davserver:x/3</sync-token><sync-level>1</sync-level>"
    b"<limit><nresults>5</nresults></limit><prop><getetag/></prop></sync-collection>",
)
_SEARCH = (
    b"<searchrequest" + _DAV + b"<basicsearch><select><prop><getetag/></prop></select><from><scope><href>/c/</href>"
    b"<depth>infinity</depth></scope></from><where><and><or><gt><prop><getcontentlength/></prop><literal>3</literal></gt>"
    b"<like caseless='yes'><prop><displayname/></prop><literal>%a\\%_</literal></like></or><not><is-collection/></not>"
    b"<is-defined><prop><p xmlns='x:'/></prop></is-defined></and></where><orderby><order><prop><displayname/></prop>"
    b"<descending/></order></orderby><limit><nresults>2</nresults></limit></basicsearch></searchrequest>",
)
_JSON = (
    b"""{"changes":[{"do":"put","path":"a/b","text":"x","content_type":"text/plain","mtime":5.5,"if_match":"*"},
    {"do":"put","path":"c","base64":"eA=="},{"do":"move","path":"a","to":"b","overwrite":false},
    {"do":"properties","path":"a","set":{"{x:}y":"z"},"remove":["{x:}w"]},{"do":"delete","path":"b"}],
    "lock_tokens":["urn:uuid:1"]}""",
)
_TOML = (
    b"""listen = "127.0.0.1:1"
workers = 2
allowed_hosts = ["a"]
[commit]
idle_s = 2.5
bytes = "1MiB"
[proxy]
trusted = ["10.0.0.0/8", "unix"]
prefix = "/dav"
[limits]
body_bytes = 5
""",
)
_WORDS = (
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
    b"&b;",
    b"<![CDATA[",
    b"]]>",
    b"<?xml version='1.0' encoding='utf-16'?>",
    b"&#0;",
    b"&#xD800;",
    b"&#10;",
    b" xmlns:D='DAV:'",
    b" xmlns=''",
    b" xml:lang='en'",
    b"<!--",
    b"-->",
    b"<?p?>",
    b"xmlns='http://a'",
)
_LONG = 4096

TARGETS = (
    Target("xml", check_xml, (*_PROPFIND, *_PROPPATCH, *_LOCK), _WORDS, _LONG),
    Target("propfind", check_propfind, _PROPFIND, _WORDS, _LONG),
    Target("proppatch", check_proppatch, _PROPPATCH, _WORDS, _LONG),
    Target("mkcol", check_mkcol, _MKCOL, _WORDS, _LONG),
    Target("lockinfo", check_lockinfo, _LOCK, _WORDS, _LONG),
    Target("sync-report", check_sync, _SYNC, _WORDS, _LONG),
    Target("search", check_search, _SEARCH, (*_WORDS, b"<eq>", b"<lte>", b"<like>", b"%%", b"\\"), _LONG),
    Target("json-changes", check_changes, _JSON, (b'"do":"', b'"path":"', b"[[[", b"\\ud800", b"1e999", b"NaN"), _LONG),
    Target("settings", check_settings, _TOML, (b"[commit]\n", b" = ", b"'''", b"inf", b"nan", b"{}", b"[[a]]"), _LONG),
)
