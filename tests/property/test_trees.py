"""Trees through manifest text, records and blocks, with the Arvados client as a second opinion."""

import re
import time
from pathlib import Path

import pytest
from arvados.collection import Collection
from hypothesis import assume, given
from hypothesis import strategies as st

from davserver.blocks.memory import MemoryStore
from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.dirnode import EMPTY_DIR, DirNode
from davserver.collection.extents import MemExtent, StoredExtent, ZeroExtent
from davserver.collection.filenode import FileNode, etag_of
from davserver.collection.load import load_lines, load_manifest
from davserver.collection.marshal import manifest_text, seal
from davserver.collection.pack import pack
from davserver.collection.record import DirectoryRecord
from davserver.collection.shelf import Shelf
from davserver.manifest.parse import FileToken
from davserver.manifest.pdh import portable_data_hash
from davserver.manifest.write import format_stream
from davserver.values import Locator
from tests.support.keep import BlockDirectory, NoCluster
from tests.support.strict_manifest import is_strict

characters = st.characters(exclude_characters="\0/", exclude_categories=["Cs"])
# Few different names, so that paths meet; and names of any character.
names = st.sampled_from(["a", "b", "a-b", "a b", ":", "\\056", "é", "\U0001d518", ".x"]) | st.text(
    characters, min_size=1, max_size=4
).filter(lambda name: name not in {".", ".."})
blocks = st.sampled_from([Locator(digit * 32, size) for digit, size in zip("0123456789", range(1, 11), strict=True)])

# The Arvados client ends a token at any space of Unicode, so it cannot read the text that it writes for such a name.
_SPACE = re.compile(r"[^\S \n]")


@st.composite
def stored_extents(draw):
    block = draw(blocks)
    offset = draw(st.integers(0, block.size - 1))
    return StoredExtent(block, offset, draw(st.integers(1, block.size - offset)))


attributes = st.builds(Attributes, etag=st.none() | st.just("e"), mtime_ns=st.none() | st.integers(0, 9))


def files(extents):
    return st.builds(lambda pieces, more: FileNode(pieces, more).freeze(), st.lists(extents, max_size=4), attributes)


def directories(extents):
    return st.recursive(
        st.just(EMPTY_DIR) | files(extents), lambda nodes: st.dictionaries(names, nodes, max_size=5).map(_directory)
    ).filter(lambda node: isinstance(node, DirNode))


def _directory(entries):
    result = EMPTY_DIR
    for name, node in entries.items():
        result = result.with_entry(name, node)
    return result


stored_trees = directories(stored_extents())
any_trees = directories(
    stored_extents() | st.binary(min_size=1, max_size=12).map(MemExtent) | st.integers(1, 40).map(ZeroExtent)
)


def text_of(root, fetch=None):
    return "".join(manifest_text(root, fetch))


def shape(root, blocks=None):
    """Everything of a tree but records and, with blocks, how files are cut."""
    result = {}
    for path, node in tree.walk(root):
        if isinstance(node, DirNode):
            result[path] = (node.files, node.bytes)
        elif blocks is None:
            result[path] = list(node.extents)
        else:
            result[path] = (node.read_at(0, node.size, blocks), etag_of(node), node.attributes.mtime_ns)
    return result


def arvados(text):
    """Let Arvados' own client load a text, and write it in its normal form, in which only DEL is spelt otherwise."""
    collection = Collection(text, api_client=NoCluster(), keep_client=BlockDirectory(Path("unused")))
    return collection.manifest_text(normalize=True).replace("\x7f", "\\177"), collection.portable_data_hash()


@given(stored_trees)
def test_a_tree_survives_its_text_and_the_text_passes_the_strictest(root):
    text = text_of(root)
    assert is_strict(text)
    loaded = load_manifest(text)
    assert shape(loaded) == shape(root)
    assert text_of(loaded) == text
    assert shape(load_lines(line + "\n" for line in text.split("\n")[:-1])) == shape(root)


@given(stored_trees)
def test_a_tree_survives_its_records(root):
    rows = {}
    sealed = seal(root, lambda record: rows.__setitem__(record.hash, record.to_bytes()))

    def fetch(record_hash):
        return DirectoryRecord.from_bytes(rows[record_hash])

    again = Shelf(fetch, 0).root(sealed.record)
    assert text_of(again, fetch) == text_of(root)
    assert shape(again) == shape(root)
    for path, node in tree.walk(root):
        assert tree.require(again, path).attributes == node.attributes
    # A tree that was loaded and changed back and forth has the records it had.
    edited = again.with_entry("new", EMPTY_DIR).without_entry("new")
    assert seal(edited, lambda record: None).record == sealed.record


@given(stored_trees)
def test_arvados_normal_form_is_ours_to_the_byte(root):
    text = text_of(root)
    assume(not _SPACE.search(text))
    normal, pdh = arvados(text)
    assert normal == text
    assert "\\177" in text or pdh == str(portable_data_hash(text))


@st.composite
def manifests(draw):
    """Texts that are not in normal form: streams in any order and more than once, pieces, overlaps, sub-paths."""
    text = ""
    taken = {}
    for _ in range(draw(st.integers(0, 4))):
        home = draw(st.lists(names, max_size=2))
        locators = draw(st.lists(blocks, min_size=1, max_size=4))
        length = sum(locator.size for locator in locators)
        tokens = []
        for path in draw(st.lists(st.lists(names, min_size=1, max_size=2), min_size=1, max_size=4)):
            whole = (*home, *path)
            prefixes = [whole[:depth] for depth in range(1, len(whole))]
            if taken.get(whole, "file") != "file" or any(taken.get(prefix) == "file" for prefix in prefixes):
                continue
            taken.update(dict.fromkeys(prefixes, "directory"))
            taken[whole] = "file"
            position = draw(st.integers(0, length))
            tokens.append(FileToken(position, draw(st.integers(0, length - position)), "/".join(path)))
        if tokens:
            text += format_stream("/".join([".", *home]), locators, tokens)
    return text


@given(manifests())
def test_any_manifest_is_read_as_arvados_reads_it(text):
    root = load_manifest(text)
    normal = text_of(root)
    assert is_strict(text)
    assert is_strict(normal)
    assert text_of(load_manifest(normal)) == normal
    assert shape(load_manifest(normal)) == shape(root)
    if not _SPACE.search(text):
        assert arvados(text)[0] == normal


@given(any_trees, st.sampled_from([4, 8, 64]))
def test_packing_changes_no_byte_no_etag_and_is_the_same_every_time(root, max_block):
    store = MemoryStore(clock=time.time)
    given_blocks = {
        extent.locator
        for _, node in tree.walk(root)
        if not isinstance(node, DirNode)
        for extent in node.extents
        if isinstance(extent, StoredExtent)
    }

    class Reader:
        """The store, and made-up bytes for the blocks the tree came with."""

        def read(self, locator, offset, length):
            if locator in given_blocks:
                return bytes(range(offset, offset + length))
            return store.read(locator, offset, length)

    packed = pack(root, store, max_block)
    assert shape(packed, Reader()) == shape(root, Reader())
    assert packed.mem_bytes == 0
    assert all(
        isinstance(extent, StoredExtent)
        for _, node in tree.walk(packed)
        if not isinstance(node, DirNode)
        for extent in node.extents
    )
    assert is_strict(text_of(packed))
    assert all(block.size <= max_block for block in store.index())
    assert text_of(pack(root, MemoryStore(clock=time.time), max_block)) == text_of(packed)


@pytest.mark.parametrize("name", ["\u2028", "\u0085", "\u00a0", "\ufeff", "x\r", "\x1c", "\x7f"])
def test_line_ends_and_spaces_of_unicode_are_names_like_others(name):
    root = EMPTY_DIR.with_entry(name, EMPTY_DIR.with_entry(name, FileNode().freeze()))
    text = text_of(root)
    assert shape(load_manifest(text)) == shape(root)
    assert is_strict(text)
