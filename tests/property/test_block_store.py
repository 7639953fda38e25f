"""Any history of a block store against a model: what is held, how old it is, what is in the trash."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from davserver.blocks import layout
from davserver.blocks.address import locator_of
from davserver.blocks.cached import CachedStore
from davserver.blocks.disk import DiskStore
from davserver.blocks.fs import RealFs
from davserver.blocks.verified import VerifiedStore
from davserver.errors import BlockCorrupt, BlockMissing

CONTENTS = [b"a", b"bb", b"c" * 5000, bytes(1 << 16)]
KEEP_S = 100
contents = st.sampled_from(CONTENTS)


class Histories(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        self.now_s = 1_000_000
        disk = DiskStore(self.root, RealFs(), clock=lambda: self.now_s, random_bytes=os.urandom)
        # The caches get in the way as much as they can: few bytes, few files, every file old enough to be kept open.
        guard = VerifiedStore(disk, disk, clock=lambda: 4e9, open_files=2)
        self.store = CachedStore(guard, budget_bytes=3, small_bytes=2)
        self.held = {}
        self.trashed = {}
        self.damaged = set()

    def teardown(self):
        self.store.close()
        self.folder.cleanup()

    @rule(data=contents)
    def put(self, data):
        assert self.store.put(data) == locator_of(data)
        self.held[data] = self.now_s
        self.damaged.discard(data)

    @rule(data=contents)
    def touch(self, data):
        if data in self.held:
            self.store.touch(locator_of(data))
            self.held[data] = self.now_s
        else:
            with pytest.raises(BlockMissing):
                self.store.touch(locator_of(data))

    @rule(data=contents, age=st.integers(-1, 3))
    def trash(self, data, age):
        limit_s = self.now_s - age
        goes = data in self.held and self.held[data] < limit_s
        went = self.store.trash(locator_of(data), older_than_ns=limit_s * 10**9, keep_s=KEEP_S)
        assert went == goes
        if goes:
            del self.held[data]
            self.trashed.setdefault(data, {})[self.now_s + KEEP_S] = data in self.damaged
            self.damaged.discard(data)

    @rule(data=contents)
    def untrash(self, data):
        copies = self.trashed.get(data)
        if data not in self.held and not copies:
            with pytest.raises(BlockMissing):
                self.store.untrash(locator_of(data))
            return
        self.store.untrash(locator_of(data))
        if data not in self.held and copies.pop(max(copies)):
            self.damaged.add(data)
        self.held[data] = self.now_s

    @rule(seconds=st.sampled_from([1, 1, KEEP_S]))
    def wait(self, seconds):
        self.now_s += seconds

    @rule()
    def empty_trash(self):
        gone = 0
        for copies in self.trashed.values():
            for deadline in [deadline for deadline in copies if deadline <= self.now_s]:
                del copies[deadline]
                gone += 1
        assert self.store.empty_trash() == gone

    @rule(data=st.sampled_from(CONTENTS[2:]))
    def damage(self, data):
        """Only of blocks too large for the cache, which rightly goes on to serve what it has verified."""
        if data in self.held:
            layout.path_of(self.root, locator_of(data).md5).write_bytes(b"!" * len(data))
            os.utime(layout.path_of(self.root, locator_of(data).md5), (self.held[data], self.held[data]))
            self.damaged.add(data)

    @invariant()
    def every_read_is_right_or_says_why_not(self):
        for data in CONTENTS:
            for call in (self.store.get, lambda one: self.store.read(one, 0, one.size)):
                if data not in self.held:
                    with pytest.raises(BlockMissing):
                        call(locator_of(data))
                elif data in self.damaged:
                    with pytest.raises(BlockCorrupt):
                        call(locator_of(data))
                else:
                    assert call(locator_of(data)) == data

    @invariant()
    def the_index_is_what_is_held(self):
        assert {entry.locator: entry.mtime_ns for entry in self.store.index()} == {
            locator_of(data): at_s * 10**9 for data, at_s in self.held.items()
        }


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
