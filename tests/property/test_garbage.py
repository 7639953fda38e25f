"""Any history of writers beside gc, under one clock: nothing that is named is ever lost, nothing else stays for ever.

The writers are two processes' houses; gc runs in steps, and anything may happen between two of them. Bodies, commits
and imports are begun in one step of the history and ended in another, however late. The long form:
``DAVSERVER_GC_EXAMPLES=2000 scripts/test tests/property/test_garbage.py``.
"""

import hashlib
import os
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from davserver.blocks.memory import MemoryStore
from davserver.blocks.open import open_store
from davserver.blocks.verified import VerifiedStore
from davserver.catalog.database import open_catalog
from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.change import Copy, Put, Remove, Splice
from davserver.collection.dirnode import DirNode
from davserver.errors import DavserverError, NotFound, StoreUnavailable
from davserver.live.house import House
from davserver.live.settings import LiveSettings
from davserver.live.uploads import LIFETIME_S, append, assemble, begin, find, finish
from davserver.upkeep.fsck import fsck
from davserver.upkeep.gc import Run, Yard, collect
from davserver.upkeep.harvest import Policy
from davserver.upkeep.importing import import_manifest
from davserver.values import Locator

FRESH_S, GRACE_S, KEEP_S, PURGE_S = 100, 300, 1000, 2000
POLICY = Policy(grace_s=GRACE_S, keep_s=KEEP_S, purge_s=PURGE_S)
NAMES = ("one", "two", "three")
LETTERS = "abcdef"

names = st.sampled_from(NAMES)
letters = st.sampled_from(LETTERS)
houses = st.integers(0, 1)


def body(letter):
    """Return content of one block and a half; few letters, so that equal blocks come again and again."""
    return letter.encode() * 100 + letter.upper().encode() * 50


class Histories(RuleBasedStateMachine):
    on_disk = False
    nodes = Bundle("nodes")
    versions = Bundle("versions")

    def __init__(self):
        super().__init__()
        self.exit = ExitStack()
        self.folder = Path(self.exit.enter_context(tempfile.TemporaryDirectory()))
        self.now_s = 1_000_000_000.0
        self.blocks = self.open_blocks()
        self.houses = [self.open_house(), self.open_house()]
        self.yard = Yard(self.open_catalog(), self.blocks, self.clock, os.urandom)
        self.gc = None
        self.expected = {}
        self.history = {}
        self.trash = {}
        self.uploads = {}
        self.commits = []

    def clock(self):
        return self.now_s

    def open_blocks(self):
        if self.on_disk:
            return open_store(self.folder / "blocks", clock=self.clock, cache_bytes=0)
        return VerifiedStore(MemoryStore(clock=self.clock), clock=self.clock)

    def open_catalog(self):
        return open_catalog(f"sqlite:///{self.folder}/catalog.db")

    def open_house(self):
        limits = LiveSettings(inline_bytes=20, block_bytes=100, fresh_s=FRESH_S, open_collections=2)
        return House(self.open_catalog(), self.blocks, settings=limits, clock=self.clock)

    def teardown(self):
        if self.gc is not None:
            self.gc.close()
        try:
            self.settle()
        finally:
            for house in self.houses:
                house.close()
            self.yard.close()
            self.exit.close()

    # -- the clock and gc ---------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, FRESH_S - 1, FRESH_S + 1, GRACE_S - 1, GRACE_S + 1, KEEP_S + 1, PURGE_S + 1]))
    def wait(self, seconds):
        self.now_s += seconds

    @rule(steps=st.integers(1, 12))
    def go_on_with_gc(self, steps):
        """Mostly stops in the middle, so that what follows happens between two steps."""
        if self.gc is None:
            self.gc = Run(self.yard, POLICY, dry_run=False, force=True, progress=lambda *_: None).steps()
        purged_before_s = self.now_s - PURGE_S
        for _ in range(steps):
            if next(self.gc, None) is None:
                self.gc = None
                break
        due = [uuid for uuid, kept in self.trash.items() if kept[0] < purged_before_s]
        for uuid in due:
            if not self.is_there(uuid):
                del self.trash[uuid]

    @rule()
    def kill_gc(self):
        if self.gc is not None:
            self.gc.close()
            self.gc = None

    @rule()
    def look_without_touching(self):
        if self.gc is None:
            collect(self.yard, POLICY, dry_run=True)

    def is_there(self, uuid):
        with suppress(NotFound):
            return self.houses[0].view_uuid(uuid) is not None
        return False

    # -- bodies, however slow -----------------------------------------------------------------------------------------

    @rule(target=nodes, letter=letters, house=houses)
    def receive(self, letter, house):
        with self.houses[house].upload(None) as upload:
            upload.write(body(letter))
            return upload.finish(lambda etag: Attributes(etag=etag)), letter, house

    @rule(received=consumes(nodes), name=names, path=letters)
    def link(self, received, name, path):
        node, letter, house = received
        if name not in self.expected:
            return
        try:
            self.change(house, name, Put((path,), node))
        except StoreUnavailable:
            return  # it took too long, its blocks are gone: refused, and never a hole
        self.expected[name][path] = letter

    # -- collections --------------------------------------------------------------------------------------------------

    @rule(name=names, house=houses)
    def create(self, name, house):
        if name not in self.expected:
            self.houses[house].edit(lambda edit: edit.create_collection(name))
            self.expected[name] = {}
            self.history[name] = {}

    @rule(name=names, path=letters, house=houses)
    def remove(self, name, path, house):
        if path in self.expected.get(name, {}):
            self.change(house, name, Remove((path,)))
            del self.expected[name][path]

    @rule(name=names, src=letters, dst=letters, house=houses)
    def copy(self, name, src, dst, house):
        if src in self.expected.get(name, {}) and src != dst:
            self.change(house, name, Copy((src,), (dst,)))
            self.expected[name][dst] = self.expected[name][src]

    @rule(name=names, other=names, path=letters, house=houses, moves=st.booleans())
    def bring_across(self, name, other, path, house, moves):
        if name == other or other not in self.expected or path not in self.expected.get(name, {}):
            return

        def bring(edit):
            here, there = edit.view(name).info.id, edit.view(other).info.id
            edit.graft(there, (path,), here, (path,))
            if moves:
                edit.apply(here, Remove((path,)))

        self.houses[house].edit(bring)
        self.expected[other][path] = self.expected[name][path]
        if moves:
            del self.expected[name][path]

    @rule(name=names, house=houses)
    def commit(self, name, house):
        if name in self.expected:
            version = self.houses[house].commit(name)
            self.history[name][version.number] = dict(self.expected[name])

    @rule(name=names, house=houses, pause=st.sampled_from([0, FRESH_S + 1, GRACE_S + 1]), steps=st.integers(0, 12))
    def commit_slowly(self, name, house, pause, steps):
        """Time goes by, and gc goes on, after a commit stored its blocks and before it names them."""
        if name not in self.expected:
            return
        writer = self.houses[house]._writer
        edit, waited = writer.edit, []

        def late(fn):
            if not waited:
                waited.append(pause)
                self.now_s += pause
                self.go_on_with_gc(steps)
            return edit(fn)

        writer.edit = late
        try:
            self.commit(name, house)
        except StoreUnavailable:
            pass  # what it stored is gone: nothing was named
        finally:
            del writer.edit

    # -- versions, the trash ------------------------------------------------------------------------------------------

    @rule(target=versions, name=names, house=houses, pick=st.integers(0, 5))
    def look_at_a_version(self, name, house, pick):
        known = sorted(self.history.get(name, {}))
        if not known:
            return None
        number = known[pick % len(known)]
        return self.houses[house].view_version(name, number), dict(self.history[name][number])

    @rule(found=consumes(versions), name=names, house=houses)
    def take_out_of_a_version(self, found, name, house):
        """Long after it was looked at, perhaps, and perhaps its collection is purged meanwhile."""
        if found is None or name not in self.expected:
            return
        view, content = found

        def bring(edit):
            edit.require_version(view.version)
            edit.apply(edit.view(name).info.id, Splice((), view.root))

        with suppress(NotFound):
            self.houses[house].edit(bring)
            self.expected[name] = content

    @rule(name=names, house=houses)
    def put_into_the_trash(self, name, house):
        if name in self.expected:
            info = self.houses[house].view(name).info
            self.houses[house].edit(lambda edit: edit.trash_collection(info.id))
            self.trash[info.uuid] = (self.now_s, self.expected.pop(name), self.history.pop(name), info.id)

    @rule(name=names, house=houses, pick=st.integers(0, 5))
    def restore(self, name, house, pick):
        if name in self.expected or not self.trash:
            return
        uuid = sorted(self.trash)[pick % len(self.trash)]
        _, content, history, number = self.trash[uuid]
        self.houses[house].edit(lambda edit: edit.restore_collection(number, name))
        del self.trash[uuid]
        self.expected[name], self.history[name] = content, history

    # -- uploads and imports ------------------------------------------------------------------------------------------

    @rule(token=letters, letter=letters, house=houses)
    def send_a_part(self, token, letter, house):
        here = self.houses[house]
        with here.upload(None) as upload:
            upload.write(body(letter))
            node = upload.finish(lambda _etag: Attributes())

        def record(edit):
            try:
                known = find(edit.uploads, token, "p", edit.now_ns)
            except NotFound:
                edit.uploads.expire(edit.now_ns)
                known = begin(edit, here.settings, token=token, principal="p", request="", length=None)
            return append(edit, here.settings, known, node.extents)

        known = here.edit(record)
        before = self.uploads.get(token, "") if known.parts > 1 else ""
        self.uploads[token] = before + letter

    @rule(token=letters, name=names, house=houses, pause=st.sampled_from([0, FRESH_S + 1, GRACE_S + 1]))
    def end_an_upload(self, token, name, house, pause):
        here = self.houses[house]
        if name not in self.expected:
            return
        with here.uploads() as uploads:
            upload = uploads.get(token)
        if upload is None or upload.expires_ns <= self.now_s * 1e9:
            return
        node = assemble(here, upload)
        self.now_s += pause
        self.go_on_with_gc(5)

        def link(edit):
            edit.apply(edit.view(name).info.id, Put(("whole",), node))
            finish(edit, upload, remember=False)

        with suppress(DavserverError):  # it expired, or its gathered pieces are gone: refused, and never a hole
            here.edit(link)
            self.expected[name]["whole"] = self.uploads.pop(token)

    @rule(name=names, letter=letters, house=houses, checked=st.booleans())
    def import_text(self, name, letter, house, checked):
        if name in self.expected:
            return
        locator = Locator(*_block_of(letter))
        there = any(block.md5 == locator.md5 for block in self.blocks.index())
        try:
            import_manifest(self.houses[house], name, [f". {locator} 0:100:{letter}\n"], check_blocks=checked)
        except DavserverError:
            assert not there, "the block was there, and is refused"
            return
        if not there:  # --unchecked, without its block: as it was asked for, so of no interest here
            info = self.houses[house].view(name).info
            self.houses[house].edit(lambda edit: edit.trash_collection(info.id))
            self.forget(info)
            return
        self.expected[name], self.history[name] = {letter: "imported"}, {1: {letter: "imported"}}

    def forget(self, info):
        """Take a collection without its blocks out of the way."""
        self.now_s += PURGE_S + 1
        self.kill_gc()
        self.collect_all()
        assert not self.is_there(info.uuid)

    # -- what has to hold ---------------------------------------------------------------------------------------------

    @invariant()
    def everything_that_is_named_is_there(self):
        house = self.houses[0]
        for name, content in self.expected.items():
            self.check(house.view(name).root, content)
            for number, then in self.history[name].items():
                self.check(house.view_version(name, number).root, then)
        for uuid, (_, content, _, _) in self.trash.items():
            self.check(house.view_uuid(uuid).root, content)
        with house.uploads() as uploads:
            for token, parts in self.uploads.items():
                known = uploads.get(token)
                if known is not None and known.expires_ns > self.now_s * 1e9:
                    node = assemble(house, known)
                    assert node.read_at(0, node.size, self.blocks) == b"".join(map(body, parts))

    def check(self, root, content):
        found = {"/".join(path): node for path, node in tree.walk(root) if not isinstance(node, DirNode)}
        assert set(found) == set(content)
        for path, letters in content.items():
            wanted = body(path)[:100] if letters == "imported" else b"".join(map(body, letters))
            assert found[path].read_at(0, found[path].size, self.blocks) == wanted

    def settle(self):
        """At the end: time goes by, and what nobody names is gone to the last byte."""
        self.now_s += LIFETIME_S + GRACE_S + PURGE_S + 1
        self.gc = None
        self.collect_all()
        assert fsck(self.houses[0]).findings == []
        for name in list(self.expected):
            self.put_into_the_trash(name, 0)
        self.now_s += PURGE_S + GRACE_S + 1
        self.collect_all()
        assert list(self.blocks.index()) == []
        self.now_s += KEEP_S + 1
        self.collect_all()
        assert list(self.blocks.trashed()) == []
        with self.yard.catalog.read() as tables:
            assert list(tables.records.hashes()) == []
            assert tables.garbage.unnamed_texts() == []
            assert tables.collections.trashed() == []

    def collect_all(self):
        """Twice: what one collection holds of another goes with the other's."""
        for _ in range(2):
            harvest = collect(self.yard, POLICY, force=True)
            assert harvest.restored == 0, "something named was in the trash"
        self.trash = {uuid: kept for uuid, kept in self.trash.items() if self.is_there(uuid)}

    def change(self, house, name, change):
        self.houses[house].edit(lambda edit: edit.apply(edit.view(name).info.id, change))


def _block_of(letter):
    return hashlib.md5(body(letter)[:100]).hexdigest(), 100


EXAMPLES = int(os.environ.get("DAVSERVER_GC_EXAMPLES", "8"))
pytestmark = pytest.mark.timeout(120 + 20 * EXAMPLES)


class OnDisk(Histories):
    on_disk = True


TestInMemory = Histories.TestCase
TestInMemory.settings = settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None)
TestOnDisk = OnDisk.TestCase
TestOnDisk.settings = settings(max_examples=max(EXAMPLES // 4, 2), stateful_step_count=40, deadline=None)
