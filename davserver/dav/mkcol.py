"""MKCOL: a folder; at the root, a collection.

Owns: the verb, and the body of extended MKCOL: properties that the folder has from its first moment.
Follows: RFC 4918 section 9.3, RFC 5689. A body of any other kind is refused with 415.
Invariant: if one property cannot be set, no folder is made, and the answer says which one it was.
"""

from __future__ import annotations

from dataclasses import dataclass

from davserver.collection.attributes import Attributes
from davserver.collection.change import Mkdir, SetAttributes
from davserver.dav import xml
from davserver.dav.faults import BadRequest, Forbidden, MediaTypeUnsupported
from davserver.dav.guard import Guard, Need
from davserver.dav.lockpolicy import Touch
from davserver.dav.mtime import ACCEPTED, wanted_mtime_ns
from davserver.dav.paths import InCollection
from davserver.dav.proppatch import Instruction, Refusal, apply_all, instructions_of, propstats
from davserver.dav.requests import Request
from davserver.dav.responses import Response, created, xml_document
from davserver.dav.sites import Reader, Site, locate, writable
from davserver.errors import Exists
from davserver.live.edit import Edit
from davserver.live.house import House

_RESOURCETYPE = "{DAV:}resourcetype"
_XML = frozenset({"application/xml", "text/xml"})

Refusals = dict[str, Refusal]


def handle(request: Request, house: House) -> Response:
    """Serve a MKCOL: 201; 405 if something is there, 409 if the parent is not."""
    job = NewFolder(target=writable(request.target), guard=Guard.of(request), mtime_ns=wanted_mtime_ns(request.headers))
    if request.expects_continue:
        job.check(house)
    instructions = _instructions(request)
    refusals = house.edit(lambda edit: job.make(edit, instructions))
    if refusals:
        status = next(iter(refusals.values())).status
        return xml_document(status, _refused(propstats(instructions, refusals)), [("Cache-Control", "no-store")])
    return created([] if job.mtime_ns is None else [ACCEPTED])


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFolder:
    """One MKCOL as its headers describe it."""

    target: InCollection
    guard: Guard
    mtime_ns: int | None

    def check(self, reader: Reader) -> Site:
        """Refuse what the tree, the conditions or the locks do not allow."""
        site = locate(reader, self.target)
        if site.node is not None:
            raise Exists("something is there already")
        if site.is_collection_root:
            if self.target.by_uuid:
                raise Forbidden("the server gives out the uuids", hint="MKCOL /NAME/ makes a collection")
            self.guard.check(reader, Need(site, Touch.CONTENT))
        else:
            site.require_parent()
            site.check_new()
            self.guard.check(reader, Need(site, Touch.CONTENT | Touch.MEMBERSHIP))
        return site

    def make(self, edit: Edit, instructions: list[Instruction]) -> Refusals:
        """Make the folder inside the edit; returns the properties that kept it from being made."""
        site = self.check(edit)
        attributes, refusals = self._attributes(edit.now_ns, instructions)
        if refusals:
            return refusals
        if site.is_collection_root:
            edit.apply(edit.create_collection(self.target.key).id, SetAttributes((), attributes))
        else:
            edit.apply(site.require_parent().info.id, Mkdir(site.path, attributes))
        return {}

    def _attributes(self, now_ns: int, instructions: list[Instruction]) -> tuple[Attributes, Refusals]:
        attributes = Attributes(mtime_ns=now_ns if self.mtime_ns is None else self.mtime_ns, created_ns=now_ns)
        return apply_all(attributes, [one for one in instructions if one.name != _RESOURCETYPE])


def _instructions(request: Request) -> list[Instruction]:
    """Read the body of an extended MKCOL; raises MediaTypeUnsupported for another body, BadRequest, Forbidden."""
    kind = (request.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    if kind not in _XML:
        request.body.refuse()
        return []
    body = request.body.read_all(xml.PROPPATCH_LIMIT)
    if not body:
        return []
    document = xml.parse(body)
    if document.tag != "{DAV:}mkcol":
        raise MediaTypeUnsupported("MKCOL takes no document but DAV:mkcol")
    for kinds in document.iterfind(f"{{DAV:}}set/{{DAV:}}prop/{_RESOURCETYPE}"):
        if [child.tag for child in kinds] != ["{DAV:}collection"]:
            raise Forbidden("only plain folders can be made", code="valid-resourcetype")
    instructions = list(instructions_of(document))
    if any(one.value is None for one in instructions):
        raise BadRequest("a new folder has no properties to remove")
    return instructions


def _refused(content: str) -> bytes:
    return f'{xml.DECLARATION}<D:mkcol-response xmlns:D="DAV:">{content}</D:mkcol-response>'.encode()
