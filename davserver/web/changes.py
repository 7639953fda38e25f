"""Many changes of one collection, all or none.

Owns: ``POST /_/api/collections/NAME/changes``: reading the body, making the changes in one edit, telling what came of
them or which one failed. The JSON is described in docs/api.md.
Never: syntax (``web.changeset``), a file's bytes inside the edit: those are stored before.
Invariants: each change meets its conditions on what the changes before it left; after an error nothing is done.
A page of another site cannot send it: a form cannot send JSON, and the browser says where a request comes from
(``middleware.browsers``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from davserver.catalog.model import Lock
from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.change import Copy, Mkdir, Move, Put, Remove, SetAttributes
from davserver.collection.dirnode import DirNode, Node
from davserver.collection.filenode import FileNode, etag_of
from davserver.errors import (
    DavserverError,
    Exists,
    Incomplete,
    InvalidOperation,
    IsADirectory,
    Locked,
    PreconditionFailed,
    QuotaExceeded,
)
from davserver.live.edit import Edit
from davserver.live.house import House
from davserver.values import format_path
from davserver.web.changeset import ChangeSet, Item, parse_changes
from davserver.web.responses import Answer, Environ, StatusOf, as_json, failure

MAX_BODY_BYTES = 16 << 20
LARGE_BYTES = 1 << 20
LARGE_AT_ONCE = 2
MAX_PROPERTIES = 128
MAX_PROPERTY_CHARS = 64 << 10
_SLICE_BYTES = 1 << 20
_ANY = "*"

Result = dict[str, object]


def change_collection(house: House, environ: Environ, name: str, status_of: StatusOf) -> Answer:
    """Make the changes of a request; 200 with a result for each, or the status of the one that failed."""
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return failure(415, "the changes are JSON: Content-Type: application/json")
    house.view(name)  # refuses before the body is read
    body = _read(environ)
    if body is None:
        return failure(413, f"more than {MAX_BODY_BYTES} bytes")
    changes = parse_changes(body)
    job = _Job(name, changes, _stored(house, changes), environ.get("davserver.principal", ""))
    try:
        return as_json(200, {"results": house.edit(job.run)})
    except _Failed as failed:
        status = status_of(failed.reason)
        if status >= 500 and status not in {503, 507}:
            raise failed.reason from None
        return as_json(status, {"error": failed.reason.message, "index": failed.index})


def is_large(environ: Environ) -> bool:
    """Tell whether a body may be longer than ``LARGE_BYTES``."""
    return "HTTP_TRANSFER_ENCODING" in environ or int(environ.get("CONTENT_LENGTH") or 0) > LARGE_BYTES


class _Failed(DavserverError):
    """A change of the set cannot be made, so none is."""

    def __init__(self, index: int, reason: DavserverError) -> None:
        super().__init__(reason.message)
        self.index = index
        self.reason = reason


def _read(environ: Environ) -> bytes | None:
    """Read the body; None if it is too long. Raises Incomplete."""
    declared = None if environ.get("HTTP_TRANSFER_ENCODING") else int(environ.get("CONTENT_LENGTH") or 0)
    if declared is not None and declared > MAX_BODY_BYTES:
        return None
    pieces = bytearray()
    while declared is None or len(pieces) < declared:
        try:
            piece = environ["wsgi.input"].read(min(_SLICE_BYTES, _SLICE_BYTES if declared is None else declared))
        except (OSError, ValueError) as error:
            raise Incomplete(declared, len(pieces)) from error
        if not piece:
            break
        pieces += piece
        if len(pieces) > MAX_BODY_BYTES:
            return None
    if declared is not None and len(pieces) < declared:
        raise Incomplete(declared, len(pieces))
    return bytes(pieces)


def _stored(house: House, changes: ChangeSet) -> dict[int, FileNode]:
    """Store the bytes of the files to be put: by the index of the change."""
    nodes = {}
    for index, item in enumerate(changes.items):
        if item.do == "put":
            with house.upload(len(item.data)) as upload:
                upload.write(item.data)
                nodes[index] = upload.finish(_attributes(item))
    return nodes


def _attributes(item: Item) -> Callable[[str], Attributes]:
    return lambda etag: Attributes(etag, content_type=item.content_type)


@dataclass(frozen=True, slots=True)
class _Job:
    """The changes of one request."""

    name: str
    changes: ChangeSet
    nodes: dict[int, FileNode]
    principal: str

    def run(self, edit: Edit) -> list[Result]:
        """Make all changes inside the edit; raises _Failed."""
        view = edit.view(self.name)
        collection_id, root = view.info.id, view.root
        results = []
        for index, item in enumerate(self.changes.items):
            one = _One(edit, collection_id, root, item, self.nodes.get(index))
            try:
                one.check(self._in_the_way(edit.locks(collection_id)))
                results.append(one.make())
            except DavserverError as error:
                raise _Failed(index, error) from error
            root = one.root
        return results

    def _in_the_way(self, locks: list[Lock]) -> list[Lock]:
        """Return the locks that the request brings no token for."""
        brought = self.changes.lock_tokens
        return [k for k in locks if k.token not in brought or k.principal not in {"", self.principal}]


@dataclass(slots=True)
class _One:
    """One change, and the tree before it; ``root`` is the tree after it once it is made."""

    edit: Edit
    collection_id: int
    root: DirNode
    item: Item
    node: FileNode | None

    def check(self, locks: list[Lock]) -> None:
        """Hold the conditions and the locks against the tree."""
        item = self.item
        there = tree.lookup(self.root, item.path)
        if item.if_match is not None and not _matches(item.if_match, there):
            raise PreconditionFailed(f"if_match: {format_path(item.path)} is not as it should be")
        if item.if_none_match is not None and _matches(item.if_none_match, there):
            raise PreconditionFailed(f"if_none_match: {format_path(item.path)} is there")
        if not item.overwrite and tree.lookup(self.root, item.to) is not None:
            raise PreconditionFailed(f"overwrite: {format_path(item.to)} is there")
        changed = {"copy": [item.to], "move": [item.path, item.to]}.get(item.do, [item.path])
        found = {format_path(lock.path): None for path in changed for lock in locks if lock.is_in_the_way_of(path)}
        if found:
            raise Locked(tuple(found))

    def make(self) -> Result:
        """Make the change; says what was done, and the entity tag of a file that was put."""
        make: dict[str, Callable[[], str]] = {
            "put": self._put,
            "mkdir": self._mkdir,
            "copy": self._copy,
            "move": self._move,
            "delete": self._delete,
            "properties": self._set_properties,
        }
        done = make[self.item.do]()
        result: Result = {"path": format_path(self.item.path), "done": done}
        node = tree.lookup(self.root, self.item.path)
        if self.item.do == "put" and isinstance(node, FileNode):
            result["etag"] = etag_of(node)
        return result

    def _put(self) -> str:
        item, node = self.item, self.node
        assert node is not None  # noqa: S101 - the bytes of every put were stored
        old = tree.lookup(self.root, item.path)
        if isinstance(old, DirNode):
            raise IsADirectory(f"a folder is at {format_path(item.path)}")
        now_ns = self.edit.now_ns
        attributes = replace(
            node.attributes, mtime_ns=now_ns if item.mtime_ns is None else item.mtime_ns, created_ns=now_ns
        )
        if old is not None:
            created_ns = old.attributes.created_ns or old.attributes.mtime_ns or now_ns
            attributes = replace(attributes, created_ns=created_ns, properties=old.attributes.properties)
        self.root = self.edit.apply(self.collection_id, Put(item.path, node.with_attributes(attributes)))
        return "created" if old is None else "replaced"

    def _mkdir(self) -> str:
        now_ns = self.edit.now_ns
        mtime_ns = now_ns if self.item.mtime_ns is None else self.item.mtime_ns
        if tree.lookup(self.root, self.item.path) is not None:
            raise Exists(f"something is at {format_path(self.item.path)}")
        made = Mkdir(self.item.path, Attributes(mtime_ns=mtime_ns, created_ns=now_ns))
        self.root = self.edit.apply(self.collection_id, made)
        return "created"

    def _copy(self) -> str:
        return self._transfer(Copy(self.item.path, self.item.to))

    def _move(self) -> str:
        done = self._transfer(Move(self.item.path, self.item.to))
        self.edit.remove_locks_below(self.collection_id, self.item.path)
        return done

    def _transfer(self, change: Copy | Move) -> str:
        if change.src[: len(change.dst)] == change.dst:
            raise InvalidOperation("what is copied or moved would be replaced by itself")
        is_new = tree.lookup(self.root, change.dst) is None
        self.root = self.edit.apply(self.collection_id, change)
        return "created" if is_new else "replaced"

    def _delete(self) -> str:
        self.root = self.edit.apply(self.collection_id, Remove(self.item.path))
        self.edit.remove_locks_below(self.collection_id, self.item.path)
        return "deleted"

    def _set_properties(self) -> str:
        attributes = tree.require(self.root, self.item.path).attributes
        properties = dict(attributes.properties)
        for name, element in self.item.properties.items():
            if element is None:
                properties.pop(name, None)
            else:
                properties[name] = element
        total = sum(len(name) + len(element) for name, element in properties.items())
        if len(properties) > MAX_PROPERTIES or total > MAX_PROPERTY_CHARS:
            raise QuotaExceeded(total, MAX_PROPERTY_CHARS)
        changed = replace(attributes, properties=tuple(sorted(properties.items())))
        self.root = self.edit.apply(self.collection_id, SetAttributes(self.item.path, changed))
        return "changed"


def _matches(tags: frozenset[str], node: Node | None) -> bool:
    if node is None:
        return False
    return _ANY in tags or (isinstance(node, FileNode) and etag_of(node) in tags)
