"""What is said of a file is worked out once, and only for this file as this address shows it."""

import pytest

from davserver.collection.attributes import Attributes
from davserver.collection.extents import MemExtent, StoredExtent
from davserver.collection.filenode import FileNode
from davserver.dav.representation import MAX_EXTENTS, MAX_FILES, MAX_MEM_BYTES, Representations
from davserver.values import Locator

MD5 = "ab" * 16


def node(**attributes):
    return FileNode((MemExtent(b"x"),), Attributes(etag="e", **attributes)).freeze()


@pytest.fixture
def shown():
    memory = Representations()

    def shown(file, name="a.txt", born_ns=0, *, is_immutable=False):
        return memory.of(file, name, born_ns, is_immutable=is_immutable)

    return shown


def test_it_is_worked_out_once(shown):
    file = node()
    assert shown(file) is shown(file)


def test_whatever_it_follows_from_makes_another(shown):
    file = node()
    first = dict(shown(file).headers)
    assert (first["ETag"], first["Cache-Control"]) == ('"e"', "private, no-cache")
    assert shown(file, "a.html").kind == "text/html; charset=utf-8"
    assert "Content-Disposition" in dict(shown(file, "a.html").headers)
    assert dict(shown(file, born_ns=10**9).headers)["Last-Modified"] != first["Last-Modified"]
    assert "immutable" in dict(shown(file, is_immutable=True).headers)["Cache-Control"]
    assert shown(node(content_type="a/b")).kind == "a/b"
    assert dict(shown(file).headers) == first


def test_the_md5_in_the_old_header_is_of_what_goes_out(shown):
    of_file = shown(node(checksums=(("md5", MD5), ("sha256", "cd" * 32))))
    assert [name for name, _ in of_file.digests] == ["Repr-Digest", "OC-Checksum", "Content-MD5"]
    assert of_file.part_digests == of_file.digests[:2]


@pytest.mark.parametrize(
    "extents",
    [
        [MemExtent(bytes(MAX_MEM_BYTES + 1))],
        [StoredExtent(Locator(MD5, 9), 2 * number, 1) for number in range(MAX_EXTENTS + 1)],
    ],
)
def test_a_node_that_is_large_in_memory_is_not_kept_there(shown, extents):
    file = FileNode(extents, Attributes(etag="e")).freeze()
    assert shown(file) is not shown(file)
    assert shown(file) == shown(file)


def test_the_oldest_makes_room(shown):
    files = [node() for _ in range(MAX_FILES + 1)]
    first, *others = [shown(file) for file in files]
    assert all(shown(file) is known for file, known in zip(files[1:], others, strict=True))
    assert shown(files[0]) is not first
