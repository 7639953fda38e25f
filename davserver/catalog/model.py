"""The rows of the catalog as values.

Owns: what a collection, a version, a journal entry, a lock, an account and a grant are made of.
Never: SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from davserver.collection.change import Origin
from davserver.collection.trail import Step
from davserver.values import PDH, TreePath


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A collection's row: its names, its last checkpoint and the heads that tell a cache whether it is current.

    ``head_seq`` is the sequence of the newest change, ``lock_seq`` counts changes of its locks and of its name or
    place (renamed, trashed, restored). The checkpoint is the directory record ``base_root`` (``None``: an empty tree)
    and holds every change up to ``base_seq``; the journal holds the others. ``version`` is the number of the newest
    version, 0 before the first. ``bytes`` is the size of all its files together after the change ``head_seq``,
    ``quota_bytes`` its limit (None: none). ``owner`` is the account that its bytes count for (None: nobody's).
    ``drops_litter`` keeps litter out of its manifests. ``retention`` are its own rules for which versions stay, as
    ``upkeep.retention`` writes them (None: those of the configuration). ``repacks`` counts how often its checkpoint was
    replaced by an equal one in other blocks. Times are nanoseconds UTC.
    """

    id: int
    uuid: str
    name: str
    created_ns: int
    trashed_ns: int | None = None
    head_seq: int = 0
    lock_seq: int = 0
    version: int = 0
    base_seq: int = 0
    base_root: str | None = None
    bytes: int = 0
    owner: str | None = None
    quota_bytes: int | None = None
    drops_litter: bool = False
    retention: str | None = None
    repacks: int = 0

    def bears(self, name: str) -> bool:
        """Tell whether the name is this collection's: in the trash, it is free for others."""
        return self.name == name and self.trashed_ns is None


class Uncommitted(NamedTuple):
    """A collection whose entries after ``base_seq`` are in no version."""

    id: int
    base_seq: int
    head_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One commit of a collection: number from 1, time, what it holds and its identity.

    ``root`` is the hash of its root directory record. ``text`` tells that the manifest text is kept verbatim (an
    import that is not in our normal form); its portable data hash is over that text. ``without_litter`` tells that the
    manifest leaves litter out; the tree has it, and ``files`` and ``bytes`` count it. ``label`` is a name for it, one
    of its own in its collection, ``message`` what somebody said of it; ``kept`` tells that no rule may remove it.
    """

    collection_id: int
    number: int
    created_ns: int
    seq: int
    root: str
    pdh: PDH
    files: int
    bytes: int
    text: bool = False
    without_litter: bool = False
    label: str | None = None
    message: str | None = None
    kept: bool = False

    @property
    def is_tagged(self) -> bool:
        """Whether it stays whatever the rules are."""
        return self.kept or self.label is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """What to say of a version, in place of what was said: None leaves it as it is, an empty text takes it away."""

    label: str | None = None
    message: str | None = None
    kept: bool | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A journal entry: one change of a collection; ``seq`` counts from 1 without gaps.

    ``origin`` is set on an entry to be appended that cannot be read without another collection's entries.
    """

    seq: int
    header: bytes
    inline: bytes
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """Where the changes after ``after_seq`` up to ``seq`` were, kept when their entries are dropped; see ``trail``."""

    after_seq: int
    seq: int
    steps: tuple[Step, ...]


class Right(IntEnum):
    """What somebody may do with a collection; each holds those before it."""

    NONE = 0
    READ = 1
    WRITE = 2
    MANAGE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody with a name and a password, of which only the argon2 hash (in PHC form) is known.

    ``quota_bytes`` is the limit of all files together in the collections they own, without those in the trash.
    """

    name: str
    password_hash: str
    created_ns: int
    quota_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A random text that stands for an account; only its SHA-256 (hex) is known. ``expires_ns`` None: never."""

    id: str
    account: str
    digest: str
    may_write: bool
    created_ns: int
    expires_ns: int | None = None
    used_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Accounts under one name, for grants; ``members`` are their names in order."""

    name: str
    created_ns: int
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """What ``grantee`` may do with what is at a path of a collection and below it; the empty path is all of it.

    The grantee is an account's name, ``anonymous``, or a group's name behind an ``@``.
    """

    collection_id: int
    grantee: str
    right: Right
    path: TreePath = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A random text in a URL that hands a part of a collection to whoever has it; only its SHA-256 (hex) is known.

    It is to what is at ``path`` (the empty path: all), as it is or as it was in a version, and calls it ``name``;
    ``is_drop``: files may be put into that folder, and nothing of it is seen. ``made_by`` is an account, "" whoever
    came while there was none, None who runs the server. ``downloads_left`` and ``room_bytes`` (of a drop folder) count
    down; None is no limit, and ``expires_ns`` None is never. ``label`` says to people what it is for.
    """

    id: str
    digest: str
    collection_id: int
    path: TreePath
    name: str
    version: int | None = None
    is_drop: bool = False
    made_by: str | None
    created_ns: int
    password_hash: str | None = None
    expires_ns: int | None = None
    downloads_left: int | None = None
    room_bytes: int | None = None
    label: str | None = None
    used_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A write lock (RFC 4918 section 6) on a path of a collection.

    ``infinite`` is the depth, ``owner_xml`` what the client said of itself, ``expires_ns`` an absolute time UTC.
    """

    token: str
    collection_id: int
    path: TreePath
    exclusive: bool
    infinite: bool
    owner_xml: str
    principal: str
    timeout_s: int
    expires_ns: int

    def is_in_the_way_of(self, path: TreePath) -> bool:
        """Tell whether it holds for a path, for what is below it or, since names come and go, for the folder above."""
        if self.path[: len(path)] == path:
            return True
        return path[: len(self.path)] == self.path and (self.infinite or len(path) == len(self.path) + 1)
