"""Many threads on one filesystem: nothing is lost, torn or stuck.

Follows Arvados' TestConcurrentWriters, TestRandomWrites, TestFlushStress, TestLocks.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable

from davserver.collection.filesystem import CollectionFileSystem
from davserver.collection.load import load_manifest
from davserver.errors import NotFound
from tests.support.memoryblocks import MemoryBlocks


def together(*calls: Callable[[], object]) -> None:
    """Run calls in threads of their own; the first failure is raised here."""
    failures: list[BaseException] = []
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        start.wait(30)
        try:
            call()
        except BaseException as failure:  # noqa: BLE001 - raised again in the test's thread
            failures.append(failure)

    threads = [threading.Thread(target=run, args=[call], daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if failures:
        raise failures[0]
    assert not any(thread.is_alive() for thread in threads), "a thread is stuck"


def test_writers_of_one_file_and_marshals(fs: CollectionFileSystem, blocks: MemoryBlocks) -> None:
    fs.create("f").close()

    def write(number: int) -> None:
        with fs.open("f", os.O_RDWR) as file:
            for turn in range(8):
                # Each writer has a place of its own, across the borders of blocks.
                file.seek(number * 40 + turn * 5)
                file.write(f"{number:02}.{turn:02}".encode())
                if turn == number % 8:
                    fs.marshal_manifest()

    together(*(lambda number=number: write(number) for number in range(32)))
    expected = b"".join(f"{number:02}.{turn:02}".encode() for number in range(32) for turn in range(8))
    with fs.open("f") as file:
        assert file.read() == expected
    root = load_manifest(fs.marshal_manifest())
    node = root.get("f")
    assert node.read_at(0, node.size, blocks) == expected


def test_appending_writers_do_not_overwrite_each_other(fs: CollectionFileSystem) -> None:
    fs.create("log").close()

    def append(number: int) -> None:
        with fs.open("log", os.O_WRONLY | os.O_APPEND) as file:
            for turn in range(20):
                file.write(f"{number:03}-{turn:03}\n".encode())

    together(*(lambda number=number: append(number) for number in range(16)))
    with fs.open("log") as file:
        lines = file.read().decode().splitlines()
    assert sorted(lines) == [f"{number:03}-{turn:03}" for number in range(16) for turn in range(20)]


def test_random_writes_to_many_files_while_they_are_flushed_and_snapshotted(
    fs: CollectionFileSystem, blocks: MemoryBlocks
) -> None:
    models = {f"f{number}": bytearray() for number in range(12)}
    done = threading.Event()

    def write(name: str, seed: int) -> None:
        choose = random.Random(seed)
        model = models[name]
        with fs.create(name) as file:
            for _ in range(80):
                offset = choose.randrange(60)
                if choose.random() < 0.2:
                    file.truncate(offset)
                    model.extend(bytes(max(0, offset - len(model))))
                    del model[offset:]
                    continue
                data = choose.randbytes(choose.randrange(20))
                file.seek(offset)
                file.write(data)
                model.extend(bytes(max(0, offset - len(model))))
                model[offset : offset + len(data)] = data
                file.seek(0)
                assert file.read() == model

    def write_all() -> None:
        together(*(lambda name=name, seed=seed: write(name, seed) for seed, name in enumerate(models)))
        done.set()

    def disturb(call: Callable[[], object]) -> None:
        while not done.is_set():
            call()

    together(
        write_all,
        lambda: disturb(fs.flush),
        lambda: disturb(lambda: fs.flush(short_blocks=False)),
        lambda: disturb(fs.snapshot),
    )
    root = load_manifest(fs.marshal_manifest())
    for name, model in models.items():
        node = root.get(name)
        assert node.read_at(0, node.size, blocks) == model
    assert fs.memory_size() == 0


def test_renames_in_both_directions_while_files_are_written(fs: CollectionFileSystem) -> None:
    fs.mkdir("a")
    fs.mkdir("b")
    for number in range(8):
        fs.create(f"a/{number}").close()

    def rename(number: int) -> None:
        for _ in range(100):
            fs.rename(f"a/{number}", "b/")
            fs.rename(f"b/{number}", "a/")

    def write(number: int) -> None:
        for _ in range(100):
            try:
                with fs.open(f"a/{number}", os.O_WRONLY | os.O_APPEND) as file:
                    file.write(b"x")
            except NotFound:
                pass

    together(*(lambda n=n: rename(n) for n in range(8)), *(lambda n=n: write(n) for n in range(8)), fs.marshal_manifest)
    assert [info.name for info in fs.readdir("a")] == [str(number) for number in range(8)]
    assert fs.readdir("b") == []
