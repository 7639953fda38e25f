"""The memory of computed digests, and its bounds."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from davserver.blocks.open import open_store
from davserver.collection.attributes import Attributes
from davserver.collection.extents import StoredExtent, ZeroExtent
from davserver.collection.filenode import FileNode
from davserver.dav.faults import BadRequest
from davserver.dav.reprdigest import (
    MAX_AT_ONCE,
    MAX_COMPUTED_BYTES,
    MAX_REMEMBERED,
    ReprDigests,
    wanted_algorithms,
)

CONTENT = b"some content"


class Reader:
    """A store that counts what is read, and can be made to wait."""

    def __init__(self):
        self.store = open_store("memory://")
        self.locator = self.store.put(CONTENT)
        self.reads = 0
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.go_on.set()

    def read(self, locator, offset, length):
        self.reads += 1
        self.begun.release()
        assert self.go_on.wait(30)
        return self.store.read(locator, offset, length)

    def file(self, etag="e", **attributes):
        extents = [StoredExtent(self.locator, 0, len(CONTENT))]
        return FileNode(extents, Attributes(etag=etag, **attributes)).freeze()


@pytest.fixture
def reader():
    return Reader()


def test_computed_once_for_an_etag_and_an_algorithm(reader):
    digests = ReprDigests()
    for _ in range(2):
        assert digests.digest(reader.file(), "sha256", reader) == hashlib.sha256(CONTENT).digest()
    assert reader.reads == 1
    assert digests.digest(reader.file(), "sha512", reader) == hashlib.sha512(CONTENT).digest()
    digests.digest(reader.file("other"), "sha256", reader)
    assert reader.reads == 3


def test_a_stored_one_is_not_computed(reader):
    file = reader.file(checksums=(("sha256", "ab" * 32),))
    assert ReprDigests().digest(file, "sha256", reader) == b"\xab" * 32
    assert reader.reads == 0


def test_the_longest_unused_is_forgotten_first(reader):
    digests = ReprDigests()
    for number in range(MAX_REMEMBERED):
        digests.digest(reader.file(str(number)), "sha256", reader)
    digests.digest(reader.file("0"), "sha256", reader)
    digests.digest(reader.file("one more"), "sha256", reader)
    assert reader.reads == MAX_REMEMBERED + 1
    digests.digest(reader.file("0"), "sha256", reader)
    assert reader.reads == MAX_REMEMBERED + 1
    digests.digest(reader.file("1"), "sha256", reader)
    assert reader.reads == MAX_REMEMBERED + 2


def test_nobody_waits_for_another_computation(reader):
    digests = ReprDigests()
    reader.go_on.clear()
    with ThreadPoolExecutor(MAX_AT_ONCE) as pool:
        slow = [pool.submit(digests.digest, reader.file(str(n)), "sha256", reader) for n in range(MAX_AT_ONCE)]
        for _ in slow:
            assert reader.begun.acquire(timeout=30)
        assert digests.digest(reader.file("another"), "sha256", reader) is None
        reader.go_on.set()
        assert {future.result() for future in slow} == {hashlib.sha256(CONTENT).digest()}
    assert digests.digest(reader.file("another"), "sha256", reader) is not None


def test_a_huge_file_is_not_read(reader):
    file = FileNode([ZeroExtent(MAX_COMPUTED_BYTES + 1)], Attributes(etag="huge")).freeze()
    assert ReprDigests().digest(file, "sha256", reader) is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("sha-256=1", ["sha-256"]),
        ("sha-256=1, sha-512=1", ["sha-256", "sha-512"]),
        ("sha-256=1, sha-512=10", ["sha-512", "sha-256"]),
        ("sha-256=0, md5=10, unknown=3", []),
        ("sha-256, sha-512=1.5", []),
    ],
)
def test_preferences(text, wanted):
    assert wanted_algorithms("Want-Repr-Digest", text) == wanted


def test_what_is_no_list_of_preferences():
    with pytest.raises(BadRequest):
        wanted_algorithms("Want-Repr-Digest", "sha-256=1 sha-512=2")
