"""Edits, commits and what other processes see of them."""

import threading

import pytest

from davserver.catalog.model import Lock
from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.change import Copy, Mkdir, Move, Put, Remove, SetAttributes, Splice
from davserver.collection.load import load_manifest
from davserver.errors import Exists, InvalidName, NotFound, StoreUnavailable, UnknownVersion
from davserver.live import committing
from davserver.live.committing import Committer
from davserver.live.group import Job
from davserver.manifest.pdh import portable_data_hash
from davserver.upkeep.fsck import fsck
from davserver.values import parse_path


def put(house, name, path, data, **attributes):
    with house.upload(len(data)) as upload:
        upload.write(data)
        node = upload.finish(lambda etag: Attributes(etag=etag, **attributes))
    house.edit(lambda edit: edit.apply(edit.view(name).info.id, Put(parse_path(path), node)))
    return node


def change(house, name, change):
    return house.edit(lambda edit: edit.apply(edit.view(name).info.id, change))


def read(house, name, path):
    node = tree.require_file(house.view(name).root, parse_path(path))
    return node.read_at(0, node.size, house.blocks)


def listing(view):
    return [("/".join(path), getattr(node, "size", None)) for path, node in tree.walk(view.root)]


@pytest.fixture
def photos(house):
    return house.edit(lambda edit: edit.create_collection("photos"))


def test_what_was_put_is_there_in_every_process_and_after_all_of_them_ended(neighbourhood, house, other, photos):
    put(house, "photos", "a", b"alpha")
    change(other, "photos", Mkdir(("d",)))
    put(other, "photos", "d/b", b"bravo")
    put(house, "photos", "a", b"again")
    assert read(other, "photos", "a") == read(house, "photos", "a") == b"again"
    assert read(house, "photos", "d/b") == b"bravo"
    neighbourhood.close()
    third = neighbourhood.open()
    assert listing(third.view("photos")) == [("a", 5), ("d", None), ("d/b", 5)]
    assert read(third, "photos", "a") == b"again"


def test_a_view_never_changes(house, photos):
    put(house, "photos", "a", b"alpha")
    before = house.view("photos")
    change(house, "photos", Remove(("a",)))
    assert listing(before) == [("a", 5)]
    assert listing(house.view("photos")) == []


def test_a_function_that_raises_leaves_no_trace(house, photos):
    def fail(edit):
        edit.apply(photos.id, Mkdir(("d",)))
        edit.create_collection("other")
        edit.trash_collection(photos.id)
        raise KeyError("changed my mind")

    with pytest.raises(KeyError):
        house.edit(fail)
    assert [row.name for row in house.collections()] == ["photos"]
    assert listing(house.view("photos")) == []
    change(house, "photos", Mkdir(("e",)))
    assert listing(house.view("photos")) == [("e", None)]


def test_preconditions_are_checked_against_what_other_processes_did(house, other, photos):
    house.view("photos")

    def create_only(edit):
        if tree.lookup(edit.view("photos").root, ("lock",)) is not None:
            raise Exists("lock")
        edit.apply(photos.id, Mkdir(("lock",)))

    other.edit(create_only)
    with pytest.raises(Exists):
        house.edit(create_only)


def test_of_many_that_want_to_be_first_exactly_one_is(house, other, photos):
    winners = []

    def race(house, who):
        def create_only(edit):
            if tree.lookup(edit.view("photos").root, ("lock",)) is not None:
                raise Exists("lock")
            edit.apply(photos.id, Mkdir(("lock",)))

        try:
            house.edit(create_only)
        except Exists:
            return
        winners.append(who)

    threads = [threading.Thread(target=race, args=(h, i)) for i, h in enumerate([house, other] * 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(winners) == 1


def test_two_processes_and_many_threads_lose_nothing(house, other, photos):
    def write(house, who):
        for i in range(20):
            put(house, "photos", f"{who}-{i}", b"%d" % i)

    threads = [threading.Thread(target=write, args=(h, i)) for i, h in enumerate([house, other] * 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = sorted((f"{who}-{i}", len(str(i))) for who in range(8) for i in range(20))
    assert listing(house.view("photos")) == expected
    assert listing(other.view("photos")) == expected


def test_a_commit_is_a_version_with_the_manifest_of_the_tree(house, other, photos):
    put(house, "photos", "a", b"alpha", mtime_ns=7)
    change(house, "photos", Mkdir(("empty",)))
    etag = tree.require(house.view("photos").root, ("a",)).attributes.etag
    version = house.commit("photos")
    text = "".join(house.manifest(house.view_version("photos", 1)))
    assert text == (
        ". 2c1743a391305fbf367df8e4f069f9f9+5 0:5:a\n./empty d41d8cd98f00b204e9800998ecf8427e+0 0:0:\\056\n"
    )
    assert version.pdh == portable_data_hash(text)
    assert (version.number, version.files, version.bytes) == (1, 1, 5)
    for process in (house, other):
        node = tree.require(process.view("photos").root, ("a",))
        assert node.attributes == Attributes(etag=etag, mtime_ns=7)
        assert node.mem_bytes == 0
        assert read(process, "photos", "a") == b"alpha"
        assert process.view("photos").root.mem_bytes == 0
    assert listing(house.view_pdh(version.pdh)) == [("a", 5), ("empty", None)]


def test_a_commit_without_a_change_makes_no_version(house, photos):
    put(house, "photos", "a", b"alpha")
    first = house.commit("photos")
    assert house.commit("photos").number == first.number
    put(house, "photos", "b", b"bravo")
    change(house, "photos", Remove(("b",)))
    assert house.commit("photos").number == first.number
    with house.read_catalog() as tables:
        assert tables.journal.after(first.collection_id, 0) == []
    put(house, "photos", "b", b"bravo")
    assert house.commit("photos").number == 2
    assert [version.number for version in house.versions("photos")] == [1, 2]
    assert listing(house.view_version("photos", 1)) == [("a", 5)]
    with pytest.raises(UnknownVersion):
        house.view_version("photos", 3)


def test_what_arrives_during_a_commit_stays_in_the_journal(neighbourhood, house, photos):
    class Interrupting:
        """A store during whose put somebody else changes the collection."""

        def __getattr__(self, name):
            return getattr(neighbourhood.blocks, name)

        def put(self, data, known=None):
            for step in self.steps:
                step()
            self.steps = []
            return neighbourhood.blocks.put(data)

    blocks = Interrupting()
    slow = neighbourhood.open(blocks=blocks)
    put(house, "photos", "a", b"alpha")
    put(house, "photos", "b", b"bravo")
    blocks.steps = [
        lambda: change(house, "photos", Remove(("b",))),
        lambda: put(house, "photos", "c", b"charlie"),
        lambda: change(slow, "photos", Move(("a",), ("z",))),
    ]
    version = slow.commit("photos")
    assert listing(slow.view_version("photos", version.number)) == [("a", 5), ("b", 5)]
    for process in (slow, house, neighbourhood.open()):
        assert listing(process.view("photos")) == [("c", 7), ("z", 5)]
        assert read(process, "photos", "c") == b"charlie"
        assert read(process, "photos", "z") == b"alpha"


def test_a_commit_drops_its_entries_from_the_journal_in_steps(neighbourhood, house, photos, monkeypatch):
    monkeypatch.setattr(committing, "_TRIMMED_AT_ONCE", 3)
    for number in range(8):
        put(house, "photos", f"f{number}", b"x")
    version = house.commit("photos")
    with house.read_catalog() as tables:
        assert tables.journal.after(version.collection_id, 0) == []


def test_entries_that_a_commit_left_behind_are_dropped_by_the_next(house, photos, monkeypatch):
    put(house, "photos", "f", b"x")
    with monkeypatch.context() as patched:
        patched.setattr(Committer, "_trim", lambda _self, _collection_id: None)  # as if it was killed there
        version = house.commit("photos")
    with house.read_catalog() as tables:
        assert tables.journal.committed(version.collection_id)
    assert fsck(house).errors == []
    put(house, "photos", "g", b"x")
    house.commit("photos")
    with house.read_catalog() as tables:
        assert tables.journal.after(version.collection_id, 0) == []


def test_two_processes_never_commit_the_same_entries_twice(neighbourhood, house, other, photos):
    put(house, "photos", "a", b"alpha")
    versions = []
    threads = [threading.Thread(target=lambda h=h: versions.append(h.commit("photos"))) for h in (house, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [version.number for version in versions] == [1, 1]
    assert len(house.versions("photos")) == 1


def test_a_block_store_that_fails_leaves_everything_to_the_next_commit(neighbourhood, house, photos):
    class Broken:
        def __getattr__(self, name):
            return getattr(neighbourhood.blocks, name)

        def put(self, data, known=None):
            raise StoreUnavailable("no disk")

    put(house, "photos", "a", b"alpha")
    with pytest.raises(StoreUnavailable):
        neighbourhood.open(blocks=Broken()).commit("photos")
    assert house.versions("photos") == []
    assert read(house, "photos", "a") == b"alpha"
    assert house.commit("photos").number == 1


def test_an_untouched_directory_is_not_written_again(house, photos):
    for name in ("x", "y"):
        change(house, "photos", Mkdir((name,)))
        put(house, "photos", f"{name}/file", name.encode())
    house.commit("photos")
    with house.read_catalog() as tables:
        before = set(tables.records.hashes())
    put(house, "photos", "x/file", b"other")
    house.commit("photos")
    with house.read_catalog() as tables:
        assert len(set(tables.records.hashes()) - before) == 2  # the root and x


def test_a_subtree_goes_to_another_collection_with_all_it_has(neighbourhood, house, other, photos):
    house.edit(lambda edit: edit.create_collection("archive"))
    change(house, "photos", Mkdir(("d",)))
    put(house, "photos", "d/stored", b"alpha")
    house.commit("photos")
    put(house, "photos", "d/inline", b"bravo", mtime_ns=3)

    def move(edit):
        photos, archive = edit.view("photos"), edit.view("archive")
        edit.apply(archive.info.id, Splice(("moved",), tree.require(photos.root, ("d",))))
        edit.apply(photos.info.id, Remove(("d",)))

    other.edit(move)
    for process in (house, other, neighbourhood.open()):
        assert listing(process.view("photos")) == []
        assert listing(process.view("archive")) == [("moved", None), ("moved/inline", 5), ("moved/stored", 5)]
        assert read(process, "archive", "moved/inline") == b"bravo"
        assert tree.require(process.view("archive").root, ("moved", "inline")).attributes.mtime_ns == 3
    house.commit("archive")
    assert read(other, "archive", "moved/stored") == b"alpha"


def test_a_collection_made_from_a_tree_shares_it(house, other, photos):
    put(house, "photos", "a", b"alpha")
    house.edit(lambda edit: edit.create_collection("copy", edit.view("photos").root))
    change(house, "photos", Remove(("a",)))
    assert read(other, "copy", "a") == b"alpha"
    with pytest.raises(Exists):
        house.edit(lambda edit: edit.create_collection("copy"))


def test_collections_are_renamed_trashed_and_restored(house, other, photos):
    put(house, "photos", "a", b"alpha")
    other.view("photos")
    house.edit(lambda edit: edit.rename_collection(photos.id, "pictures"))
    with pytest.raises(NotFound):
        other.view("photos")
    assert read(other, "pictures", "a") == b"alpha"
    other.edit(lambda edit: edit.trash_collection(photos.id))
    with pytest.raises(NotFound):
        house.view("pictures")
    with pytest.raises(NotFound):
        house.edit(lambda edit: edit.view("pictures"))
    assert [row.uuid for row in house.trashed()] == [photos.uuid]
    house.edit(lambda edit: edit.restore_collection(photos.id, "back"))
    assert read(other, "back", "a") == b"alpha"
    assert house.view_uuid(photos.uuid).info.name == "back"


def test_inside_one_edit_names_follow_what_it_did(house, photos):
    def swap(edit):
        other = edit.create_collection("other")
        edit.rename_collection(photos.id, "old")
        edit.rename_collection(other.id, "photos")
        assert edit.view("photos").info.id == other.id
        return edit.view("old").info.id

    assert house.edit(swap) == photos.id


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "by_id", "history", "_", "a\nb", "x" * 256])
def test_names_that_cannot_be_are_refused(house, name):
    with pytest.raises(InvalidName):
        house.edit(lambda edit: edit.create_collection(name))
    assert house.collections() == []


def test_copies_within_a_collection_share_everything(house, photos):
    change(house, "photos", Mkdir(("d",)))
    put(house, "photos", "d/a", b"alpha")
    change(house, "photos", Copy(("d",), ("e",)))
    put(house, "photos", "d/a", b"other")
    assert read(house, "photos", "e/a") == b"alpha"
    house.commit("photos")
    assert read(house, "photos", "e/a") == b"alpha"


def test_attributes_survive_commit_and_restart(neighbourhood, house, photos):
    put(house, "photos", "a", b"alpha")
    change(house, "photos", Mkdir(("d",)))
    for path in ((), ("d",), ("a",)):
        old = tree.require(house.view("photos").root, path).attributes
        new = Attributes(etag=old.etag, properties=(("{x:}p", f"<p>{path}</p>"),), mtime_ns=len(path))
        change(house, "photos", SetAttributes(path, new))
    for step in (lambda: None, lambda: house.commit("photos")):
        step()
        fresh = neighbourhood.open()
        for path in ((), ("d",), ("a",)):
            attributes = tree.require(fresh.view("photos").root, path).attributes
            assert attributes.properties == (("{x:}p", f"<p>{path}</p>"),)
            assert attributes.mtime_ns == len(path)


def test_an_evicted_collection_is_loaded_again(neighbourhood):
    house = neighbourhood.open(open_collections=2)
    for name in "abc":
        house.edit(lambda edit, name=name: edit.create_collection(name))
        put(house, name, "file", name.encode())
    for name in "abcabc":
        assert read(house, name, "file") == name.encode()


@pytest.mark.parametrize(
    ("text", "is_normal"),
    [
        (". 2c1743a391305fbf367df8e4f069f9f9+5 0:5:a\n./s 2c1743a391305fbf367df8e4f069f9f9+5 0:5:y\n", True),
        (". 2c1743a391305fbf367df8e4f069f9f9+5 0:5:a 0:5:s/y\n", False),
    ],
)
def test_a_registered_text_comes_back_as_it_was_until_something_changes(neighbourhood, house, text, is_normal):
    neighbourhood.blocks.put(b"alpha")
    _, version = house.register("imported", load_manifest(text), text)
    assert version.text is not is_normal
    assert version.pdh == portable_data_hash(text)
    assert house.commit("imported") == version
    for process in (house, neighbourhood.open()):
        assert "".join(process.manifest(process.view_version("imported", 1))) == text
        assert read(process, "imported", "s/y") == b"alpha"
    change(house, "imported", Remove(("a",)))
    second = house.commit("imported")
    assert "".join(house.manifest(house.view_version("imported", second.number))).startswith("./s ")
    assert "".join(house.manifest(house.view_version("imported", 1))) == text


def test_registering_a_name_that_is_taken_is_refused(house, photos):
    with pytest.raises(Exists):
        house.register("photos", load_manifest(""), "")


def test_a_collection_of_a_job_that_failed_is_not_mistaken_for_the_next_one(house, photos):
    """Both jobs are in one batch, and the database gives the second collection the number of the first."""

    def fail(edit):
        made = edit.create_collection("phantom")
        edit.apply(made.id, Mkdir(("ghost",)))
        raise KeyError

    jobs = [Job(fail), Job(lambda edit: edit.create_collection("real"))]
    house._writer._run(jobs)
    assert isinstance(jobs[0].error, KeyError)
    assert [row.name for row in house.collections()] == ["photos", "real"]
    assert house.view("real").info == jobs[1].result
    assert listing(house.view("real")) == []
    change(house, "real", Mkdir(("d",)))
    assert listing(house.view("real")) == [("d", None)]


def test_a_change_of_locks_is_seen_by_others_only_when_it_is_durable(house, photos):
    lock = Lock(
        token="t",
        collection_id=photos.id,
        path=("a",),
        exclusive=True,
        infinite=False,
        owner_xml="",
        principal="",
        timeout_s=60,
        expires_ns=2**62,
    )

    def lock_and_fail(edit):
        edit.add_lock(lock)
        assert edit.view("photos").info.lock_seq == photos.lock_seq + 1
        assert edit.locks(photos.id) == [lock]
        raise KeyError

    with pytest.raises(KeyError):
        house.edit(lock_and_fail)
    assert house.locks("photos") == []
    house.edit(lambda edit: edit.add_lock(lock))
    assert house.locks("photos") == [lock]
    assert house.edit(lambda edit: edit.locks(edit.view("photos").info.id)) == [lock]
    house.edit(lambda edit: edit.trash_collection(photos.id))
    house.edit(lambda edit: edit.restore_collection(photos.id, "photos"))
    assert house.locks("photos") == []
