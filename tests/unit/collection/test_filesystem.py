"""The namespace of the collection filesystem: opening, making, removing, renaming, snapshots.

Follows Arvados' TestPathMunge, TestOpenFileFlags, TestMkdir, TestRemove, TestRename*, TestReaddir*, TestSnapshotSplice.
"""

from __future__ import annotations

import os
import stat

import pytest

from davserver.collection.extents import MemExtent
from davserver.collection.filenode import FileNode
from davserver.collection.filesystem import CollectionFileSystem
from davserver.errors import (
    DavserverError,
    DirectoryNotEmpty,
    Exists,
    InvalidOperation,
    IsADirectory,
    NotADirectory,
    NotFound,
    ReadOnly,
    WriteOnly,
)


def put(fs: CollectionFileSystem, name: str, data: bytes = b"data") -> None:
    with fs.create(name) as file:
        file.write(data)


def get(fs: CollectionFileSystem, name: str) -> bytes:
    with fs.open(name) as file:
        return file.read()


def names(fs: CollectionFileSystem, name: str = ".") -> list[str]:
    return [info.name for info in fs.readdir(name)]


@pytest.fixture
def full(fs: CollectionFileSystem) -> CollectionFileSystem:
    fs.mkdir("dir")
    fs.mkdir("dir/sub")
    put(fs, "dir/sub/file", b"deep")
    put(fs, "file", b"top")
    return fs


@pytest.mark.parametrize("name", ["", ".", "/", "./", "///", "/../", "/./.", "dir//.//..", "dir/..", "dir/sub/../.."])
def test_every_way_to_write_the_root(full: CollectionFileSystem, name: str) -> None:
    assert names(full, name) == ["dir", "file"]
    assert full.stat(name).is_directory


@pytest.mark.parametrize("name", ["dir/sub", "dir//.//sub", "/dir/sub/", "../dir/sub", "dir/sub/../sub/."])
def test_every_way_to_write_a_directory(full: CollectionFileSystem, name: str) -> None:
    assert names(full, name) == ["file"]


@pytest.mark.parametrize("name", ["no", "no/file", "dir/no", "no/", "no/..", "dir/no/x"])
def test_what_is_missing_is_not_found(full: CollectionFileSystem, name: str) -> None:
    for call in (full.open, full.stat, full.readdir):
        with pytest.raises(NotFound):
            call(name)


@pytest.mark.parametrize("name", ["file/", "file/x", "file/..", "file/.", "dir/sub/file/x"])
def test_a_path_through_a_file_is_refused(full: CollectionFileSystem, name: str) -> None:
    for call in (full.open, full.stat, full.readdir):
        with pytest.raises(NotADirectory):
            call(name)


@pytest.mark.parametrize(
    "flags",
    [os.O_RDONLY | os.O_SYNC, os.O_RDWR | os.O_SYNC, os.O_RDWR | os.O_WRONLY, os.O_RDONLY | os.O_TRUNC],
)
def test_flags_without_a_sense_are_refused(full: CollectionFileSystem, flags: int) -> None:
    with pytest.raises(InvalidOperation):
        full.open("file", flags)
    assert get(full, "file") == b"top"


def test_reading_needs_the_right_to_read(full: CollectionFileSystem) -> None:
    with full.open("file", os.O_WRONLY) as file, pytest.raises(WriteOnly):
        file.read(1)


def test_writing_needs_the_right_to_write(full: CollectionFileSystem) -> None:
    with full.open("file") as file:
        with pytest.raises(ReadOnly):
            file.write(b"x")
        with pytest.raises(ReadOnly):
            file.truncate(0)
    assert get(full, "file") == b"top"


def test_create_makes_a_file_only_with_its_flag_and_in_a_directory_that_exists(full: CollectionFileSystem) -> None:
    with pytest.raises(NotFound):
        full.open("new", os.O_RDWR)
    with pytest.raises(NotFound):
        full.open("no/new", os.O_RDWR | os.O_CREAT)
    with pytest.raises(NotADirectory):
        full.open("file/new", os.O_RDWR | os.O_CREAT)
    full.open("new", os.O_RDWR | os.O_CREAT).close()
    assert full.stat("new").size == 0


def test_create_makes_a_directory_if_the_mode_says_so(full: CollectionFileSystem) -> None:
    full.open("made", os.O_CREAT, stat.S_IFDIR | 0o755).close()
    assert full.stat("made").is_directory


@pytest.mark.parametrize("flags", [os.O_EXCL, os.O_CREAT | os.O_EXCL, os.O_RDWR | os.O_CREAT | os.O_EXCL])
@pytest.mark.parametrize("name", ["file", "dir", "."])
def test_exclusive_refuses_what_exists(full: CollectionFileSystem, name: str, flags: int) -> None:
    with pytest.raises(Exists):
        full.open(name, flags)


def test_truncating_empties_a_file_and_is_refused_on_a_directory(full: CollectionFileSystem) -> None:
    with full.open("file", os.O_WRONLY | os.O_TRUNC) as file:
        assert file.size == 0
    for flags in (os.O_RDWR | os.O_TRUNC, os.O_WRONLY, os.O_RDWR | os.O_CREAT):
        with pytest.raises(IsADirectory):
            full.open("dir", flags)


def test_appending_goes_to_the_end_and_reading_anywhere(full: CollectionFileSystem) -> None:
    with full.open("file", os.O_RDWR | os.O_APPEND) as file, full.open("file", os.O_RDWR | os.O_APPEND) as other:
        assert file.read(2) == b"to"
        file.write(b"+1")
        assert file.tell() == 5
        other.write(b"+2")
        file.seek(0)
        file.write(b"+3")
        assert file.tell() == 9
        file.seek(1)
        assert file.read() == b"op+1+2+3"
    assert get(full, "file") == b"top+1+2+3"


def test_a_directory_has_no_bytes_and_a_file_no_entries(full: CollectionFileSystem) -> None:
    with full.open("dir") as directory, full.open("file") as file:
        for call in (lambda: directory.read(1), lambda: directory.write(b"x"), lambda: directory.truncate(0)):
            with pytest.raises(IsADirectory):
                call()
        with pytest.raises(NotADirectory):
            file.readdir()


def test_a_closed_handle_is_of_no_use(full: CollectionFileSystem) -> None:
    file = full.open("file", os.O_RDWR)
    file.close()
    file.close()
    for call in (lambda: file.read(1), lambda: file.write(b"x"), lambda: file.seek(0), lambda: file.truncate(0)):
        with pytest.raises(InvalidOperation):
            call()


def test_mkdir(full: CollectionFileSystem) -> None:
    full.mkdir("new/")
    for name in ("new", "file", "dir/sub/", "."):
        with pytest.raises(Exists):
            full.mkdir(name)
    with pytest.raises(NotFound):
        full.mkdir("no/new")
    assert names(full) == ["dir", "file", "new"]


def test_remove(full: CollectionFileSystem) -> None:
    with pytest.raises(DirectoryNotEmpty):
        full.remove("dir/sub")
    for name in ("dir/.", "dir/..", ".", "", "/"):
        with pytest.raises(InvalidOperation):
            full.remove(name)
    with pytest.raises(NotFound):
        full.remove("no")
    full.remove("dir/sub/file")
    full.remove("dir/sub/")
    assert names(full, "dir") == []


def test_remove_all(full: CollectionFileSystem) -> None:
    full.remove_all("no")
    full.remove_all("no/deep")
    full.remove_all("dir/")
    assert names(full) == ["file"]
    with pytest.raises(InvalidOperation):
        full.remove_all(".")


def test_rename_replaces_a_file(full: CollectionFileSystem) -> None:
    full.rename("dir/sub/file", "file")
    assert get(full, "file") == b"deep"
    assert names(full, "dir/sub") == []


def test_rename_into_a_directory_is_written_with_a_slash(full: CollectionFileSystem) -> None:
    full.rename("file", "dir/sub/../")
    assert names(full, "dir") == ["file", "sub"]
    full.rename("dir/sub", "/")
    assert names(full) == ["dir", "sub"]


def test_rename_onto_itself_does_nothing(full: CollectionFileSystem) -> None:
    full.rename("file", "./file")
    assert get(full, "file") == b"top"


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("file", "dir", IsADirectory),
        ("dir/sub", "dir", IsADirectory),
        ("dir", "dir", InvalidOperation),
        ("dir", "dir/sub/dir", InvalidOperation),
        ("dir", "dir/", InvalidOperation),
        ("dir", "dir/new", InvalidOperation),
        ("no", "new", NotFound),
        ("no/x", "new", NotFound),
        ("file", "no/new", NotFound),
        ("file", "no/", NotFound),
        ("file", "dir/sub/file/new", NotADirectory),
        ("file/", "file/new", NotADirectory),
        ("dir", "file/new", NotADirectory),
        ("dir", "file/", NotADirectory),
        ("dir/.", "new", InvalidOperation),
        ("dir/..", "new", InvalidOperation),
        (".", "new", InvalidOperation),
        ("file", "dir/..", InvalidOperation),
        ("file", "", InvalidOperation),
    ],
)
def test_a_rename_that_cannot_be_is_refused_and_changes_nothing(
    full: CollectionFileSystem, old: str, new: str, error: type[DavserverError]
) -> None:
    before = full.marshal_manifest()
    with pytest.raises(error):
        full.rename(old, new)
    assert full.marshal_manifest() == before


def test_a_handle_follows_its_file_through_a_rename_of_the_directory(full: CollectionFileSystem) -> None:
    with full.open("dir/sub/file", os.O_RDWR) as file:
        full.rename("dir", "moved")
        file.write(b"DEEPER")
        assert full.stat("moved/sub/file").size == 6
        put(full, "moved/sub/other", b"x")
        full.rename("moved/sub/other", "moved/sub/file")
        file.write(b"!")
    assert get(full, "moved/sub/file") == b"x"


def test_a_handle_stays_usable_when_its_file_is_removed(full: CollectionFileSystem) -> None:
    with full.open("dir/sub/file", os.O_RDWR) as file:
        full.remove_all("dir")
        file.write(b"0123456789")
        file.seek(0)
        assert file.read() == b"0123456789"
        assert file.stat().size == 10
    assert names(full) == ["file"]


def test_all_handles_of_a_file_see_its_bytes_at_once(full: CollectionFileSystem) -> None:
    with full.open("file") as reader, full.open("file", os.O_RDWR) as writer:
        writer.write(b"TOP!")
        assert reader.read() == b"TOP!"
        assert full.stat("file").size == reader.size == 4
        assert get(full, "file") == b"TOP!"


def test_readdir_sorts_and_counts_what_is_open(full: CollectionFileSystem) -> None:
    with full.create("dir/a") as file:
        file.write(b"12345")
        assert [(info.name, info.is_directory, info.size) for info in full.readdir("dir")] == [
            ("a", False, 5),
            ("sub", True, 1),
        ]


def test_readdir_in_pages_ends_with_an_error_and_is_not_disturbed(full: CollectionFileSystem) -> None:
    for number in range(5):
        put(full, f"dir/{number}")
    with full.open("dir") as directory:
        pages = [directory.readdir(2)]
        full.remove("dir/3")
        pages += [directory.readdir(2), directory.readdir(2)]
        assert [[info.name for info in page] for page in pages] == [["0", "1"], ["2", "3"], ["4", "sub"]]
        with pytest.raises(EOFError):
            directory.readdir(2)
        assert directory.readdir() == []
    with full.open("dir") as directory:
        assert len(directory.readdir(1)) == 1
        assert len(directory.readdir(-1)) == 4


def test_an_empty_directory_ends_at_once(full: CollectionFileSystem) -> None:
    full.mkdir("empty")
    with full.open("empty") as directory:
        with pytest.raises(EOFError):
            directory.readdir(1)
        assert directory.size == 0


def test_the_mtime_of_a_directory_tells_of_additions_and_renames(full: CollectionFileSystem) -> None:
    seen = [full.stat("dir").mtime_ns]
    for change in (
        lambda: put(full, "dir/new"),
        lambda: full.rename("dir/new", "dir/other"),
        lambda: full.remove("dir/other"),
        lambda: full.mkdir("dir/made"),
    ):
        change()
        seen.append(full.stat("dir").mtime_ns)
    assert seen == sorted(set(seen))


def test_the_mtime_of_a_file_tells_of_writes(full: CollectionFileSystem) -> None:
    before = full.stat("file").mtime_ns
    with full.open("file", os.O_RDWR) as file:
        assert full.stat("file").mtime_ns == before
        file.write(b"x")
        assert full.stat("file").mtime_ns > before


def test_a_snapshot_is_not_touched_by_what_comes_after(full: CollectionFileSystem) -> None:
    with full.open("file", os.O_RDWR) as file:
        file.write(b"one")
        snapshot = full.snapshot()
        file.write(b"two")
        full.remove_all("dir")
        full.splice(".", snapshot)
        assert get(full, "file") == b"one"
        assert get(full, "dir/sub/file") == b"deep"
        file.seek(0)
        assert file.read() == b"onetwo", "the handle keeps the file that is gone"


def test_a_snapshot_is_spliced_many_times_and_the_copies_are_independent(full: CollectionFileSystem) -> None:
    snapshot = full.snapshot("dir")
    full.splice("dir/sub/copy", snapshot)
    full.splice("other", snapshot)
    put(full, "other/sub/file", b"changed")
    assert get(full, "dir/sub/copy/sub/file") == b"deep"
    assert get(full, "dir/sub/file") == b"deep"
    assert get(full, "other/sub/file") == b"changed"


def test_a_splice_replaces_files_by_directories_and_the_other_way_round(full: CollectionFileSystem) -> None:
    directory, file = full.snapshot("dir"), full.snapshot("file")
    full.splice("file", directory)
    full.splice("dir", file)
    assert get(full, "dir") == b"top"
    assert get(full, "file/sub/file") == b"deep"


def test_a_splice_of_a_file_under_construction_does_not_see_its_end(full: CollectionFileSystem) -> None:
    node = FileNode([MemExtent(b"abc")])
    full.splice("new", node)
    node.truncate(1)
    assert get(full, "new") == b"abc"


def test_a_splice_that_cannot_be_is_refused(full: CollectionFileSystem) -> None:
    for name, error in (("no/new", NotFound), ("file/new", NotADirectory)):
        with pytest.raises(error):
            full.splice(name, full.snapshot("dir"))
    with pytest.raises(InvalidOperation):
        full.splice(".", full.snapshot("file"))


def test_the_special_file_describes_the_collection_and_is_in_no_listing(full: CollectionFileSystem) -> None:
    text = get(full, ".arvados#collection").decode()
    assert '"uuid": "zzzzz-4zz18-x"' in text
    assert "0:3:file" in text
    assert names(full) == ["dir", "file"]
    with pytest.raises(ReadOnly):
        full.open(".arvados#collection", os.O_RDWR)
    with pytest.raises(NotFound):
        full.open("dir/.arvados#collection")
