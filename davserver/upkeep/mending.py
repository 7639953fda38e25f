"""Repairs of the catalog that are safe, because what they write follows from what is sound.

Owns: one function for each; it looks again before it changes anything, so that it may run twice, beside a server, or
be cut off at any moment.
Never: decides that something is damaged (fsck does), removes content, or makes up what is lost.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from davserver.catalog.collections import Head
from davserver.catalog.database import Tables
from davserver.catalog.grafts import Grafts
from davserver.catalog.model import Collection, Version
from davserver.catalog.versions import Damaged
from davserver.collection.change import Origin
from davserver.collection.load import load_lines
from davserver.collection.marshal import manifest_text, seal
from davserver.collection.record import DirectoryRecord
from davserver.errors import DavserverError, LocatorError, RecordCorrupt
from davserver.live.house import House
from davserver.manifest.pdh import PdhHasher
from davserver.values import PDH


def correct_totals(version: Version, files: int, size: int, house: House) -> str:
    """Let a version's row say of its tree what the tree says of itself."""
    house.edit(lambda edit: edit.tables().versions.set_totals(version, files, size))
    return f"version {version.number} has {files} files, {size} bytes now"


def correct_pdh(version: Version | Damaged, house: House) -> str | None:
    """Give a version the portable data hash of its text again; None if the text it was imported from is gone.

    The records below its root are named by their hashes, so they are what was committed, and the text follows from
    them; of an imported text it is only sure which one was meant if its tree is the version's.
    """
    pdh = _pdh_of_text(version, house) if version.text else _pdh_of_tree(version, house)
    if pdh is None:
        return None
    house.edit(lambda edit: edit.tables().versions.set_pdh(version.collection_id, version.number, pdh))
    return f"version {version.number} has the portable data hash {pdh} now"


def correct_checkpoint(row: Collection, newest: Version, house: House) -> str | None:
    """Let a collection start from its newest version, if that is what all but one member of its row say."""
    agree = (row.version == newest.number) + (row.base_seq == newest.seq) + (row.base_root == newest.root)
    if agree != 2 or not _is_record(newest.root, house):
        return None

    def change(tables: Tables) -> bool:
        if tables.collections.by_id(row.id) != row:
            return False
        tables.collections.checkpoint(row.id, version=newest.number, seq=newest.seq, root=newest.root, size=row.bytes)
        return True

    done = house.edit(lambda edit: change(edit.tables()))
    return f"it starts from version {newest.number} again" if done else None


def advance_head(row: Collection, seq: int, size: int, house: House) -> str | None:
    """Count entries in that stand after the head, and were found to lead on from it: they were acknowledged."""
    done = house.edit(lambda edit: edit.tables().collections.advance([_head(row, seq, size)]))
    return f"its head is entry {seq} now" if done else None


def correct_size(row: Collection, size: int, house: House) -> str | None:
    """Let a collection's row say how many bytes its files have, unless it was changed since."""
    done = house.edit(lambda edit: edit.tables().collections.advance([_head(row, row.head_seq, size)]))
    return f"its row says {size} bytes now" if done else None


def forget_trail(collection_id: int, seq: int, house: House) -> str:
    """Forget a damaged trail: clients that ask for changes since then are told to begin anew."""
    house.edit(lambda edit: edit.tables().trails.remove(collection_id, seq))
    return "forgotten: a client that synchronizes from there begins anew"


def note_graft(collection_id: int, seq: int, origin: Origin, house: House) -> str | None:
    """Note again what an entry needs of another collection, so that a commit of that one does not drop it."""

    def change(tables: Tables) -> bool:
        grafts = Grafts(tables.connection)
        if any((graft.collection_id, graft.seq) == (collection_id, seq) for graft in grafts.all()):
            return False
        grafts.add(collection_id, seq, origin)
        return True

    done = house.edit(lambda edit: change(edit.tables()))
    return f"noted that entry {seq} needs entries of collection {origin.collection_id}" if done else None


def drop_graft(collection_id: int, seq: int, house: House) -> str:
    """Forget a note of an entry that does not exist."""
    house.edit(lambda edit: Grafts(edit.tables().connection).drop(collection_id, seq))
    return "forgotten"


def restore_record(record: str, house: House) -> str | None:
    """Make a record again from an imported text that it stands in; else let the next commit that makes it store it."""
    for made in _records_of_texts(house):
        if made.hash == record:
            _store(house, made)
            return "made again from the text it was imported from"
    with house.read_catalog() as tables:
        is_there = tables.records.get(record) is not None
    if not is_there or _is_record(record, house):
        return None
    house.edit(lambda edit: edit.tables().records.set_aside(record))
    return "set aside: a commit of the same directory stores it again"


def _store(house: House, record: DirectoryRecord) -> None:
    house.edit(lambda edit: edit.tables().records.replace(record.hash, record.to_bytes(), edit.now_ns))


def _is_record(record: str, house: House) -> bool:
    try:
        house.directories.fetch(record)
    except RecordCorrupt:
        return False
    return True


def _pdh_of_tree(version: Version | Damaged, house: House) -> PDH:
    hasher = PdhHasher()
    root = house.directories.root(version.root)
    for line in manifest_text(root, house.directories.fetch, without_litter=version.without_litter):
        hasher.update(line)
    return hasher.pdh()


def _pdh_of_text(version: Version | Damaged, house: House) -> PDH | None:
    for pdh, text in _texts(house):
        try:
            if seal(load_lines(_lines(text)), lambda _record: None).record == version.root:
                return pdh
        except DavserverError:
            continue  # that one is reported with the version it belongs to
    return None


def _records_of_texts(house: House) -> Iterator[DirectoryRecord]:
    for _, text in _texts(house):
        made: list[DirectoryRecord] = []
        seal(load_lines(_lines(text)), made.append)
        yield from made


def _lines(text: str) -> Iterator[str]:
    yield from io.StringIO(text, newline="\n")  # not splitlines(): names may hold what Unicode takes for line ends


def _texts(house: House) -> Iterator[tuple[PDH, str]]:
    """Yield the imported texts that are whole."""
    with house.read_catalog() as tables:
        keys = tables.texts.hashes()
    for key in keys:
        try:
            pdh = PDH.parse(key)
            with house.read_catalog() as tables:
                text = tables.texts.get(pdh)
        except (LocatorError, DavserverError):
            continue  # reported with the version it belongs to
        if text is not None:
            yield pdh, text


def _head(row: Collection, seq: int, size: int) -> Head:
    return Head(row.id, (row.head_seq, row.lock_seq), seq, row.lock_seq, size)
