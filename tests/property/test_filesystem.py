"""The collection filesystem against a model of dicts, with handles that outlive renames and removals."""

from __future__ import annotations

import itertools
import os

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from davserver.collection import tree
from davserver.collection.filenode import FileNode
from davserver.collection.filesystem import CollectionFileSystem
from davserver.collection.load import load_manifest
from davserver.errors import DavserverError
from tests.support.memoryblocks import MemoryBlocks

NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
OFFSETS = st.integers(0, 20)


class Model:
    """What a tree of dicts and bytearrays does; None where the filesystem must refuse."""

    def __init__(self) -> None:
        self.root: dict = {}

    def find(self, path: str):
        node = self.root
        for name in path.split("/") if path else []:
            node = node.get(name) if isinstance(node, dict) else None
        return node

    def parent(self, path: str):
        node = self.find(path.rpartition("/")[0])
        return node if isinstance(node, dict) else None


class FileSystem(RuleBasedStateMachine):
    """Every call is made on both; the filesystem raises exactly where the model says no."""

    handles = Bundle("handles")

    def __init__(self) -> None:
        super().__init__()
        self.blocks = MemoryBlocks()
        self.fs = CollectionFileSystem(self.blocks, clock=itertools.count(1).__next__, max_block=8)
        self.model = Model()

    def teardown(self) -> None:
        self.fs.close()

    def call(self, allowed: bool, function, *args) -> bool:
        """Make a call that must succeed or be refused."""
        try:
            function(*args)
        except DavserverError:
            assert not allowed
            return False
        assert allowed
        return True

    @rule(target=handles, path=PATHS)
    def create(self, path: str):
        parent, node = self.model.parent(path), self.model.find(path)
        handle = None

        def create() -> None:
            nonlocal handle
            handle = self.fs.open(path, os.O_RDWR | os.O_CREAT)

        if not self.call(parent is not None and not isinstance(node, dict), create):
            return multiple()
        return handle, parent.setdefault(path.rpartition("/")[2], bytearray())

    @rule(handle=handles, offset=OFFSETS, data=st.binary(max_size=12))
    def write(self, handle, offset: int, data: bytes) -> None:
        file, model = handle
        file.seek(offset)
        file.write(data)
        model.extend(bytes(max(0, offset - len(model))))
        model[offset : offset + len(data)] = data

    @rule(handle=handles, size=OFFSETS)
    def truncate(self, handle, size: int) -> None:
        file, model = handle
        file.truncate(size)
        model.extend(bytes(max(0, size - len(model))))
        del model[size:]

    @rule(handle=handles)
    def read(self, handle) -> None:
        file, model = handle
        file.seek(0)
        assert file.read() == model
        assert file.size == len(model)

    @rule(path=PATHS)
    def mkdir(self, path: str) -> None:
        parent = self.model.parent(path)
        if self.call(parent is not None and self.model.find(path) is None, self.fs.mkdir, path):
            parent[path.rpartition("/")[2]] = {}

    @rule(path=PATHS)
    def remove(self, path: str) -> None:
        node = self.model.find(path)
        removable = node == {} if isinstance(node, dict) else node is not None
        if self.call(removable, self.fs.remove, path):
            del self.model.parent(path)[path.rpartition("/")[2]]

    @rule(path=PATHS)
    def remove_all(self, path: str) -> None:
        if self.model.find(path) is not None:
            self.fs.remove_all(path)
            del self.model.parent(path)[path.rpartition("/")[2]]

    @rule(old=PATHS, new=PATHS)
    def rename(self, old: str, new: str) -> None:
        source, target, parent = self.model.find(old), self.model.find(new), self.model.parent(new)
        inside = isinstance(source, dict) and f"{new}/".startswith(f"{old}/")
        allowed = source is not None and parent is not None and not inside and not isinstance(target, dict)
        if self.call(allowed, self.fs.rename, old, new) and old != new:
            del self.model.parent(old)[old.rpartition("/")[2]]
            parent[new.rpartition("/")[2]] = source

    @rule()
    def flush(self) -> None:
        self.fs.flush()
        assert self.fs.memory_size() == 0

    @rule(path=PATHS)
    def flush_full_blocks_of_a_directory(self, path: str) -> None:
        self.call(isinstance(self.model.find(path), dict), lambda: self.fs.flush(path, short_blocks=False))

    @rule()
    def snapshot_and_splice(self) -> None:
        """Nothing in the tree changes, but every handle is from now on alone with its file."""
        self.fs.splice(".", self.fs.snapshot())
        self.model.root = copy_of(self.model.root)

    @invariant()
    def the_tree_is_the_model(self) -> None:
        assert listing(self.fs) == flat(self.model.root)

    @invariant()
    def the_manifest_loads_to_the_model(self) -> None:
        root = load_manifest(self.fs.marshal_manifest())
        found = {
            "/".join(path): node.read_at(0, node.size, self.blocks) if isinstance(node, FileNode) else None
            for path, node in tree.walk(root)
        }
        assert found == {
            path: bytes(node) if node is not None else None for path, node in flat(self.model.root).items()
        }


def copy_of(node):
    if isinstance(node, dict):
        return {name: copy_of(child) for name, child in node.items()}
    return bytearray(node)


def flat(directory: dict, prefix: str = "") -> dict:
    result = {}
    for name, node in directory.items():
        result[prefix + name] = None if isinstance(node, dict) else bytes(node)
        if isinstance(node, dict):
            result |= flat(node, f"{prefix}{name}/")
    return result


def listing(fs: CollectionFileSystem, prefix: str = "") -> dict:
    result = {}
    for info in fs.readdir(prefix or "."):
        path = prefix + info.name
        if info.is_directory:
            result[path] = None
            result |= listing(fs, f"{path}/")
        else:
            with fs.open(path) as file:
                result[path] = file.read()
                assert len(result[path]) == info.size
    return result


FileSystem.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestFileSystem = FileSystem.TestCase
