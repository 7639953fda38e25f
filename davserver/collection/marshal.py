r"""Marshal: from a tree to its directory records and to its manifest text.

Owns: davserver's normal form: a directory's own files first, then its subdirectories in order of their names; the
    stream of each is laid out by ``layout``. An empty directory has a line of its own with the marker ``0:0:\056``;
    one that has only subdirectories has none, and the empty root is the empty text.
Follows: both official writers; the format's description would sort whole stream names, ``./a-b`` before ``./a/b``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from davserver.collection.dirnode import DirNode, Node
from davserver.collection.filenode import FileNode
from davserver.collection.layout import body_of
from davserver.collection.litter import is_litter, may_name_litter
from davserver.collection.names import NameMap
from davserver.collection.record import DirectoryRecord, Fetch, files_in, record_of
from davserver.collection.unsealed import rebuild
from davserver.manifest.escape import escape
from davserver.manifest.write import EMPTY_DIRECTORY_BODY

_ROOT = "."


def seal(root: DirNode, save: Callable[[DirectoryRecord], None]) -> DirNode:
    """Save a record of every directory that has none, from the leaves up, and return the tree in which all have one.

    All bytes must be in blocks (``pack``), else InvalidOperation. Recorded directories are neither visited nor saved.
    """

    def finish(directory: DirNode, entries: NameMap[Node]) -> DirNode:
        sealed = DirNode(
            entries,
            attributes=directory.attributes,
            files=directory.files,
            bytes=directory.bytes,
            mem_bytes=0,
        )
        record = record_of(sealed)
        save(record)
        # Nobody else has seen this directory yet, so giving it its record now changes nothing for anyone.
        sealed.record = record.hash
        return sealed

    return rebuild(root, finish)


def manifest_text(root: DirNode, fetch: Fetch | None = None, *, without_litter: bool = False) -> Iterator[str]:
    """Yield the lines of the tree's normal form, one directory in memory at a time.

    With ``fetch``, a recorded directory and all below it are copied out of their records without being parsed or
    loaded into the tree; without, they are. ``without_litter`` leaves out what ``litter`` names, where it stands and
    with all below it. Raises InvalidOperation if bytes are in no block.
    """
    stack: list[tuple[str, DirNode | str]] = [(_ROOT, root)]
    while stack:
        name, directory = stack.pop()
        if isinstance(directory, DirNode) and fetch is not None and directory.record is not None:
            directory = directory.record
        if isinstance(directory, DirNode):
            body, below = _from_tree(directory, without_litter=without_litter)
        else:
            assert fetch is not None  # noqa: S101 - only a fetched record leads to hashes
            body, below = _from_record(fetch(directory), without_litter=without_litter)
        if without_litter:
            below = [(child, node) for child, node in below if not is_litter(child)]
        if not body and not below and name != _ROOT:
            body = EMPTY_DIRECTORY_BODY
        if body:
            yield f"{name} {body}\n"
        stack.extend((f"{name}/{escape(child)}", node) for child, node in reversed(below))


def _from_tree(directory: DirNode, *, without_litter: bool) -> tuple[str, list[tuple[str, DirNode | str]]]:
    files: list[tuple[str, FileNode]] = []
    below: list[tuple[str, DirNode | str]] = []
    for name, node in directory.items():
        if isinstance(node, FileNode):
            if not (without_litter and is_litter(name)):
                files.append((name, node))
        else:
            below.append((name, node))
    return body_of(files), below


def _from_record(record: DirectoryRecord, *, without_litter: bool) -> tuple[str, list[tuple[str, DirNode | str]]]:
    stream = record.stream
    if without_litter and may_name_litter(stream):
        stream = body_of((name, node) for name, node in files_in(record) if not is_litter(name))
    return stream, [(subdirectory.name, subdirectory.record) for subdirectory in record.directories]
