"""COPY and MOVE share blocks: whatever the size, no file of the block store changes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.davclient import Dav
from tests.support.process import davserver, serving

BIG_BYTES = (64 << 20) + 1_000_000
FILES = 10_000


def stored_blocks(data: Path) -> dict[str, tuple[int, int, int]]:
    """Tell every file of the block store by what changes when it is written, moved or touched."""
    found = {}
    for path in (data / "blocks").rglob("*"):
        if path.is_file():
            state = path.stat()
            found[path.relative_to(data).as_posix()] = (state.st_ino, state.st_size, state.st_mtime_ns)
    return found


def import_folder(data: Path, collection: str) -> None:
    """Make a collection with a folder of many small files: its only block, and its manifest."""
    content = b"".join(b"%05d" % number for number in range(FILES))
    digest = hashlib.md5(content).hexdigest()
    block = data / "blocks" / digest[:3] / digest
    block.parent.mkdir(parents=True)
    block.write_bytes(content)
    tokens = " ".join(f"{number * 5}:5:{number:05}" for number in range(FILES))
    manifest = data / "manifest"
    manifest.write_text(f"./many {digest}+{len(content)} {tokens}\n")
    davserver(data, "import", collection, str(manifest))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Dav]]:
    """A collection with a file of two blocks and a folder of ten thousand files; and an empty one."""
    data = tmp_path_factory.mktemp("copy") / "data"
    import_folder(data, "from")
    with serving(data) as server, server.dav() as dav:
        dav.mkcol("to")
        dav.put("from/big", bytes(BIG_BYTES))
        yield data, dav


def settle(dav: Dav) -> None:
    """Commit everything, so that a later commit has nothing of ours to pack."""
    for collection in ("from", "to"):
        dav.commit(collection)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["from/copy", "to/copy"])
@pytest.mark.parametrize("source", ["from/big", "from/many"])
def test_copy_and_move_change_no_block(house: tuple[Path, Dav], source: str, target: str) -> None:
    data, dav = house
    settle(dav)
    before = stored_blocks(data)
    assert len(before) >= 2

    dav.copy(source, target)
    check_content(dav, target)
    dav.move(target, f"{target} moved")
    check_content(dav, f"{target} moved")
    dav.move(f"{target} moved", "to/arrived")
    check_content(dav, "to/arrived")
    assert stored_blocks(data) == before

    settle(dav)
    check_content(dav, "to/arrived")
    assert stored_blocks(data) == before
    dav.delete("to/arrived")


@pytest.mark.slow
def test_copy_of_a_collection_changes_no_block(house: tuple[Path, Dav]) -> None:
    data, dav = house
    settle(dav)
    before = stored_blocks(data)
    dav.copy("from", "whole")
    check_content(dav, "whole/many")
    check_content(dav, "whole/big")
    dav.commit("whole")
    assert stored_blocks(data) == before
    dav.delete("whole")


def check_content(dav: Dav, path: str) -> None:
    """Read the file, or three files of the folder."""
    if dav.list(path, depth="0")[0].is_folder:
        assert len(dav.list(path)) == FILES + 1
        for number in (0, 7, FILES - 1):
            assert dav.get(f"{path}/{number:05}") == b"%05d" % number
    else:
        assert dav.get(path) == bytes(BIG_BYTES)
