"""The damage corpus: every kind of damage that fsck finds, each as a function that does it to a known estate.

The estate: ``photos`` has two versions and a head with a block in its journal; ``imported`` is one version of a text
that is not in normal form; ``album`` took a folder from ``photos`` before it was committed (a graft); an upload
is open.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass

from davserver.blocks import layout
from davserver.collection.change import Mkdir
from davserver.live.uploads import append, begin
from davserver.upkeep.importing import import_manifest
from davserver.values import Locator
from tests.unit.upkeep.conftest import Premises


@dataclass(frozen=True)
class Estate:
    """What there is to damage."""

    premises: Premises
    a: Locator
    b: Locator
    c: Locator
    foo: Locator

    def file(self, locator):
        return self.premises.block_file(locator)

    def sql(self, statement, *parameters):
        assert self.premises.sql(statement, *parameters) == 1

    def record(self, name, path, version):
        node = self.premises.house.view_version(name, version).root
        for part in path:
            node = node.get(part)
        return node.record


def build(premises: Premises) -> Estate:
    """Make the estate: equal bytes, hashes and numbers each time."""
    house = premises.house
    premises.create("photos")
    a = premises.put("photos", "a", b"alpha" * 100)
    premises.change("photos", Mkdir(("d",)))
    b = premises.put("photos", "d/b", b"bravo" * 100)
    house.commit("photos")
    premises.change("photos", Mkdir(("e",)))
    house.commit("photos")
    c = premises.put("photos", "c", b"charlie" * 100)
    foo = premises.blocks.put(b"foo")
    import_manifest(house, "imported", [f"./z {foo} 0:3:b\n", f". {foo} 0:3:b 0:2:a\n"])
    premises.create("album")
    premises.change("photos", Mkdir(("new",)))
    premises.put("photos", "new/small", b"held in the journal")
    for number in range(70):
        premises.put("photos", f"new/{number}", b"")
    house.edit(lambda edit: edit.graft(edit.view("album").info.id, ("new",), edit.view("photos").info.id, ("new",)))
    with house.upload() as upload:
        upload.write(b"a part of an upload")
        node = upload.finish(lambda _etag: None)
    house.edit(lambda edit: _open_upload(edit, house.settings, node))
    return Estate(premises, *(node.extents[0].locator for node in (a, b, c)), foo)


def _open_upload(edit, settings, node):
    upload = begin(edit, settings, token="t", principal="", request="", length=None)
    append(edit, settings, upload, node.extents)


def nothing(_estate):
    pass


def missing(estate):
    estate.file(estate.b).unlink()


def short(estate):
    os.truncate(estate.file(estate.a), 499)


def long(estate):
    with estate.file(estate.a).open("ab") as file:
        file.write(b"!")


def flipped(estate):
    flip(estate.file(estate.c), 4242 % 5600)


def flip(path, bit):
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


def in_the_trash(estate):
    estate.file(estate.b).rename(layout.trash_path(estate.premises.block_root, estate.b.md5, 1_900_000_000))


def flipped_with_a_copy_in_the_trash(estate):
    path = estate.file(estate.a)
    layout.trash_path(estate.premises.block_root, estate.a.md5, 1_900_000_000).write_bytes(path.read_bytes())
    flip(path, 7)


def flipped_with_a_damaged_copy_in_the_trash(estate):
    flipped_with_a_copy_in_the_trash(estate)
    flip(layout.trash_path(estate.premises.block_root, estate.a.md5, 1_900_000_000), 8)


def in_another_directory(estate):
    elsewhere = estate.premises.block_root / "fff"
    elsewhere.mkdir(exist_ok=True)
    estate.file(estate.b).rename(elsewhere / estate.b.md5)


def above_its_directory(estate):
    estate.file(estate.b).rename(estate.premises.block_root / estate.b.md5)


def a_second_one_in_another_directory(estate):
    (estate.premises.block_root / estate.b.md5).write_bytes(estate.file(estate.b).read_bytes())


def temporary(estate):
    layout.temporary_path(estate.premises.block_root, estate.a.md5, bytes(8)).write_bytes(b"half a blo")


def lost_with_a_whole_temporary_file(estate):
    estate.file(estate.a).rename(layout.temporary_path(estate.premises.block_root, estate.a.md5, bytes(8)))


def foreign(estate):
    (estate.premises.block_root / "lost+found").mkdir()


def orphan(estate):
    estate.premises.blocks.put(b"nobody's")


def not_for_its_owner(estate):
    estate.file(estate.a).chmod(0o400)


def for_everyone(estate):
    estate.file(estate.a).parent.chmod(0o777)


def record_missing(estate):
    estate.sql("DELETE FROM records WHERE hash = ?", estate.record("photos", ("d",), 1))


def record_flipped(estate):
    record = estate.record("photos", ("d",), 1)
    estate.sql("UPDATE records SET body = CAST(replace(body, 'b', 'c') AS BLOB) WHERE hash = ?", record)


def record_of_an_import_flipped(estate):
    record = estate.record("imported", ("z",), 1)
    estate.sql("UPDATE records SET body = CAST(replace(body, 'b', 'c') AS BLOB) WHERE hash = ?", record)


def root_record_missing(estate):
    estate.sql("DELETE FROM records WHERE hash = ?", estate.record("photos", (), 1))


def totals(estate):
    estate.sql("UPDATE versions SET files = 77 WHERE collection_id = 1 AND number = 2")


def size_of_a_collection(estate):
    estate.sql("UPDATE collections SET bytes = bytes + 1 WHERE id = 1")


def other_hash(estate):
    estate.sql("UPDATE versions SET pdh = ? WHERE collection_id = 1 AND number = 2", "0" * 32 + "+5")


def no_hash(estate):
    estate.sql("UPDATE versions SET pdh = 'x' || substr(pdh, 2) WHERE collection_id = 1 AND number = 2")


def other_hash_of_an_import(estate):
    estate.sql("UPDATE versions SET pdh = ? WHERE text", "0" * 32 + "+5")


def text_missing(estate):
    estate.sql("DELETE FROM texts")


def text_flipped(estate):
    estate.sql("UPDATE texts SET body = CAST(substr(body, 1, 9) || x'00' || substr(body, 11) AS BLOB)")


def checkpoint_dangling(estate):
    estate.sql("UPDATE collections SET base_root = 'f' || substr(base_root, 2) WHERE name = 'photos'")


def newest_version_missing(estate):
    estate.sql("DELETE FROM versions WHERE collection_id = 1 AND number = 2")


def entry_flipped(estate):
    estate.sql("UPDATE journal SET inline = CAST('H' || substr(inline, 2) AS BLOB) WHERE length(inline) = 19")


def entry_missing(estate):
    estate.sql("DELETE FROM journal WHERE collection_id = 1 AND seq = 8")


def head_ahead(estate):
    estate.sql("UPDATE collections SET head_seq = head_seq + 9 WHERE name = 'photos'")


def head_behind(estate):
    estate.sql("UPDATE collections SET head_seq = head_seq - 2 WHERE name = 'photos'")


def trail_flipped(estate):
    estate.sql("UPDATE trails SET body = CAST(x'00' || substr(body, 2) AS BLOB) WHERE seq = 3")


def graft_forgotten(estate):
    estate.sql("DELETE FROM grafts")


def graft_of_nothing(estate):
    estate.sql("INSERT INTO grafts VALUES (3, 99, 1, 4, 5)")


def entries_of_the_origin_missing(estate):
    estate.sql("UPDATE grafts SET source_seq = source_seq")
    estate.premises.sql("DELETE FROM journal WHERE collection_id = 1 AND seq > 60")


def version_of_nobody(estate):
    estate.sql(
        "INSERT INTO versions SELECT 99, 1, created_ns, seq, root, pdh, files, bytes, text, without_litter, label, "
        "message, kept FROM versions WHERE collection_id = 1 AND number = 1"
    )


def part_of_an_upload_flipped(estate):
    estate.sql("UPDATE upload_parts SET inline = CAST('A' || substr(inline, 2) AS BLOB)")


def record_with_wrong_totals(estate):
    root = estate.record("photos", (), 2)
    with estate.premises.house.read_catalog() as tables:
        wrong = tables.records.get(root).replace(b'"f":2', b'"f":3')
    name = hashlib.sha256(wrong).hexdigest()
    estate.sql("INSERT INTO records (hash, added_ns, body) VALUES (?, 0, ?)", name, wrong)
    estate.sql("UPDATE versions SET root = ? WHERE collection_id = 1 AND number = 2", name)
    estate.sql("UPDATE collections SET base_root = ? WHERE id = 1", name)


DAMAGES: dict[str, Callable[[Estate], None]] = {
    damage.__name__: damage
    for damage in (
        nothing,
        *(missing, short, long, flipped, in_the_trash, flipped_with_a_copy_in_the_trash),
        *(flipped_with_a_damaged_copy_in_the_trash, in_another_directory, above_its_directory),
        *(a_second_one_in_another_directory, temporary, lost_with_a_whole_temporary_file, foreign, orphan),
        *(not_for_its_owner, for_everyone, record_missing, record_flipped, record_of_an_import_flipped),
        *(
            root_record_missing,
            totals,
            size_of_a_collection,
            other_hash,
            no_hash,
            other_hash_of_an_import,
            text_missing,
            text_flipped,
        ),
        *(checkpoint_dangling, newest_version_missing, entry_flipped, entry_missing, head_ahead, head_behind),
        *(trail_flipped, graft_forgotten, graft_of_nothing, entries_of_the_origin_missing, version_of_nobody),
        *(part_of_an_upload_flipped, record_with_wrong_totals),
    )
}
