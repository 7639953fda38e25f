"""What can be done to a house, one operation of each kind, and what each makes of it: the script of the fault tests.

A *picture* of a house is all that it shows: trees with every file's bytes, names, locks, numbers of versions.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from davserver.catalog.model import Lock
from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.change import Copy, Mkdir, Move, Put, Remove, Write
from davserver.collection.filenode import FileNode
from davserver.live.house import House
from davserver.live.settings import LiveSettings
from davserver.upkeep.importing import import_manifest

SETTINGS = LiveSettings(block_bytes=1000, inline_bytes=64)
LARGE = 1500
Picture = dict[str, Any]


def picture(house: House) -> Picture:
    """Look at everything."""
    collections = {info.name: house.view(info.name) for info in house.collections()}
    return {
        "trees": {
            name: {
                "/".join(path): node.read_at(0, node.size, house.blocks) if isinstance(node, FileNode) else None
                for path, node in tree.walk(view.root)
            }
            for name, view in collections.items()
        },
        "locks": sorted(lock.token for name in collections for lock in house.locks(name)),
        "versions": {name: view.info.version for name, view in collections.items()},
    }


@dataclass(frozen=True)
class Operation:
    """``prepare`` makes what ``run`` needs; ``expected`` turns the picture before it into the one after it.

    Each is given a number, so that it can be done again and again in one house.
    """

    name: str
    run: Callable[[House, int], object]
    expected: Callable[[Picture, int], object]
    prepare: Callable[[House, int], object] = lambda _house, _number: None

    def after(self, before: Picture, number: int) -> Picture:
        """Return the picture that there is when the operation was done."""
        after = deepcopy(before)
        self.expected(after, number)
        return after


def content(number: int, size: int) -> bytes:
    """Return bytes that no other operation stores."""
    return (b"%d." % number * size)[:size]


def receive(house: House, data: bytes) -> FileNode:
    """Take a body in."""
    with house.upload(len(data)) as upload:
        upload.write(data)
        return upload.finish(lambda etag: Attributes(etag=etag))


def change(house: House, what: Any, name: str = "c") -> None:
    """Make one change."""
    house.edit(lambda edit: edit.apply(edit.view(name).info.id, what))


def put(house: House, path: str, data: bytes) -> None:
    """Make a file."""
    change(house, Put((path,), receive(house, data)))


def _write(house: House, number: int) -> None:
    node = receive(house, content(number, LARGE))
    change(house, Write((f"w{number}",), 1, tuple(node.extents), Attributes()))


def _graft(house: House, number: int) -> None:
    house.edit(
        lambda edit: edit.graft(edit.view("d").info.id, (f"g{number}",), edit.view("c").info.id, (f"src{number}",))
    )


def _lock(house: House, number: int) -> None:
    def add(edit: Any) -> None:
        edit.add_lock(
            Lock(
                token=f"lock{number}",
                collection_id=edit.view("c").info.id,
                path=(f"l{number}",),
                exclusive=True,
                infinite=False,
                owner_xml="",
                principal="",
                timeout_s=10**6,
                expires_ns=1 << 62,
            )
        )

    house.edit(add)


def _import(house: House, number: int) -> None:
    import_manifest(house, f"import{number}", [". d41d8cd98f00b204e9800998ecf8427e+0 0:0:empty\n", _FOLDER])


_FOLDER = "./sub d41d8cd98f00b204e9800998ecf8427e+0 0:0:empty\n"


def _trees(name: str, path: str, value: Callable[[int], bytes | None]) -> Callable[[Picture, int], object]:
    return lambda now, number: now["trees"][name].update({path.format(number): value(number)})


def _move(now: Picture, number: int) -> None:
    now["trees"]["c"][f"to{number}"] = now["trees"]["c"].pop(f"from{number}")


def _expect_import(now: Picture, number: int) -> None:
    now["trees"][f"import{number}"] = {"empty": b"", "sub": None, "sub/empty": b""}
    now["versions"][f"import{number}"] = 1


def _expect_collection(now: Picture, number: int) -> None:
    now["trees"][f"new{number}"] = {}
    now["versions"][f"new{number}"] = 0


def _expect_trash(now: Picture, number: int) -> None:
    del now["trees"][f"old{number}"]
    del now["versions"][f"old{number}"]


def _expect_commit(now: Picture, _number: int) -> None:
    now["versions"]["c"] += 1


def _create(name: str) -> Callable[[House, int], object]:
    return lambda house, number: house.edit(lambda edit: edit.create_collection(name.format(number)))


def _forget(name: str) -> Callable[[House, int], object]:
    """Trash what the operation made the last time, so that a picture stays small."""

    def forget(house: House, number: int) -> None:
        old = name.format(number - 1)
        if any(info.name == old for info in house.collections()):
            house.edit(lambda edit: edit.trash_collection(edit.view(old).info.id))

    return forget


OPERATIONS = (
    Operation(
        "put small",
        lambda house, number: put(house, f"s{number}", content(number, 20)),
        _trees("c", "s{}", lambda number: content(number, 20)),
    ),
    Operation(
        "put large",
        lambda house, number: put(house, f"p{number}", content(number, LARGE)),
        _trees("c", "p{}", lambda number: content(number, LARGE)),
    ),
    Operation(
        "write a range",
        _write,
        _trees("c", "w{}", lambda number: b"a" + content(number, LARGE)),
        prepare=lambda house, number: put(house, f"w{number}", b"abc"),
    ),
    Operation(
        "make a folder",
        lambda house, number: change(house, Mkdir((f"d{number}",))),
        _trees("c", "d{}", lambda _number: None),
    ),
    Operation(
        "copy",
        lambda house, number: change(house, Copy((f"from{number}",), (f"copy{number}",))),
        _trees("c", "copy{}", lambda _number: b"copied"),
        prepare=lambda house, number: put(house, f"from{number}", b"copied"),
    ),
    Operation(
        "copy to another collection",
        _graft,
        _trees("d", "g{}", lambda number: content(number, LARGE)),
        prepare=lambda house, number: put(house, f"src{number}", content(number, LARGE)),
    ),
    Operation(
        "move",
        lambda house, number: change(house, Move((f"from{number}",), (f"to{number}",))),
        _move,
        prepare=lambda house, number: put(house, f"from{number}", b"moved"),
    ),
    Operation(
        "delete",
        lambda house, number: change(house, Remove((f"gone{number}",))),
        lambda now, number: now["trees"]["c"].pop(f"gone{number}"),
        prepare=lambda house, number: put(house, f"gone{number}", b"gone"),
    ),
    Operation("make a collection", _create("new{}"), _expect_collection, prepare=_forget("new{}")),
    Operation(
        "trash a collection",
        lambda house, number: house.edit(lambda edit: edit.trash_collection(edit.view(f"old{number}").info.id)),
        _expect_trash,
        prepare=_create("old{}"),
    ),
    Operation("lock", _lock, lambda now, number: now["locks"].append(f"lock{number}") or now["locks"].sort()),
    Operation(
        "commit",
        lambda house, _number: house.commit("c"),
        _expect_commit,
        prepare=lambda house, number: put(house, f"commit{number}", b"c" * 30),
    ),
    Operation("import", _import, _expect_import, prepare=_forget("import{}")),
)


def tidy(house: House) -> None:
    """Remove all files, so that looking at everything stays quick."""

    def remove(edit: Any) -> None:
        for name in ("c", "d"):
            view = edit.view(name)
            for path, _node in list(tree.walk(view.root)):
                if len(path) == 1:
                    edit.apply(view.info.id, Remove(path))

    house.edit(remove)


def begin(house: House) -> None:
    """Make what the operations work on."""
    house.edit(lambda edit: edit.create_collection("c"))
    house.edit(lambda edit: edit.create_collection("d"))
