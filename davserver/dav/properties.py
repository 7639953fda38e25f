"""Properties of a resource, as XML.

Owns: the live properties and how each is written; which of them ``allprop`` means, and which follow from the resource
alone.
Never: a property's change (``proppatch``), a query: everything comes from the subject.
Follows: RFC 4918 section 15, RFC 4331 (quota), RFC 3744 (privileges), RFC 6578 (sync-token), RFC 5323,
ownCloud's ``checksums`` (rclone asks for them).
A dead property is stored as a whole element (``xml.self_contained``) and written as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Generic, NamedTuple, TypeVar

from davserver.catalog.model import Version
from davserver.collection.attributes import EMPTY
from davserver.collection.dirnode import Node
from davserver.collection.filenode import FileNode, etag_of
from davserver.dav import mediatypes, xml
from davserver.dav.httpdate import format_date, format_rfc3339
from davserver.dav.lockxml import SUPPORTED
from davserver.dav.resources import Place, Resource, known_s
from davserver.dav.settable import CHECKSUMS, WINDOWS_CREATED, WINDOWS_MTIME
from davserver.dav.surroundings import NO_LOCKS, Surroundings
from davserver.dav.synctoken import SyncToken

DISPLAYNAME = "{DAV:}displayname"
_SUPPORTED = f"<D:supportedlock>{SUPPORTED}</D:supportedlock>"
SYNC_REPORT = (
    "<D:supported-report-set><D:supported-report><D:report><D:sync-collection/></D:report></D:supported-report>"
    "</D:supported-report-set>"
)
GRAMMARS = (
    "<D:supported-query-grammar-set><D:supported-query-grammar><D:grammar><D:basicsearch/></D:grammar>"
    "</D:supported-query-grammar></D:supported-query-grammar-set>"
)


class Member:
    """A resource as far as most of its properties go: what it is of itself, wherever it stands in the tree."""

    __slots__ = ("attributes", "born_ns", "file", "name", "node", "place")

    def __init__(self, name: str, node: Node | None, born_ns: int, place: Place) -> None:
        """``name`` is the last one of the URL, "" for the root; ``born_ns`` stands in for times nobody recorded."""
        self.name = name
        self.node = node
        self.file = node if isinstance(node, FileNode) else None
        self.attributes = EMPTY if node is None else node.attributes
        self.born_ns = born_ns
        self.place = place


class Subject(Member):
    """One resource whose properties are written, with what is around it."""

    __slots__ = ("around", "resource")

    def __init__(self, resource: Resource, around: Surroundings) -> None:
        segments = resource.segments
        super().__init__(segments[-1] if segments else "", resource.node, resource.born_ns, resource.place)
        self.resource = resource
        self.around = around


M = TypeVar("M", bound=Member)

Writer = Callable[[M], str | None]
"""Writes the whole element; None means the resource does not have the property."""


def _created_s(member: Member) -> int:
    return known_s(member.attributes.created_ns, member.born_ns)


def _modified_s(member: Member) -> int:
    return known_s(member.attributes.mtime_ns, member.born_ns)


def _creationdate(member: Member) -> str:
    return f"<D:creationdate>{format_rfc3339(_created_s(member))}</D:creationdate>"


def _displayname(member: Member) -> str:
    return f"<D:displayname>{xml.escape(member.name)}</D:displayname>"


def _getcontentlength(member: Member) -> str | None:
    return None if member.file is None else f"<D:getcontentlength>{member.file.size}</D:getcontentlength>"


def _getcontenttype(member: Member) -> str:
    kind = mediatypes.FOLDER if member.file is None else mediatypes.type_of(member.name, member.file)
    return f"<D:getcontenttype>{xml.escape(kind)}</D:getcontenttype>"


def _getetag(member: Member) -> str | None:
    return None if member.file is None else f'<D:getetag>"{etag_of(member.file)}"</D:getetag>'


def _getlastmodified(member: Member) -> str:
    return f"<D:getlastmodified>{format_date(_modified_s(member))}</D:getlastmodified>"


def _resourcetype(member: Member) -> str:
    if member.file is not None:
        return "<D:resourcetype/>"
    return "<D:resourcetype><D:collection/></D:resourcetype>"


def _lockdiscovery(subject: Subject) -> str:
    live = subject.place is Place.LIVE
    return subject.around.lockdiscovery(subject.resource) if live else NO_LOCKS


def _supportedlock(member: Member) -> str:
    lockable = member.place is Place.LIVE
    return _SUPPORTED if lockable else "<D:supportedlock/>"


def _quota_used(subject: Subject) -> str | None:
    quota = _quota(subject)
    return None if quota is None else f"<D:quota-used-bytes>{quota[0]}</D:quota-used-bytes>"


def _quota_available(subject: Subject) -> str | None:
    quota = _quota(subject)
    return None if quota is None else f"<D:quota-available-bytes>{quota[1]}</D:quota-available-bytes>"


def _quota(subject: Subject) -> tuple[int, int] | None:
    """Return used and available bytes, or neither: Finder takes a missing one for 0, and the disk for full."""
    if subject.file is not None or subject.place is Place.FROZEN:
        return None
    used, available = subject.around.used_bytes(subject.resource), subject.around.available_bytes(subject.resource)
    return None if used is None or available is None else (used, available)


def _windows_mtime(member: Member) -> str:
    return xml.element(WINDOWS_MTIME, format_date(_modified_s(member)))


def _windows_created(member: Member) -> str:
    return xml.element(WINDOWS_CREATED, format_date(_created_s(member)))


def _checksums(member: Member) -> str | None:
    known = " ".join(f"{algorithm.upper()}:{digest}" for algorithm, digest in member.attributes.checksums)
    if not known:
        return None
    return f'<oc:checksums xmlns:oc="http://owncloud.org/ns"><oc:checksum>{known}</oc:checksum></oc:checksums>'


def _privileges(subject: Subject) -> str:
    return subject.around.privilege_set(subject.resource)


def _sync_token(subject: Subject) -> str | None:
    resource = subject.resource
    if subject.file is not None or resource.collection is None or resource.seq is None:
        return None
    return f"<D:sync-token>{SyncToken.at(resource.collection.uuid, resource.seq)}</D:sync-token>"


def _supported_reports(member: Member) -> str:
    synced = member.file is None and member.place is Place.LIVE
    return SYNC_REPORT if synced else "<D:supported-report-set/>"


def _supported_grammars(member: Member) -> str | None:
    return None if member.file is not None else GRAMMARS


def _version(subject: Subject) -> Version | None:
    """Return the version whose folder this is; nothing in it bears its properties."""
    resource = subject.resource
    return resource.version if resource.collection is not None and not resource.path else None


def _version_number(subject: Subject) -> str | None:
    version = _version(subject)
    return None if version is None else xml.element(VERSION, str(version.number))


def _version_label(subject: Subject) -> str | None:
    version = _version(subject)
    return None if version is None or version.label is None else xml.element(LABEL, xml.escape(version.label))


def _version_message(subject: Subject) -> str | None:
    version = _version(subject)
    return None if version is None or version.message is None else xml.element(MESSAGE, xml.escape(version.message))


LOCKDISCOVERY = "{DAV:}lockdiscovery"
VERSION, LABEL, MESSAGE = (f"{{urn:davserver:}}{name}" for name in ("version", "label", "message"))
"""Of the folder of a version below ``/history/``."""
PRIVILEGES = "{DAV:}current-user-privilege-set"

OF_ITSELF: Mapping[str, Writer[Member]] = {
    "{DAV:}resourcetype": _resourcetype,
    DISPLAYNAME: _displayname,
    "{DAV:}creationdate": _creationdate,
    "{DAV:}getlastmodified": _getlastmodified,
    "{DAV:}getcontentlength": _getcontentlength,
    "{DAV:}getcontenttype": _getcontenttype,
    "{DAV:}getetag": _getetag,
    "{DAV:}supportedlock": _supportedlock,
    "{DAV:}supported-report-set": _supported_reports,
    "{DAV:}supported-query-grammar-set": _supported_grammars,
    CHECKSUMS: _checksums,
    WINDOWS_MTIME: _windows_mtime,
    WINDOWS_CREATED: _windows_created,
}
"""What follows from a resource alone."""

FROM_AROUND: Mapping[str, Writer[Subject]] = {
    LOCKDISCOVERY: _lockdiscovery,
    "{DAV:}quota-used-bytes": _quota_used,
    "{DAV:}quota-available-bytes": _quota_available,
    PRIVILEGES: _privileges,
    "{DAV:}sync-token": _sync_token,
    VERSION: _version_number,
    LABEL: _version_label,
    MESSAGE: _version_message,
}
"""What also depends on locks, limits, rights and changes around it."""

LIVE: Mapping[str, Writer[Subject]] = {**OF_ITSELF, **FROM_AROUND}

ALLPROP = (
    "{DAV:}resourcetype",
    DISPLAYNAME,
    "{DAV:}creationdate",
    "{DAV:}getlastmodified",
    "{DAV:}getcontentlength",
    "{DAV:}getcontenttype",
    "{DAV:}getetag",
    "{DAV:}supportedlock",
    LOCKDISCOVERY,
)
"""What ``allprop`` means, in the order of writing."""


def all_properties(member: M, live: Mapping[str, Writer[M]]) -> str:
    """Write these live properties and all dead ones; a dead one hides the live one of its name."""
    dead = member.attributes.properties
    if not dead:
        return "".join([write(member) or "" for write in live.values()])
    hidden = {name for name, _ in dead}
    written = [write(member) or "" for name, write in live.items() if name not in hidden]
    return "".join([*written, *(text for _, text in dead)])


def property_names(member: M, live: Mapping[str, Writer[M]]) -> str:
    """Write the names of all properties the member has, as empty elements."""
    names = [name for name, write in live.items() if write(member) is not None]
    dead = [name for name, _ in member.attributes.properties if name not in live]
    return "".join(map(xml.empty_element, [*names, *dead]))


class Wanted(NamedTuple, Generic[M]):
    """Properties that are asked for by name: side by side their writers and their empty elements."""

    names: tuple[str, ...]
    writers: tuple[Writer[M], ...]
    empty: tuple[str, ...]

    @classmethod
    def of(cls, names: Iterable[str], live: Mapping[str, Writer[M]]) -> Wanted[M]:
        """Look their writers up; what is not live is there only as a dead property."""
        known = tuple(names)
        return cls(known, tuple(live.get(name, _nothing) for name in known), tuple(map(xml.empty_element, known)))


def _nothing(_member: Member) -> None:
    return None


def named_properties(member: M, wanted: Wanted[M]) -> tuple[str, str]:
    """Write the asked properties; returns those found and, as empty elements, those missing.

    A dead property of a live one's name (a changed ``displayname``) hides the live one.
    """
    texts = [write(member) for write in wanted.writers]
    if member.attributes.properties:
        dead: dict[str, str | None] = dict(member.attributes.properties)
        texts = [dead.get(name, text) for name, text in zip(wanted.names, texts, strict=True)]
    found = [text for text in texts if text is not None]
    if len(found) == len(texts):
        return "".join(found), ""
    missing = [empty for empty, text in zip(wanted.empty, texts, strict=True) if text is None]
    return "".join(found), "".join(missing)
