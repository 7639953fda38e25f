"""PROPPATCH: dead properties, and the few live ones a client may set.

Owns: the verb; what each instruction does to a node's attributes; all or none.
Never: lets a client send what a lock on the resource refuses whatever it says (``Expect: 100-continue``).
Follows: RFC 4918 sections 9.2, 14.19, 14.23, 14.26 and 4.3 (a value is kept with its language and mixed content).
Invariants: a dead property is stored as one self-contained element; a failed instruction leaves everything as it was,
and the others are answered 424.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from davserver.collection.attributes import Attributes
from davserver.collection.change import SetAttributes
from davserver.collection.dirnode import DirNode
from davserver.dav import xml
from davserver.dav.faults import BadRequest
from davserver.dav.guard import Guard, Need, check_before_body
from davserver.dav.lockpolicy import READ, Touch
from davserver.dav.paths import href_of
from davserver.dav.properties import DISPLAYNAME, LIVE
from davserver.dav.quirks import explorer
from davserver.dav.requests import Request
from davserver.dav.responses import Response, xml_document
from davserver.dav.settable import SETTABLE, WINDOWS
from davserver.dav.sites import locate, writable
from davserver.live.edit import Edit
from davserver.live.house import House

MAX_PROPERTIES = 128
MAX_VALUE_CHARS = 16 << 10
MAX_TOTAL_CHARS = 64 << 10
_FAILED_DEPENDENCY = 424

_PROTECTED = frozenset(LIVE) - {DISPLAYNAME} - SETTABLE.keys()


@dataclass(frozen=True, slots=True)
class Instruction:
    """Set a property (``value`` is the whole element, self-contained, ``text`` its plain text) or remove it (None)."""

    name: str
    value: str | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an instruction is not possible: a status and, where RFC 4918 has one, the precondition element."""

    status: int
    code: str = ""


def handle(request: Request, house: House) -> Response:
    """Serve a PROPPATCH: 207 with a status for each property."""
    target = writable(request.target)
    guard = Guard.of(request)
    may_pass = _may_pass_locks(request)
    check_before_body(request, house, target, guard, READ if may_pass else Touch.CONTENT)
    instructions = parse_update(request.body.read_all(xml.PROPPATCH_LIMIT))
    touch = READ if may_pass and _are_of_windows(instructions) else Touch.CONTENT

    def change(edit: Edit) -> tuple[str, dict[str, Refusal]]:
        site = locate(edit, target)
        view, node = site.require()
        guard.check(edit, Need(site, touch))
        attributes, refusals = apply_all(node.attributes, instructions)
        if not refusals and attributes != node.attributes:
            edit.apply(view.info.id, SetAttributes(site.path, attributes))
        return href_of(request.prefix, site.target.segments, folder=isinstance(node, DirNode)), refusals

    href, refusals = house.edit(change)
    return xml_document(207, xml.multistatus([xml.response(href, propstats(instructions, refusals))]))


def _may_pass_locks(request: Request) -> bool:
    """Tell whether what the body says may be something that no lock is in the way of."""
    length = request.body.length
    is_short = length is not None and length <= explorer.ATTRIBUTES_BYTES
    return is_short and request.asking.has(explorer.ATTRIBUTES_WITHOUT_TOKEN)


def _are_of_windows(instructions: list[Instruction]) -> bool:
    return all(instruction.name.startswith(f"{{{WINDOWS}}}") for instruction in instructions)


def parse_update(body: bytes) -> list[Instruction]:
    """Read a ``propertyupdate`` in document order; raises BadRequest."""
    document = xml.parse(body, root="{DAV:}propertyupdate")
    instructions = list(instructions_of(document))
    if not instructions:
        raise BadRequest("propertyupdate names no property")
    return instructions


def instructions_of(document: xml.Element) -> Iterator[Instruction]:
    """Iterate over what the ``set`` and ``remove`` elements of a document say, in its order."""
    for action in document:
        if action.tag not in {"{DAV:}set", "{DAV:}remove"}:
            continue
        for prop in action.iterchildren("{DAV:}prop"):
            for element in prop:
                name = str(element.tag)
                if action.tag == "{DAV:}set":
                    yield Instruction(name, xml.self_contained(element), _text(element))
                else:
                    yield Instruction(name, None)


def _text(element: xml.Element) -> str:
    return "".join(piece for piece in element.itertext() if isinstance(piece, str)).strip()


def apply_all(attributes: Attributes, instructions: list[Instruction]) -> tuple[Attributes, dict[str, Refusal]]:
    """Return the attributes after all instructions, and the refusals by property name."""
    refusals: dict[str, Refusal] = {}
    for instruction in instructions:
        done = _apply_one(attributes, instruction)
        if isinstance(done, Refusal):
            refusals[instruction.name] = done
        else:
            attributes = done
    return attributes, refusals


def _apply_one(attributes: Attributes, instruction: Instruction) -> Attributes | Refusal:
    name = instruction.name
    if name in _PROTECTED:
        return Refusal(403, "cannot-modify-protected-property")
    setter = SETTABLE.get(name)
    if setter is None:
        return _set_dead(attributes, instruction)
    if instruction.value is None:
        return Refusal(403, "cannot-modify-protected-property")
    changed = setter(attributes, instruction.text)
    if changed is not None:
        return replace(changed, properties=tuple(pair for pair in changed.properties if pair[0] != name))
    # Windows takes a refusal of its own properties for a failed copy: what is no date is kept as it came.
    return _set_dead(attributes, instruction) if name.startswith(f"{{{WINDOWS}}}") else Refusal(409)


def _set_dead(attributes: Attributes, instruction: Instruction) -> Attributes | Refusal:
    properties = dict(attributes.properties)
    if instruction.value is None:
        properties.pop(instruction.name, None)
    else:
        properties[instruction.name] = instruction.value
        total = sum(len(name) + len(value) for name, value in properties.items())
        if len(instruction.value) > MAX_VALUE_CHARS or len(properties) > MAX_PROPERTIES or total > MAX_TOTAL_CHARS:
            return Refusal(507)
    return replace(attributes, properties=tuple(sorted(properties.items())))


def propstats(instructions: list[Instruction], refusals: dict[str, Refusal]) -> str:
    """Write one propstat per outcome, each property once, in order of appearance."""
    fine = Refusal(_FAILED_DEPENDENCY) if refusals else Refusal(200)
    groups: dict[Refusal, dict[str, None]] = {}
    for instruction in instructions:
        groups.setdefault(refusals.get(instruction.name, fine), {})[instruction.name] = None
    return "".join(_propstat(outcome, names) for outcome, names in groups.items())


def _propstat(outcome: Refusal, names: dict[str, None]) -> str:
    return xml.propstat(outcome.status, "".join(map(xml.empty_element, names)), code=outcome.code)
