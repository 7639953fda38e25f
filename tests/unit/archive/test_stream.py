"""A zip's ranges: whatever is asked for, before or after whatever else, the bytes are those of the whole."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davserver.archive import plan as planning
from davserver.archive.crc import Sums
from davserver.archive.format import LATE_BYTES
from davserver.archive.known import KnownPlans
from davserver.archive.members import Packing, walk
from davserver.archive.plan import Plan, plan_of
from davserver.archive.stream import Archive
from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.dirnode import EMPTY_DIR, DirNode
from davserver.collection.extents import MemExtent, StoredExtent
from davserver.collection.filenode import FileNode
from davserver.errors import Unpackable
from tests.support.memoryblocks import MemoryBlocks

LATER = FileNode([MemExtent(b"22")], Attributes(mtime_ns=5))
DAY_NS = 86_400_000_000_000
LARGE = bytes(range(256)) * (LATE_BYTES // 256) + b"and more"


class Files:
    """Reads files from memory, in pieces of an odd size; counts what it read."""

    def __init__(self, piece: int = 300_007) -> None:
        self.blocks = MemoryBlocks()
        self.read_bytes = 0
        self._piece = piece

    def read(self, file: FileNode, start: int, stop: int) -> Iterator[bytes]:
        for offset in range(start, stop, self._piece):
            self.read_bytes += min(self._piece, stop - offset)
            yield file.read_at(offset, min(self._piece, stop - offset), self.blocks)

    send = read


def folder(contents: dict[str, bytes | None]) -> DirNode:
    root = EMPTY_DIR
    for number, (path, content) in enumerate(contents.items()):
        attributes = Attributes(mtime_ns=20_000 * DAY_NS + number * 2_000_000_000)
        node = EMPTY_DIR.with_attributes(attributes)
        names = tuple(path.split("/"))
        root = tree.put(root, names, node if content is None else FileNode([MemExtent(content)], attributes))
    return root


SMALL = {
    "empty": b"",
    "a": None,
    "a/one": b"1" * 1000,
    "a/b": None,
    "a/b/large": LARGE,
    "a/b/two": b"22",
    "a.txt": b"between",
    "nothing in it": None,
    "späße 🚀": b"text",
    "z": LARGE[::-1],
}


def opened(packing: Packing, sums: Sums | None = None) -> tuple[Archive, Plan, Files]:
    plan, files = plan_of(packing), Files()
    return Archive(packing, plan, sums or Sums(plan.members), files), plan, files


def whole(archive: Archive, plan: Plan) -> bytes:
    return b"".join(archive.read(0, plan.length))


def test_what_is_packed_comes_out_again() -> None:
    archive, plan, _ = opened(Packing(folder(SMALL), "my folder", 0))
    data = whole(archive, plan)
    assert len(data) == plan.length
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert packed.testzip() is None
        files = {name: packed.read(name) for name in packed.namelist() if not name.endswith("/")}
        folders = {info.filename for info in packed.infolist() if info.is_dir()}
        first = packed.getinfo("my folder/empty")
    assert files == {f"my folder/{name}": content for name, content in SMALL.items() if content is not None}
    assert folders == {"my folder/", "my folder/a/", "my folder/a/b/", "my folder/nothing in it/"}
    assert first.date_time == (2024, 10, 4, 0, 0, 0)


def test_any_range_is_a_part_of_the_whole() -> None:
    packing = Packing(folder(SMALL), "t", 0)
    archive, plan, _ = opened(packing)
    data = whole(archive, plan)
    edges = [step.place for step in planning.placed(packing, plan.marks[0])] + [plan.entries_at, plan.end_at]
    near = sorted({min(max(edge + by, 0), plan.length) for edge in edges for by in (-1, 1)})
    for start in near:
        for stop in (start + 50, near[-3], plan.length):
            fresh, _, _ = opened(packing)
            assert b"".join(fresh.read(start, min(stop, plan.length))) == data[start:stop], (start, stop)


@given(st.data())
def test_any_order_of_ranges_gives_the_same_bytes(data: st.DataObject) -> None:
    archive, plan, _ = opened(PACKING)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, plan.length))
        stop = data.draw(st.integers(start, plan.length))
        reading = archive.read(start, stop)
        taken = b"".join(piece for piece, _ in zip(reading, range(data.draw(st.integers(0, 9))), strict=False))
        reading.close()  # a client that goes away
        assert WHOLE[start:stop].startswith(taken)
    start = data.draw(st.integers(0, plan.length))
    assert b"".join(archive.read(start, plan.length)) == WHOLE[start:]


PACKING = Packing(folder(SMALL), "t", 0)
WHOLE = whole(*opened(PACKING)[:2])


def test_a_file_of_a_download_that_goes_on_is_summed_from_where_it_broke_off() -> None:
    archive, plan, files = opened(Packing(folder({"large": LARGE * 4}), "t", 0))
    reading = archive.read(0, plan.length)
    came = len(next(reading)) + sum(len(next(reading)) for _ in range(4))
    reading.close()
    files.read_bytes = 0
    b"".join(archive.read(came, plan.length))
    assert files.read_bytes <= len(LARGE * 4) - came + 2 * 300_007


def test_a_zip_that_was_sent_once_needs_no_reading_for_its_end() -> None:
    archive, plan, files = opened(PACKING)
    whole(archive, plan)
    files.read_bytes = 0
    assert b"".join(archive.read(plan.entries_at, plan.length)) == WHOLE[plan.entries_at :]
    assert files.read_bytes == 0


@pytest.mark.parametrize("contents", [{f"{n}": LARGE for n in range(8)}, {"one": LARGE * 8}], ids=["many", "one"])
def test_who_resumes_where_nobody_remembers_is_never_left_without_a_byte_for_long(contents: dict[str, bytes]) -> None:
    packing = Packing(folder(contents), "t", 0)
    whole_archive, plan, _ = opened(packing)
    data = whole(whole_archive, plan)
    start = plan.length // 2
    archive, _, files = opened(packing)
    came, waits = b"", []
    for piece in archive.read(start, plan.length):
        waits.append(files.read_bytes - sum(waits))
        came += piece
    assert came == data[start:]
    assert max(waits) <= 4 * 300_007


def test_a_file_that_another_download_sums_meanwhile_is_summed_right() -> None:
    packing = Packing(folder({"one": LARGE * 3}), "t", 0)
    archive, plan, _ = opened(packing)
    data = whole(*opened(packing)[:2])
    late, early = archive.read(len(LARGE), plan.length), archive.read(0, plan.length)
    came = next(late)
    for _ in range(9):
        next(early)
    early.close()
    assert came + b"".join(late) == data[len(LARGE) :]


def test_many_members_are_found_by_their_marks() -> None:
    packing = Packing(folder({f"file {number:05}": b"%d" % number for number in range(1000)}), "t", 0)
    archive, plan, files = opened(packing)
    data = whole(archive, plan)
    assert len(plan.marks) == 4
    files.read_bytes = 0
    assert (
        b"".join(archive.read(plan.entries_at - 100, plan.entries_at)) == data[plan.entries_at - 100 : plan.entries_at]
    )
    assert files.read_bytes < 10
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None


@given(st.data())
def test_a_walk_goes_on_behind_any_member(data: st.DataObject) -> None:
    names = st.sampled_from(["a", "a.b", "a-b", "b", "._x", "ä"])
    paths = data.draw(st.lists(st.lists(names, min_size=1, max_size=4).map("/".join), max_size=12))
    root = EMPTY_DIR
    for path in paths:
        parts = tuple(path.split("/"))
        for depth in range(1, len(parts) + 1):
            if tree.lookup(root, parts[:depth]) is None:
                root = tree.put(root, parts[:depth], EMPTY_DIR)
    packing = Packing(root, "t", 0, hides_litter=data.draw(st.booleans()))
    steps = list(walk(packing))
    for number, step in enumerate(steps):
        assert list(walk(packing, step.path)) == steps[number + 1 :]


def test_content_beyond_four_gigabytes_and_many_members_need_wide_fields() -> None:
    files = Files()
    locator = files.blocks.put(bytes(1 << 20))
    huge = FileNode([StoredExtent(locator, 0, 1 << 20), MemExtent(b"x")] * 4097, Attributes(etag="huge"))
    root = tree.put(tree.put(EMPTY_DIR, ("huge",), huge), ("last",), FileNode([MemExtent(b"end")]))
    packing = Packing(root, "t", 0)
    plan = plan_of(packing)
    sums = Sums(plan.members)
    sums.learn(1, 1)  # reading so much would take seconds; the real readers of tests/real/test_zips.py do
    archive = Archive(packing, plan, sums, files)
    assert plan.length > 1 << 32
    tail = b"".join(archive.read(plan.entries_at, plan.length))
    with zipfile.ZipFile(Behind(plan.length - len(tail), tail)) as packed:
        info = packed.getinfo("t/huge")
        last = packed.getinfo("t/last")
        assert (info.file_size, info.compress_size) == (huge.size, huge.size)
    header = b"".join(archive.read(last.header_offset, plan.entries_at))
    assert last.header_offset > 1 << 32
    assert header.startswith(b"PK\3\4")
    assert header.endswith(b"end")


class Behind(io.BytesIO):
    """A long file of which only the end is at hand."""

    def __init__(self, before: int, tail: bytes) -> None:
        super().__init__(tail)
        self._before = before

    def seek(self, offset: int, whence: int = 0) -> int:
        return super().seek(offset if whence else offset - self._before, whence) + self._before

    def tell(self) -> int:
        return super().tell() + self._before


def test_the_tag_follows_what_the_bytes_follow_from() -> None:
    base = folder(SMALL)
    tags = [
        plan_of(Packing(base, "t", 0)).etag,
        plan_of(Packing(base, "u", 0)).etag,
        plan_of(Packing(tree.put(base, ("a", "b", "two"), FileNode([MemExtent(b"23")])), "t", 0)).etag,
        plan_of(Packing(tree.remove(base, ("nothing in it",)), "t", 0)).etag,
        plan_of(Packing(tree.put(base, ("a", "b", "two"), LATER), "t", 0)).etag,
        plan_of(Packing(base, "t", 0, ZoneInfo("Europe/Berlin"))).etag,
    ]
    assert len(set(tags)) == len(tags)
    assert plan_of(Packing(folder(SMALL), "t", 0)).etag == tags[0]


def test_names_that_are_no_utf8_keep_their_bytes() -> None:
    archive, plan, _ = opened(Packing(folder({"caf\udce9": b"1", "café": b"2"}), "t", 0))
    data = whole(archive, plan)
    assert b"t/caf\xe9" in data
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert [info.flag_bits & 1 << 11 for info in packed.infolist()] == [1 << 11, 1 << 11, 0]


def test_a_path_too_long_for_a_zip_is_refused_before_anything_is_sent() -> None:
    root = EMPTY_DIR
    names = tuple("n" * 250 for _ in range(270))
    for depth in range(1, len(names) + 1):
        root = tree.put(root, names[:depth], EMPTY_DIR)
    with pytest.raises(Unpackable, match="longer than"):
        plan_of(Packing(root, "t", 0))


def test_too_many_members_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "MAX_MEMBERS", 256)
    plan_of(Packing(folder({str(number): b"" for number in range(255)}), "t", 0))
    with pytest.raises(Unpackable, match="256 members"):
        plan_of(Packing(folder({str(number): b"" for number in range(256)}), "t", 0))


def test_what_is_known_of_zips_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    known = KnownPlans()
    monkeypatch.setattr("davserver.archive.known.MAX_PLANS", 3)
    packings = [Packing(folder({str(number): b""}), "t", 0) for number in range(5)]
    sums = [known.find(packing).sums for packing in packings]
    again = [known.find(packing).sums for packing in reversed(packings)]
    assert [before is after for before, after in zip(reversed(sums), again, strict=True)] == [True] * 3 + [False] * 2


def test_a_stored_folder_is_planned_once() -> None:
    known = KnownPlans()
    base = folder(SMALL)
    stored = DirNode.of(base.entries, base.attributes, record="0" * 32)
    assert known.find(Packing(stored, "t", 0)) is known.find(Packing(stored, "t", 0))
    assert known.find(Packing(stored, "t", 0)).plan.etag != known.find(Packing(stored, "u", 0)).plan.etag
