"""Properties of a resource, as XML.

Owns: the live properties and how each is written; which of them ``allprop`` means.
Never: a property's change (``proppatch``), a query: everything comes from the subject.
Follows: RFC 4918 section 15, RFC 4331 (quota), RFC 3744 (privileges), RFC 6578 (sync-token), RFC 5323,
ownCloud's ``checksums`` (rclone asks for them).
A dead property is stored as a whole element (``xml.self_contained``) and written as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from davserver.collection.attributes import EMPTY
from davserver.collection.filenode import FileNode, etag_of
from davserver.dav import mediatypes, xml
from davserver.dav.httpdate import format_date, format_rfc3339
from davserver.dav.lockxml import SUPPORTED
from davserver.dav.resources import Place, Resource, created_s, modified_s
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
_NONE: dict[str, str] = {}


class Subject:
    """One resource whose properties are written."""

    __slots__ = ("around", "attributes", "born_ns", "file", "node", "resource")

    def __init__(self, resource: Resource, around: Surroundings) -> None:
        node = resource.node
        self.resource = resource
        self.node = node
        self.file = node if isinstance(node, FileNode) else None
        self.attributes = EMPTY if node is None else node.attributes
        self.born_ns = resource.born_ns
        self.around = around

    @property
    def name(self) -> str:
        """Return the last name of the URL; the root has none."""
        segments = self.resource.segments
        return segments[-1] if segments else ""


Writer = Callable[[Subject], str | None]
"""Writes the whole element; None means the resource does not have the property."""


def _creationdate(subject: Subject) -> str:
    return f"<D:creationdate>{format_rfc3339(created_s(subject.node, subject.born_ns))}</D:creationdate>"


def _displayname(subject: Subject) -> str:
    return f"<D:displayname>{xml.escape(subject.name)}</D:displayname>"


def _getcontentlength(subject: Subject) -> str | None:
    return None if subject.file is None else f"<D:getcontentlength>{subject.file.size}</D:getcontentlength>"


def _getcontenttype(subject: Subject) -> str:
    kind = mediatypes.FOLDER if subject.file is None else content_type(subject.name, subject.file)
    return f"<D:getcontenttype>{xml.escape(kind)}</D:getcontenttype>"


def _getetag(subject: Subject) -> str | None:
    return None if subject.file is None else f'<D:getetag>"{etag_of(subject.file)}"</D:getetag>'


def _getlastmodified(subject: Subject) -> str:
    return f"<D:getlastmodified>{format_date(modified_s(subject.node, subject.born_ns))}</D:getlastmodified>"


def _resourcetype(subject: Subject) -> str:
    if subject.file is not None:
        return "<D:resourcetype/>"
    return "<D:resourcetype><D:collection/></D:resourcetype>"


def _lockdiscovery(subject: Subject) -> str:
    live = subject.resource.place is Place.LIVE
    return subject.around.lockdiscovery(subject.resource) if live else NO_LOCKS


def _supportedlock(subject: Subject) -> str:
    lockable = subject.resource.place is Place.LIVE
    return _SUPPORTED if lockable else "<D:supportedlock/>"


def _quota_used(subject: Subject) -> str | None:
    quota = _quota(subject)
    return None if quota is None else f"<D:quota-used-bytes>{quota[0]}</D:quota-used-bytes>"


def _quota_available(subject: Subject) -> str | None:
    quota = _quota(subject)
    return None if quota is None else f"<D:quota-available-bytes>{quota[1]}</D:quota-available-bytes>"


def _quota(subject: Subject) -> tuple[int, int] | None:
    """Return used and available bytes, or neither: Finder takes a missing one for 0, and the disk for full."""
    if subject.file is not None or subject.resource.place is Place.FROZEN:
        return None
    used, available = subject.around.used_bytes(subject.resource), subject.around.available_bytes(subject.resource)
    return None if used is None or available is None else (used, available)


def _windows_mtime(subject: Subject) -> str:
    return xml.element(WINDOWS_MTIME, format_date(modified_s(subject.node, subject.born_ns)))


def _windows_created(subject: Subject) -> str:
    return xml.element(WINDOWS_CREATED, format_date(created_s(subject.node, subject.born_ns)))


def _checksums(subject: Subject) -> str | None:
    known = " ".join(f"{algorithm.upper()}:{digest}" for algorithm, digest in subject.attributes.checksums)
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


def _supported_reports(subject: Subject) -> str:
    synced = subject.file is None and subject.resource.place is Place.LIVE
    return SYNC_REPORT if synced else "<D:supported-report-set/>"


def _supported_grammars(subject: Subject) -> str | None:
    return None if subject.file is not None else GRAMMARS


ALLPROP: Mapping[str, Writer] = {
    "{DAV:}resourcetype": _resourcetype,
    "{DAV:}displayname": _displayname,
    "{DAV:}creationdate": _creationdate,
    "{DAV:}getlastmodified": _getlastmodified,
    "{DAV:}getcontentlength": _getcontentlength,
    "{DAV:}getcontenttype": _getcontenttype,
    "{DAV:}getetag": _getetag,
    "{DAV:}supportedlock": _supportedlock,
    "{DAV:}lockdiscovery": _lockdiscovery,
}
LIVE: Mapping[str, Writer] = {
    **ALLPROP,
    "{DAV:}quota-used-bytes": _quota_used,
    "{DAV:}quota-available-bytes": _quota_available,
    "{DAV:}current-user-privilege-set": _privileges,
    "{DAV:}sync-token": _sync_token,
    "{DAV:}supported-report-set": _supported_reports,
    "{DAV:}supported-query-grammar-set": _supported_grammars,
    CHECKSUMS: _checksums,
    WINDOWS_MTIME: _windows_mtime,
    WINDOWS_CREATED: _windows_created,
}


def content_type(name: str, file: FileNode) -> str:
    """Return the Content-Type of a file: what it was declared as, else what its name says."""
    return file.attributes.content_type or mediatypes.type_of_name(name)


def all_properties(subject: Subject, live: Mapping[str, Writer]) -> str:
    """Write these live properties and all dead ones; a dead one hides the live one of its name."""
    dead = subject.attributes.properties
    if not dead:
        return "".join([write(subject) or "" for write in live.values()])
    hidden = {name for name, _ in dead}
    written = [write(subject) or "" for name, write in live.items() if name not in hidden]
    return "".join([*written, *(text for _, text in dead)])


def property_names(subject: Subject) -> str:
    """Write the names of all properties the subject has, as empty elements."""
    names = [name for name, write in LIVE.items() if write(subject) is not None]
    dead = [name for name, _ in subject.attributes.properties if name not in LIVE]
    return "".join(map(xml.empty_element, [*names, *dead]))


class Wanted(NamedTuple):
    """A property that is asked for by name: its live writer, if it has one, and its empty element."""

    name: str
    write: Writer | None
    empty: str


def named_properties(subject: Subject, wanted: Iterable[Wanted]) -> tuple[str, str]:
    """Write the asked properties; returns those found and, as empty elements, those missing.

    A dead property of a live one's name (a changed ``displayname``) hides the live one.
    """
    dead = dict(subject.attributes.properties) if subject.attributes.properties else _NONE
    found = []
    missing = []
    for name, write, empty in wanted:
        text = dead.get(name) if dead else None
        if text is None and write is not None:
            text = write(subject)
        if text is None:
            missing.append(empty)
        else:
            found.append(text)
    return "".join(found), "".join(missing)
