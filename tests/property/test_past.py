"""Whoever applies the differences since any state they saw has the state of now."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from davserver.blocks.memory import MemoryStore
from davserver.catalog.database import open_catalog
from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.change import Change, Copy, Mkdir, Move, Put, Remove, apply
from davserver.collection.dirnode import DirNode
from davserver.collection.etag import content_etag
from davserver.collection.extents import MemExtent
from davserver.collection.filenode import FileNode
from davserver.errors import DavserverError
from davserver.live.house import House
from davserver.live.past import Forgotten

PATHS = st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map(tuple)


def file(data: bytes) -> FileNode:
    extents = [MemExtent(data)]
    return FileNode(extents, Attributes(etag=content_etag(extents), mtime_ns=1))


CHANGES = st.one_of(
    st.builds(Put, PATHS, st.sampled_from([b"1", b"2", b"3"]).map(file)),
    st.builds(Mkdir, PATHS),
    st.builds(Remove, PATHS),
    st.builds(Move, PATHS, PATHS),
    st.builds(Copy, PATHS, PATHS),
)
HISTORY = st.lists(st.one_of(CHANGES, CHANGES, st.just("commit")), min_size=6, max_size=30)
Seen = dict[tuple[str, ...], str | None]


def seen(root: DirNode) -> Seen:
    """What a client keeps of a tree: paths and entity tags."""
    return {path: tag(node) for path, node in tree.walk(root)}


def tag(node: FileNode | DirNode) -> str | None:
    return node.attributes.etag if isinstance(node, FileNode) else None


def is_possible(root: DirNode, change: Change) -> bool:
    try:
        apply(root, change)
    except DavserverError:
        return False
    return True


def live_through(house: House, history: list[Change | str]) -> list[tuple[int, DirNode]]:
    """Make the changes that are possible; return every state there was."""
    collection = house.edit(lambda edit: edit.create_collection("c"))
    states = [(0, house.view("c").root)]
    for event in history:
        if isinstance(event, str):
            house.commit("c")
        elif is_possible(house.view("c").root, event):
            house.edit(lambda edit, change=event: edit.apply(collection.id, change))
            view = house.view("c")
            states.append((view.seq, view.root))
    return states


def brought_up(kept: Seen, house: House, seq: int, after: tuple[str, ...] = ()) -> Seen:
    """Do what a client does with an answer."""
    view = house.view("c")
    result = dict(kept)
    for path, node, _ in house.recall(view, seq).differences(view.root, (), deep=True, after=after):
        if node is None or isinstance(node, FileNode):
            result = {other: kept_tag for other, kept_tag in result.items() if other[: len(path)] != path}
        if node is not None:
            result[path] = tag(node)
    return result


@given(history=HISTORY)
@settings(max_examples=100, deadline=None)
def test_no_difference_since_any_state_is_left_out(history: list[Change | str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        house = House(open_catalog(f"sqlite:///{Path(directory) / 'catalog.db'}"), MemoryStore(clock=lambda: 0.0))
        try:
            states = live_through(house, history)
            now = seen(house.view("c").root)
            for seq, root in states:
                try:
                    assert brought_up(seen(root), house, seq) == now
                except Forgotten:
                    assert "commit" in history
        finally:
            house.close()


@given(history=HISTORY, position=PATHS)
@settings(max_examples=50, deadline=None)
def test_differences_go_on_behind_any_path(history: list[Change | str], position: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        house = House(open_catalog(f"sqlite:///{Path(directory) / 'catalog.db'}"), MemoryStore(clock=lambda: 0.0))
        try:
            live_through(house, history)
            view = house.view("c")
            past = house.recall(view, 0)
            try:
                everything = list(past.differences(view.root, (), deep=True))
                behind = list(past.differences(view.root, (), deep=True, after=position))
            except Forgotten:
                return
            assert [one.path for one in everything] == sorted(one.path for one in everything)
            assert behind == [one for one in everything if one.path > position]
        finally:
            house.close()
