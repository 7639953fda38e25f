"""CollectionFileSystem: a collection as a filesystem in memory, with handles, snapshots and a manifest.

Owns: the namespace, the table of open files, flushing.
Never: a database or HTTP; ``live`` has its own way to change a tree, with a journal.
Follows: the seed's ``CollectionFileSystem`` and what Arvados made of it (``fs_base.go``, ``fs_collection.go``).
Invariants: the tree has final files only. A file that is open is also in the table, under its path of now, and its
content is that of its inode until it is settled. A file that is gone from its path has left the table, and lives on for
its handles alone.

Threading: any number of threads. One lock guards the namespace: what it does takes microseconds, also for a rename of a
large directory, so there are no locks to order. It is taken before an inode's, and not held while a block is read or
stored.
"""

from __future__ import annotations

import json
import os
import stat as modes
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self

from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.dirnode import EMPTY_DIR, DirNode, Node
from davserver.collection.extents import MemExtent
from davserver.collection.file import Directory, File, FileInfo
from davserver.collection.filenode import FileNode
from davserver.collection.flushing import FileBlocks, Writers, pack_files
from davserver.collection.inode import Inode, Surroundings
from davserver.collection.marshal import manifest_text
from davserver.collection.pack import pack
from davserver.collection.pathnames import resolve, resolve_entry
from davserver.errors import (
    DirectoryNotEmpty,
    Exists,
    InvalidOperation,
    IsADirectory,
    NotFound,
    ReadOnly,
)
from davserver.manifest.escape import escape
from davserver.values import MAX_BLOCK_BYTES, Clock, TreePath, check_name, format_path

SPECIAL_FILE = ".arvados#collection"
_ACCESS = os.O_RDONLY | os.O_WRONLY | os.O_RDWR


class CollectionFileSystem:
    """A tree that many threads read and write through handles; a context manager.

    Names are as in POSIX: ``/`` between names, ``.`` and ``..`` allowed, a leading slash means nothing.
    """

    def __init__(
        self,
        blocks: FileBlocks,
        root: DirNode = EMPTY_DIR,
        *,
        clock: Clock,
        uuid: str = "",
        max_block: int = MAX_BLOCK_BYTES,
        writers: int = 4,
    ) -> None:
        """Take a tree; at most ``writers`` full blocks are stored at once."""
        self._root = root
        self._clock = clock
        self._uuid = uuid
        self._lock = threading.RLock()
        self._inodes: dict[TreePath, Inode] = {}
        self._around = Surroundings(blocks, Writers(blocks, writers), self._now_ns, max_block)

    # -- opening ------------------------------------------------------------------------------------------------

    def open(self, name: str, flags: int = os.O_RDONLY, mode: int = 0) -> File | Directory:
        """Open with flags of ``os`` (O_RDONLY, O_WRONLY, O_RDWR, O_APPEND, O_CREAT, O_EXCL, O_TRUNC).

        O_CREAT makes a file, or a directory if ``mode`` says so; its directory must exist. O_EXCL refuses whatever is
        there, also without O_CREAT. Raises NotFound, NotADirectory, Exists, IsADirectory, InvalidName, and
        InvalidOperation for flags that make no sense.
        """
        access = _access(flags)
        with self._lock:
            path = resolve(self._root, name)
            node = tree.lookup(self._root, path)
            if node is not None or flags & os.O_CREAT or path != (SPECIAL_FILE,):
                return self._open(path, node, flags, mode)
        if access != os.O_RDONLY:
            raise ReadOnly(f"{SPECIAL_FILE} can only be read")
        return self._open_special()

    def create(self, name: str) -> File:
        """Open a file for reading and writing, made or emptied."""
        handle = self.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        assert isinstance(handle, File)  # noqa: S101 - a directory is never opened for writing
        return handle

    def _open(self, path: TreePath, node: Node | None, flags: int, mode: int) -> File | Directory:
        if node is None:
            node = self._create(path, flags, directory=modes.S_ISDIR(mode))
        elif flags & os.O_EXCL:
            raise Exists(f"exists: {format_path(path)}")
        if isinstance(node, FileNode):
            return self._open_file(path, node, flags)
        if _access(flags) != os.O_RDONLY:
            raise IsADirectory(f"is a directory: {format_path(path)}")
        return Directory(partial(self._stat, path), partial(self._list, path))

    def _create(self, path: TreePath, flags: int, *, directory: bool) -> Node:
        if not flags & os.O_CREAT:
            raise NotFound(f"not found: {format_path(path)}")
        attributes = Attributes(mtime_ns=self._now_ns())
        node = EMPTY_DIR.with_attributes(attributes) if directory else FileNode((), attributes)
        self._link(path, node)
        return node

    def _open_file(self, path: TreePath, node: FileNode, flags: int) -> File:
        inode = self._inodes.get(path)
        if inode is None:
            inode = self._inodes[path] = Inode(node, self._around, path)
        inode.handles += 1
        access = _access(flags)
        handle = File(
            inode,
            lambda: _file_info(path[-1], inode.node),
            partial(self._release, inode),
            readable=access != os.O_WRONLY,
            writable=access != os.O_RDONLY,
            append=bool(flags & os.O_APPEND),
        )
        if flags & os.O_TRUNC:
            handle.truncate(0)
        return handle

    def _open_special(self) -> File:
        """Open the description of the collection: made now, in no listing, and never written."""
        text = json.dumps({"uuid": self._uuid, "manifest_text": self.marshal_manifest()}, indent=1) + "\n"
        inode = Inode(FileNode([MemExtent(text.encode())]).freeze(), self._around)
        return File(
            inode,
            lambda: _file_info(SPECIAL_FILE, inode.node),
            lambda: None,
            readable=True,
            writable=False,
            append=False,
        )

    def _release(self, inode: Inode) -> None:
        with self._lock:
            inode.handles -= 1
            self._settle(inode)

    # -- the namespace ------------------------------------------------------------------------------------------

    def stat(self, name: str) -> FileInfo:
        """Describe a file or directory; raises NotFound or NotADirectory."""
        with self._lock:
            return self._stat(resolve(self._root, name))

    def readdir(self, name: str = ".") -> list[FileInfo]:
        """Describe the entries of a directory in order of their names; raises NotFound or NotADirectory."""
        with self._lock:
            return self._list(resolve(self._root, name))

    def mkdir(self, name: str) -> None:
        """Make a directory in one that exists; raises Exists, NotFound, NotADirectory or InvalidName."""
        with self._lock:
            path = resolve(self._root, name.rstrip("/"))
            if tree.lookup(self._root, path) is not None:
                raise Exists(f"exists: {format_path(path)}")
            self._create(path, os.O_CREAT, directory=True)

    def remove(self, name: str) -> None:
        """Remove a file or an empty directory; raises NotFound, DirectoryNotEmpty or InvalidOperation."""
        with self._lock:
            path = resolve_entry(self._root, name)
            node = tree.require(self._root, path)
            if isinstance(node, DirNode) and len(node):
                raise DirectoryNotEmpty(f"directory not empty: {format_path(path)}")
            self._unlink(path)

    def remove_all(self, name: str) -> None:
        """Remove a file or a directory with all that is in it; it need not be there."""
        with self._lock:
            try:
                path = resolve_entry(self._root, name)
            except NotFound:
                return
            if tree.lookup(self._root, path) is not None:
                self._unlink(path)

    def rename(self, old: str, new: str) -> None:
        """Move a file or directory; onto a file replaces it, a ``new`` with a slash at its end is moved into.

        Raises NotFound, NotADirectory, IsADirectory if ``new`` is a directory, InvalidOperation for a directory into
        itself and for names that end in ``.`` or ``..``.
        """
        with self._lock:
            src = resolve_entry(self._root, old)
            node = tree.require(self._root, src)
            dst = (*resolve(self._root, new), src[-1]) if new.endswith("/") else resolve_entry(self._root, new)
            if isinstance(node, DirNode) and dst[: len(src)] == src:
                raise InvalidOperation(f"cannot move {format_path(src)} into itself")
            if dst == src:
                return
            if isinstance(tree.lookup(self._root, dst), DirNode):
                raise IsADirectory(f"is a directory: {format_path(dst)}")
            tree.require_directory(self._root, dst[:-1])
            check_name(dst[-1])
            moved = self._detach(src)
            self._unlink(src)
            self._link(dst, node)
            for inode, path in moved.items():
                inode.path = (*dst, *path[len(src) :])
                self._inodes[inode.path] = inode

    def snapshot(self, name: str = ".") -> Node:
        """Return a file or subtree as it is now: a value that nothing changes any more; no data is copied."""
        with self._lock:
            path = resolve(self._root, name)
            self._settle_all()
            return tree.require(self._root, path)

    def splice(self, name: str, node: Node) -> None:
        """Put a snapshot, of any filesystem, in the place of whatever is at a path; its directory must exist.

        A file may replace a directory and the other way round; only a directory can replace the root
        (InvalidOperation). Handles that are open on what was there keep it for themselves.
        """
        with self._lock:
            path = resolve(self._root, name.rstrip("/"))
            if isinstance(node, FileNode):
                node = node if node.frozen else node.clone()
            self._link(path, node)

    # -- data ---------------------------------------------------------------------------------------------------

    def flush(self, name: str = "", *, short_blocks: bool = True) -> None:
        """Store what is in memory: of everything, or with a name of that directory's own files.

        Without ``short_blocks``, what does not fill a block stays in memory. Raises what storing raises; what could not
        be stored stays in memory and is tried again at the next flush.
        """
        self._flush(name, short_blocks=short_blocks)

    def marshal_manifest(self, prefix: str = ".") -> str:
        """Return the manifest text of the whole tree, after storing everything; ``prefix`` stands for the root."""
        # After the flush only zeros are in no block, which packing refers to a block of zeros.
        root = pack(self._flush("", short_blocks=True), self._around.blocks, self._around.max_block)
        return "".join(escape(prefix) + line[1:] for line in manifest_text(root))

    def memory_size(self) -> int:
        """Return how many bytes of files are in memory only."""
        with self._lock:
            size = self._root.mem_bytes
            for path, inode in self._inodes.items():
                size += inode.node.mem_bytes - tree.require_file(self._root, path).mem_bytes
            return size

    def close(self) -> None:
        """Wait for the blocks that are being stored; flush first what is to be kept."""
        self._around.writers.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- inside: with the lock held, but for _flush ---------------------------------------------------------------

    def _now_ns(self) -> int:
        return int(self._clock() * 1e9)

    def _stat(self, path: TreePath) -> FileInfo:
        with self._lock:
            return self._info(path, tree.require(self._root, path))

    def _list(self, path: TreePath) -> list[FileInfo]:
        with self._lock:
            directory = tree.require_directory(self._root, path)
            return [self._info((*path, name), node) for name, node in directory.items()]

    def _info(self, path: TreePath, node: Node) -> FileInfo:
        name = path[-1] if path else "."
        if isinstance(node, DirNode):
            return FileInfo(name, is_directory=True, size=len(node), mtime_ns=node.attributes.mtime_ns)
        inode = self._inodes.get(path)
        return _file_info(name, inode.node if inode else node)

    def _link(self, path: TreePath, node: Node) -> None:
        """Put a node at a path and note the time in its directory; what was there is left to its handles."""
        self._root = self._touched(tree.put(self._root, path, node), path)
        self._detach(path)

    def _unlink(self, path: TreePath) -> None:
        self._root = self._touched(tree.remove(self._root, path), path)
        self._detach(path)

    def _touched(self, root: DirNode, path: TreePath) -> DirNode:
        """Note the time of a change at a path in the directory it is in."""
        if not path:
            return root
        directory = tree.require_directory(root, path[:-1])
        attributes = replace(directory.attributes, mtime_ns=self._now_ns())
        return tree.put(root, path[:-1], directory.with_attributes(attributes))

    def _open_below(self, path: TreePath) -> list[Inode]:
        return [inode for open_path, inode in self._inodes.items() if open_path[: len(path)] == path]

    def _detach(self, path: TreePath) -> dict[Inode, TreePath]:
        """Take the files that are open at or below a path out of the table; return where they were."""
        gone = {inode: inode.path for inode in self._open_below(path) if inode.path is not None}
        for inode, open_path in gone.items():
            del self._inodes[open_path]
            inode.path = None
        return gone

    def _settle(self, inode: Inode) -> None:
        """Link an open file's content of now; forget the file if nobody uses it and nothing of it is being stored."""
        if inode.path is None:
            return
        idle = not inode.handles and not inode.storing
        node = inode.settle()
        if tree.lookup(self._root, inode.path) is not node:
            self._root = tree.put(self._root, inode.path, node)
        if idle:
            del self._inodes[inode.path]
            inode.path = None

    def _settle_all(self) -> None:
        for inode in list(self._inodes.values()):
            self._settle(inode)

    def _flush(self, name: str, *, short_blocks: bool) -> DirNode:
        """Flush, and return the tree as it was when the flush began, with everything stored that was to be."""
        with self._lock:
            top = resolve(self._root, name)
            storing = self._open_below(top)
        for inode in storing:
            inode.wait()
        with self._lock:
            self._settle_all()
            root = self._root
        start = tree.require_directory(root, top)
        for path, directory in [(top, start)] if name else _unstored(top, start):
            files = [
                (entry, node) for entry, node in directory.items() if isinstance(node, FileNode) and node.mem_bytes
            ]
            packed = pack_files(
                (node for _, node in files), self._around.blocks, self._around.max_block, short_blocks=short_blocks
            )
            for (entry, before), after in zip(files, packed, strict=True):
                if after is not before:
                    root = tree.put(root, (*path, entry), after)
                    self._install((*path, entry), before, after)
        return root

    def _install(self, path: TreePath, before: FileNode, after: FileNode) -> None:
        """Link a file whose bytes are now stored, if the file at the path is still the one that was."""
        with self._lock:
            if tree.lookup(self._root, path) is before:
                self._root = tree.put(self._root, path, after)
                if path in self._inodes:
                    self._inodes[path].adopt(before, after)


def _access(flags: int) -> int:
    """Return how a file is to be opened; raises InvalidOperation for flags that make no sense."""
    access = flags & _ACCESS
    if flags & (os.O_SYNC | os.O_DSYNC):
        raise InvalidOperation("O_SYNC is not supported: flush instead")
    if access not in {os.O_RDONLY, os.O_WRONLY, os.O_RDWR}:
        raise InvalidOperation("invalid flags: O_WRONLY and O_RDWR together")
    if flags & os.O_TRUNC and access == os.O_RDONLY:
        raise InvalidOperation("invalid flags: O_TRUNC without the right to write")
    return access


def _file_info(name: str, node: FileNode) -> FileInfo:
    return FileInfo(name, is_directory=False, size=node.size, mtime_ns=node.attributes.mtime_ns)


def _unstored(path: TreePath, directory: DirNode) -> Iterator[tuple[TreePath, DirNode]]:
    """Iterate over the directories with bytes in memory below; the others are not even loaded."""
    left = [(path, directory)]
    while left:
        path, directory = left.pop()
        if not directory.mem_bytes:
            continue
        yield path, directory
        left += [((*path, name), node) for name, node in directory.items() if isinstance(node, DirNode)]
