"""Links, made and ended: what the command line and the API do.

Owns: what a link may be to, and under which limits.
Durability: each function is one edit; when it returns, all processes that serve this data go by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from davserver.access.credentials import normal
from davserver.access.linktext import digest_of, make_link_text, url_path
from davserver.access.passwords import Passwords
from davserver.access.tokens import MAX_DAYS, make_token_id
from davserver.catalog.model import Link
from davserver.collection import tree
from davserver.collection.dirnode import DirNode, Node
from davserver.collection.spelling import settle
from davserver.errors import Invalid, NotFound
from davserver.live.edit import Edit
from davserver.live.house import House
from davserver.values import TreePath, format_path

MAX_PASSWORD_CHARS = 1024
MAX_LABEL_CHARS = 200
_DAY_NS = 86_400 * 1_000_000_000
_MOST = (1 << 63) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A link as somebody wants it; ``made_by`` is who asks for it: None, who runs the server; "", nobody known."""

    collection: str
    path: TreePath = ()
    version: int | None = None
    is_drop: bool = False
    password: str | None = None
    days: float | None = None
    downloads: int | None = None
    room_bytes: int | None = None
    label: str | None = None
    made_by: str | None = None

    def check(self) -> None:
        """Raise Invalid for what no link can be."""
        if self.is_drop and self.version is not None:
            raise Invalid("nothing can be put into a version: it never changes")
        if self.is_drop and self.downloads is not None:
            raise Invalid("nothing is downloaded from a drop folder", hint="its room can be limited")
        if self.room_bytes is not None and not self.is_drop:
            raise Invalid("only a drop folder has room for something")
        if self.days is not None and not 0 < self.days <= MAX_DAYS:
            raise Invalid(f"a link expires after more than 0 and at most {MAX_DAYS} days")
        for what, number in (("downloads", self.downloads), ("room", self.room_bytes)):
            if number is not None and not 0 < number <= _MOST:
                raise Invalid(f"{what}: not a positive number that can be counted")
        if self.password is not None and not 0 < len(self.password) <= MAX_PASSWORD_CHARS:
            raise Invalid(f"a link's password has 1 to {MAX_PASSWORD_CHARS} characters")
        if self.label is not None and not (len(self.label) <= MAX_LABEL_CHARS and self.label.isprintable()):
            raise Invalid(f"a label is a line of at most {MAX_LABEL_CHARS} characters")


def make_link(house: House, passwords: Passwords, wish: Wish) -> tuple[Link, str]:
    """Make a link; returns its row and the path of its URL, encoded, which nobody can see again.

    Raises NotFound, UnknownVersion, NotPermitted, Invalid, or TooManyGuesses if too many hashes are being made.
    """
    wish.check()
    house.links(wish.collection)  # refuses whoever may not share, before a slow hash is made for them
    text = make_link_text(house.random_bytes)
    link_id = make_token_id(house.random_bytes)
    hashed = None if wish.password is None else passwords.hash(normal(wish.password))
    number = wish.version
    frozen = None if number is None else house.view_version(wish.collection, number)

    def change(edit: Edit) -> tuple[Link, bool]:
        view = edit.view(wish.collection)
        if frozen is not None and frozen.info.id != view.info.id:
            raise NotFound(f"{wish.collection!r} is another collection now")
        root = view.root if frozen is None else frozen.root
        path = settle(root, wish.path)
        node = _shareable(tree.lookup(root, path), path, is_drop=wish.is_drop)
        link = Link(
            id=link_id,
            digest=digest_of(text),
            collection_id=view.info.id,
            path=path,
            name=path[-1] if path else view.info.name,
            version=number,
            is_drop=wish.is_drop,
            made_by=wish.made_by,
            created_ns=edit.now_ns,
            password_hash=hashed,
            expires_ns=None if wish.days is None else edit.now_ns + int(wish.days * _DAY_NS),
            downloads_left=wish.downloads,
            room_bytes=wish.room_bytes,
            label=wish.label or None,
        )
        stored = edit.add_link(link)
        edit.note("link create", "/".join((view.info.name, *path)), f"id {link_id}{', drop' if wish.is_drop else ''}")
        return stored, isinstance(node, DirNode)

    link, is_folder = house.edit(change)
    return link, url_path(text, link.name, folder=is_folder)


def end_link(house: House, link_id: str) -> None:
    """End a link at once; raises NotFound."""

    def change(edit: Edit) -> None:
        edit.remove_link(link_id)
        edit.note("link revoke", link_id)

    house.edit(change)


def _shareable(node: Node | None, path: TreePath, *, is_drop: bool) -> Node:
    if node is None:
        raise NotFound(f"nothing is at {format_path(path)!r}")
    if is_drop and not isinstance(node, DirNode):
        raise Invalid("a drop folder has to be a folder")
    return node


def as_values(link: Link, collection: str) -> dict[str, object]:
    """Return what people and scripts are told of a link, as values of JSON; times as ISO 8601 in UTC."""
    return {
        "id": link.id,
        "collection": collection,
        "path": format_path(link.path),
        "version": link.version,
        "kind": "drop" if link.is_drop else "read",
        "label": link.label,
        "made_by": link.made_by,
        "has_password": link.password_hash is not None,
        "downloads_left": link.downloads_left,
        "room_bytes": link.room_bytes,
        "created": _iso(link.created_ns),
        "expires": _iso(link.expires_ns),
        "used": _iso(link.used_ns),
    }


def _iso(time_ns: int | None) -> str | None:
    if time_ns is None:
        return None
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
