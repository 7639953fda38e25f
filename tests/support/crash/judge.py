"""Opens what a crash left, with davserver's own code, and holds it against what was answered before.

A data directory is right if: it opens; everything that was answered is there (bytes, ETags, properties, locks, uploads,
versions), or there as the request that was on its way made it; nothing else is there; the store takes writes; it opens
again and is the same; fsck finds nothing but orphans.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from davserver.catalog import schema
from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.change import Put
from davserver.collection.dirnode import DirNode, Node
from davserver.collection.filenode import FileNode, etag_of
from davserver.config import Settings
from davserver.live.house import House
from davserver.live.uploads import assemble
from davserver.server.opening import open_house
from davserver.upkeep.fsck import fsck
from davserver.values import format_path
from tests.support.crash.actors import SHARED, History
from tests.support.crash.expected import Expected, Sent, Thing

INLINE_BYTES = 16 << 10
PROBE = "probe"
_PROBES = {"small": b"small", "large": bytes(range(256)) * 160}
_OWNED = re.compile(r"(?:shared-\w/w|own-|home-)(\d+)")
_TEXT = re.compile(r">([^<]*)<")


@dataclass(frozen=True, slots=True)
class Moment:
    """After how many operations, and how far each actor was: requests answered, and whether one more was sent."""

    place: int
    actors: tuple[tuple[int, bool], ...]


@dataclass(slots=True)
class Found:
    """What is in a house, as far as one actor owns it; locks are (path, token)."""

    things: dict[str, Thing] = field(default_factory=dict)
    locks: dict[str, str] = field(default_factory=dict)


@contextmanager
def opened(data: Path) -> Iterator[House]:
    """Open the house of a data directory as a server would, without background commits."""
    house = open_house(Settings(data=data, inline_bytes=INLINE_BYTES))
    try:
        yield house
    finally:
        house.close()
        house.blocks.close()


def judge(data: Path, histories: Sequence[History], moment: Moment) -> list[str]:
    """Return what is wrong with a data directory, which is changed on the way; an empty list: nothing."""
    with opened(data) as house:
        before = listing(house)
        write_probes(house)
    with opened(data) as house:
        probes = {format_path(path): read(house, node) for path, node in tree.walk(house.view(PROBE).root)}
        faults = [] if probes == _PROBES else ["what was written after the crash is not there"]
        if [entry for entry in listing(house) if not entry[0].startswith(f"{PROBE}/")] != before:
            faults.append("opened again, it is not the same")
        faults += compare(house, histories, moment)
        faults += [f"fsck: {finding.kind} {finding.subject} {finding.message}" for finding in fsck(house).errors]
    return faults


def compare(house: House, histories: Sequence[History], moment: Moment) -> list[str]:
    """Hold a house against what the actors were answered."""
    found = [Found() for _ in histories]
    faults = []
    for path, thing in _things(house):
        if path.partition("/")[0] == PROBE:
            continue
        owner = _owner(path)
        if owner is None:
            faults.append(f"nobody made {path}")
        else:
            found[owner].things[path] = thing
    for path, token in _locks(house):
        found[_owner(path) or 0].locks[path] = token
    uploads, unknown = _uploads(house), 0
    for history, part, (answered, sent) in zip(histories, found, moment.actors, strict=True):
        before = history.states[answered]
        after = _after(history, answered) if sent else before
        faults += _wrong(part, uploads, before, after, history, answered)
        faults += _missing_versions(house, before)
        for token in before.uploads.keys() | after.uploads.keys():
            uploads.pop(token, None)
        unknown += sent and len(history.states) == answered + 1
    if len(uploads) > unknown:
        faults.append(f"{len(uploads)} uploads that nobody began")
    return faults


def listing(house: House) -> list[tuple[str, str | None]]:
    """Return the paths in a house, and the ETags of files."""
    return [
        (format_path(path), etag_of(node) if isinstance(node, FileNode) else None)
        for collection in house.collections()
        for path, node in tree.walk(house.view(collection.name).root, (collection.name,))
    ]


def write_probes(house: House) -> None:
    """Use the house: a collection, a file in the journal, a file in a block, a version."""
    house.edit(lambda edit: edit.create_collection(PROBE))
    for name, data in _PROBES.items():
        with house.upload(len(data)) as upload:
            upload.write(data)
            node = upload.finish(lambda etag: Attributes(etag=etag))
        put = Put((name,), node)
        house.edit(lambda edit, put=put: edit.apply(edit.view(PROBE).info.id, put))  # type: ignore[misc]
    house.commit(PROBE)


def read(house: House, node: Node) -> bytes | None:
    """Read a file whole; None for a folder."""
    return node.read_at(0, node.size, house.blocks) if isinstance(node, FileNode) else None


def _things(house: House) -> Iterator[tuple[str, Thing]]:
    for collection in house.collections():
        root = house.view(collection.name).root
        yield collection.name, _thing(house, root)
        for path, node in tree.walk(root, (collection.name,)):
            yield format_path(path), _thing(house, node)


def _thing(house: House, node: Node) -> Thing:
    properties = tuple((name, _TEXT.findall(value)[0]) for name, value in node.attributes.properties)
    return Thing(read(house, node), None if isinstance(node, DirNode) else etag_of(node), properties)


def _locks(house: House) -> list[tuple[str, str]]:
    with house.read_catalog() as tables:
        return [
            (f"{collection.name}/{format_path(lock.path)}", lock.token)
            for collection in tables.collections.live()
            for lock in tables.locks.of(collection.id)
        ]


def _uploads(house: House) -> dict[str, Sent]:
    with house.read_catalog() as tables:
        tokens = tables.connection.execute(select(schema.uploads.c.token)).scalars().all()
        rows = [upload for token in tokens if (upload := tables.uploads.get(token)) is not None]
    return {
        row.token: Sent(b"" if row.complete else read(house, assemble(house, row)) or b"", row.complete) for row in rows
    }


def _owner(path: str) -> int | None:
    """Return whose path this is; the founder, who has the number 0, owns the shared collections themselves."""
    match = _OWNED.match(path)
    return int(match[1]) if match else 0 if path in SHARED else None


def _after(history: History, answered: int) -> Expected:
    """Return what to expect when the request that was on its way is done; a later answer told more about it."""
    if len(history.states) > answered + 1:
        return history.states[answered + 1]
    return history.requests[answered].after(history.states[answered], None)


def _wrong(
    found: Found, uploads: dict[str, Sent], before: Expected, after: Expected, history: History, answered: int
) -> list[str]:
    faults = []
    for state in (before, after):
        faults = [*_differences(found, state), *_upload_faults(uploads, state, before, after)]
        if not faults:
            return []
    request = history.requests[answered] if before is not after else None
    return [f"request {answered} was {request}", *faults]


def _differences(found: Found, expected: Expected) -> list[str]:
    faults = [f"missing: {path}" for path in sorted(expected.things.keys() - found.things.keys())]
    faults += [f"not expected: {path}" for path in sorted(found.things.keys() - expected.things.keys())]
    for path in sorted(found.things.keys() & expected.things.keys()):
        if not expected.things[path].allows(found.things[path]):
            faults.append(f"other: {path}: {_brief(found.things[path])}, not {_brief(expected.things[path])}")
    locks = {path: token for token, path in expected.locks.items()}
    if found.locks.keys() != locks.keys() or any(token not in {"", found.locks[path]} for path, token in locks.items()):
        faults.append(f"locks: {found.locks}, not {locks}")
    return faults


def _upload_faults(uploads: dict[str, Sent], state: Expected, before: Expected, after: Expected) -> list[str]:
    """What came of a part that was on its way may be there up to any block; the file only with the whole."""
    faults = []
    for token in before.uploads.keys() | after.uploads.keys():
        found, told = uploads.get(token), before.uploads.get(token, Sent())
        most = after.uploads.get(token, told)
        if found is None:
            right = token not in before.uploads or token not in after.uploads
        elif found.complete or told.complete:
            right = found.complete and state.uploads[token].complete
        else:
            right = found.data.startswith(told.data) and most.data.startswith(found.data)
            right = right and not state.uploads.get(token, told).complete
        if not right:
            faults.append(
                f"upload {token}: {found and len(found.data)} bytes, not {len(told.data)} to {len(most.data)}"
            )
    return faults


def _missing_versions(house: House, before: Expected) -> list[str]:
    names = {name for name, _ in before.versions}
    there = {(name, version.number): str(version.pdh) for name in names for version in house.versions(name)}
    return [f"no version {key} {pdh}" for key, pdh in before.versions.items() if there.get(key) != pdh]


def _brief(thing: Thing) -> str:
    size = "a folder" if thing.content is None else f"{len(thing.content)} bytes"
    return f"{size} {thing.etag} {thing.properties}"


def summary(faults: Sequence[str]) -> Counter[str]:
    """Count faults by what they begin with."""
    return Counter(fault.partition(":")[0] for fault in faults)
