"""Every system call on the block store fails once, in each way a disk fails, in every operation of a house.

The promise (G11): the caller gets StoreFull or StoreUnavailable, nothing is half there, what was there is whole, and
the same operation goes well when the disk does, without a restart; but for a failed fsync, after which the store takes
no writes, says so, and serves reads.
"""

import errno
import itertools
import os

import pytest

from davserver.blocks.cached import CachedStore
from davserver.blocks.disk import DiskStore
from davserver.blocks.verified import VerifiedStore
from davserver.catalog.database import open_catalog
from davserver.errors import DavserverError, StoreFull, StoreUnavailable
from davserver.live.house import House
from davserver.upkeep.fsck import fsck
from tests.support.faults import FAULTS, SHORT, FaultyFs
from tests.support.operations import LARGE, OPERATIONS, SETTINGS, Operation, begin, content, picture, put, tidy

LONG = os.environ.get("DAVSERVER_FAULTS") == "all"
ONCE = [*FAULTS.values(), SHORT] if LONG else [errno.ENOSPC, errno.EIO, errno.EMFILE, SHORT]
FOR_GOOD = [*FAULTS.values()] if LONG else [errno.ENOSPC]
FULL = {errno.ENOSPC, errno.EDQUOT}
STORE = ("put large", "write a range", "copy to another collection", "commit", "import")
"""The operations that store or look at blocks; the others make no call at all, which is looked at too."""


class Premises:
    """A house on a faulty block directory."""

    def __init__(self, directory):
        self.root = directory / "blocks"
        self.root.mkdir()
        self.url = f"sqlite:///{directory}/catalog.db"
        self.fs = FaultyFs()
        self.open()
        begin(self.house)

    def open(self):
        disk = DiskStore(self.root, self.fs, clock=lambda: 2e9, random_bytes=os.urandom)
        self.blocks = CachedStore(VerifiedStore(disk, disk, clock=lambda: 2e9), budget_bytes=0)
        self.house = House(open_catalog(self.url), self.blocks, settings=SETTINGS)

    def close(self):
        self.house.close()
        self.blocks.close()

    def reopen(self):
        self.close()
        self.open()


@pytest.fixture
def premises(tmp_path):
    premises = Premises(tmp_path)
    yield premises
    premises.close()


READ = Operation(
    "get",
    lambda house, number: house.view("c").root.get(f"read{number}").read_at(0, LARGE, house.blocks),
    lambda _now, _number: None,
    prepare=lambda house, number: put(house, f"read{number}", content(number, LARGE)),
)


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("operation", [*OPERATIONS, READ], ids=lambda operation: operation.name)
def test_each_call_failing(premises, operation, for_good):
    number, failed = 0, 0
    for code in FOR_GOOD if for_good else ONCE:
        for at in itertools.count(1):
            number += 1
            if not fail_one(premises, operation, number, at, code, for_good):
                break
            failed += 1
    assert failed > 0 or operation.name not in {*STORE, "get"} - {"import", "copy to another collection"}
    assert fsck(premises.house).errors == []


def fail_one(premises, operation, number, at, code, for_good):
    """Let one call of an operation fail; tells whether there was one left to fail."""
    fs = premises.fs
    if number % 8 == 0:
        tidy(premises.house)
    operation.prepare(premises.house, number)
    before = picture(premises.house)
    after = operation.after(before, number)
    fs.arm(at, code, for_good=for_good)
    error = None
    try:
        operation.run(premises.house, number)
    except DavserverError as raised:
        error = raised
    calls = fs.disarm()[:at]
    now = picture(premises.house)
    if error is None:  # none was left, or it does no harm: half a read, a temporary name that stays
        assert now == after, fs.failed
        return bool(fs.failed)
    assert now == before, fs.failed
    if operation.name != "get":
        assert type(error) is (StoreFull if code in FULL else StoreUnavailable), f"{fs.failed}: {error!r}"
    expect_writes_refused_after_a_failed_fsync(premises, code, None if for_good else calls)
    operation.run(premises.house, number)
    assert picture(premises.house) == after
    return True


def is_refusing(premises):
    try:
        premises.blocks.check_ready()
    except StoreUnavailable as error:
        return "since an fsync failed" in str(error)
    return False


def expect_writes_refused_after_a_failed_fsync(premises, code, calls):
    """``calls`` end with the one that failed; None if others failed after it, too."""
    if calls is None:
        if is_refusing(premises):
            premises.reopen()
        return
    *earlier, failed = calls
    never_began = code == errno.EMFILE and failed == "sync_directory"
    opened = [name for name in earlier if name in {"create", "open_for_locking"}]
    thrown_away = code in FULL and failed == "sync" and opened[-1] == "create"
    if failed in {"sync", "sync_directory"} and not never_began and not thrown_away:
        for refused in (premises.blocks.check_ready, lambda: premises.blocks.put(b"x" * 100)):
            with pytest.raises(StoreUnavailable, match="since an fsync failed"):
                refused()
        premises.reopen()
    premises.blocks.check_ready()
