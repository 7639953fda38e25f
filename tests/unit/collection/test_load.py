"""From manifest text to a tree."""

import time
import tracemalloc

import pytest

from davserver.blocks.memory import MemoryStore
from davserver.collection import tree
from davserver.collection.dirnode import DirNode
from davserver.collection.load import load_lines, load_manifest
from davserver.collection.marshal import manifest_text
from davserver.errors import ManifestError
from davserver.manifest.pdh import portable_data_hash
from davserver.values import Locator
from tests.unit.manifest.examples import BLOCKS, CONFLICT, INVALID_LINES, SIGNED_A, VALID, A, B, C, E


@pytest.fixture
def blocks():
    store = MemoryStore(clock=time.time)
    for data in BLOCKS.values():
        store.put(data)
    return store


def content(root, blocks):
    """Read a tree: {path: bytes}, None for an empty directory."""
    return {
        "/".join(path): (None if isinstance(node, DirNode) else node.read_at(0, node.size, blocks))
        for path, node in tree.walk(root)
        if not isinstance(node, DirNode) or not len(node)
    }


@pytest.mark.parametrize(("text", "files"), [(case[1], case[3]) for case in VALID], ids=[case[0] for case in VALID])
def test_valid_examples_load_as_published(text, files, blocks):
    root = load_manifest(text)
    assert content(root, blocks) == files
    assert root.record is None
    assert root.files == sum(data is not None for data in files.values())
    assert root.bytes == sum(len(data) for data in files.values() if data)
    assert root.mem_bytes == 0
    assert all(node.frozen for _, node in tree.walk(root) if not isinstance(node, DirNode))


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        (f". {A} {B} 0:5:x 5:6:x\n./s {C} 0:7:y\n", f". {A} {B} 0:11:x\n./s {C} 0:7:y\n"),
        (f". {A} 0:5:s/y\n./s {C} 0:7:y\n", f"./s {A} {C} 0:12:y\n"),
        (f". {A} 0:5:raw:colon\n", f". {A} 0:5:raw\\072colon\n"),
        (f"./empty {E} 0:0:.\n", f"./empty {E} 0:0:\\056\n"),
        (f". {E} 0:0:\\056\n", ""),
        (f". {A} 0:0:. 0:5:a 0:0:.\n", f". {A} 0:5:a\n"),
        (f"./d {A} 5:0:s 0:0:\\056\n", f"./d {E} 0:0:s\n"),
        (f". {A} {B} {C} 3:10:mid 0:18:all\n", f". {A} {B} {C} 0:18:all 3:10:mid\n"),
        (f". {A}+K@zzzzz {SIGNED_A}+K@zzzzz 0:10:f\n", f". {A}+K@zzzzz 0:5:f 0:5:f\n"),
        (f". {A} 000:0005:a\n", f". {A} 0:5:a\n"),
        (f"./b {A} 0:5:x\n./a {A} 0:5:x\n./b {B} 0:6:y 0:6:x\n", f"./a {A} 0:5:x\n./b {A} {B} 0:11:x 5:6:y\n"),
        (f". {A} 0:0:x 2:1:x 0:0:x 3:2:x\n", f". {A} 2:3:x\n"),
        (f". {E} 0:0:x\n. {A} 0:5:x 0:0:y\n", f". {A} 0:5:x 0:0:y\n"),
    ],
)
def test_loading_and_marshalling_gives_the_normal_form(text, normal):
    assert "".join(manifest_text(load_manifest(text))) == normal
    assert "".join(manifest_text(load_manifest(normal))) == normal


@pytest.mark.parametrize(("text", "reason"), [case[1:] for case in INVALID_LINES], ids=[c[0] for c in INVALID_LINES])
def test_malformed_lines_are_refused(text, reason):
    with pytest.raises(ManifestError) as caught:
        load_manifest(f". {A} 0:5:good\n" + text)
    assert (caught.value.line, reason in caught.value.reason) == (2, True)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (CONFLICT, 2, "'d' is a directory here and a file before"),
        (f"./d {B} 0:6:f\n. {A} 0:5:d\n", 2, "'d' is a file here and a directory before"),
        (f". {A} 0:5:d 0:5:d/f\n", 1, "'d' is a directory here and a file before"),
        (f". {A} 0:5:d/f 0:5:d\n", 1, "'d' is a file here and a directory before"),
        (f"./a/b {A} 0:5:c\n./a {E} 0:0:\\056\n./a/b/c {E} 0:0:.\n", 3, "'a/b/c' is a directory here and a file"),
        (f"./a/b/c {E} 0:0:.\n. {A} 0:0:a/b\n", 2, "'a/b' is a file here and a directory before"),
        (f". {E} 0:0:d\n./d {E} 0:0:.\n", 2, "'d' is a directory here and a file before"),
    ],
)
def test_a_path_is_a_file_or_a_directory(text, line, reason):
    with pytest.raises(ManifestError) as caught:
        load_manifest(text)
    assert caught.value.line == line
    assert reason in caught.value.reason


def test_signatures_are_dropped_other_hints_and_sharing_are_kept():
    root = load_manifest(f". {SIGNED_A} {B}+K@zzzzz+Zx 0:5:a 5:6:b\n./c {SIGNED_A.replace('7f', '6f')} 0:5:d\n")
    a, b = root.get("a").extents[0].locator, root.get("b").extents[0].locator
    assert a == Locator.parse(A)
    assert b == Locator.parse(B + "+K@zzzzz+Zx")
    assert root.get("c").get("d").extents[0].locator is a


def test_the_hash_of_the_text_is_not_that_of_the_normal_form():
    text = f". {A} 0:5:raw:colon\n"
    assert portable_data_hash(text) != portable_data_hash("".join(manifest_text(load_manifest(text))))


def test_lines_are_taken_one_at_a_time_and_a_file_takes_little_memory():
    directories, files = 20, 1000
    tail = " ".join(f"{n * 4096}:4096:some-file-name-{n:06d}.txt" for n in range(files))

    def lines():
        for number in range(directories):
            yield f"./dir{number:06d} {number:032x}+4096000 {tail}\n"

    tracemalloc.start()
    try:
        root = load_lines(lines())
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert root.files == directories * files
    assert kept / root.files < 480
    assert peak < 1.4 * kept


def test_a_deep_manifest_needs_no_deep_stack():
    text = f"./{'/'.join(['d'] * 5000)} {A} 0:5:x\n"
    assert "".join(manifest_text(load_manifest(text))) == text


def test_many_pieces_of_one_file_load_in_linear_time():
    pieces = " ".join(f"{n % 3}:1:log" for n in range(100_000))
    assert load_manifest(f". {A} {pieces}\n").get("log").size == 100_000
