"""The house as one principal may see and change it.

Owns: which right each look and each change needs. Whatever the URL space calls a collection (its name, its uuid, its
history, the hash of its content), it comes through here, and so does every verb.
Invariant: a request is handed this house and no other, so no verb can forget to ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TypeVar

from davserver.access.guarded_edit import GuardedEdit, untold
from davserver.access.rights import Rights
from davserver.access.sight import covering, part_of
from davserver.catalog.model import Collection, Link, Lock, Right, Version
from davserver.catalog.uploads import Uploads
from davserver.collection.attributes import Attributes
from davserver.collection.filenode import FileNode
from davserver.errors import NotFound, QuotaExceeded
from davserver.live.allowance import Allowance
from davserver.live.edit import Edit
from davserver.live.house import House
from davserver.live.lease import Lease
from davserver.live.past import Past
from davserver.live.upload import Upload
from davserver.live.views import VersionView, View
from davserver.values import PDH

T = TypeVar("T")


class GuardedHouse(House):
    """A house that shows and changes only what its visitor may.

    It is a House to whoever takes one, and holds none of a House's own state: a method that is not decided upon here
    fails instead of letting everybody in. A test lists those methods.
    """

    def __init__(self, house: House, rights: Rights) -> None:
        # Not calling up, so that what is not written here does not work.
        self.settings = house.settings
        self.blocks = house.blocks
        self.clock = house.clock
        self.random_bytes = house.random_bytes
        self.rights = rights
        self._house = house

    # -- looking ------------------------------------------------------------------------------------------------------

    def collections(self) -> list[Collection]:
        """List the collections of which they see something; raises NotAuthenticated for a stranger who sees none.

        The rows are whole: whose versions they may look at, ``rights`` tells.
        """
        if not self.rights.sees_any():
            raise self.rights.unseen()
        return [info for info in self._house.collections() if self.rights.sees(info.id)]

    def trashed(self) -> list[Collection]:
        """List the collections in the trash that they may bring back."""
        return [info for info in self._house.trashed() if self.rights.level(info.id) is Right.MANAGE]

    def info(self, name: str) -> Collection:
        """Return the row of a collection they may read all of."""
        try:
            info = self._house.info(name)
        except NotFound:
            raise self.rights.unseen() from None
        self.rights.require_sight(info.id)
        return info

    def view(self, name: str) -> View:
        """Return what they may read of a collection."""
        return self._seen(lambda: self._house.view(name))

    def view_uuid(self, uuid: str) -> View:
        """Return what they may read of a collection, trashed or not."""
        return self._seen(lambda: self._house.view_uuid(uuid))

    def view_pdh(self, pdh: PDH, allowed: Callable[[int], bool] = lambda _collection_id: True) -> VersionView:
        """Return content by its hash, if a collection they may read all of has or had it."""
        try:
            return self._house.view_pdh(pdh, lambda number: self.rights.sees_all(number) and allowed(number))
        except NotFound:
            raise self.rights.unseen() from None

    def versions(self, name: str) -> list[Version]:
        """List the versions of a collection they may read all of: a version tells of changes everywhere in it."""
        self.info(name)
        versions = self._house.versions(name)
        self._require_all(versions, Right.READ)
        return versions

    def view_version(self, name: str, number: int) -> VersionView:
        """Return a version of a collection they may read all of."""
        self.info(name)
        view = self._house.view_version(name, number)
        self.rights.require_sight(view.info.id)
        return view

    def manifest(self, version: VersionView) -> Iterator[str]:
        """Iterate over a manifest text of a collection they may read."""
        self.rights.require_sight(version.info.id)
        return self._house.manifest(version)

    def locks(self, name: str) -> list[Lock]:
        """List the locks on what they may read of a collection."""
        self.view(name)
        return [lock for lock in self._house.locks(name) if self._shows(lock)]

    def recall(self, view: View, seq: int) -> Past:
        """Return what a collection that they may read all of was."""
        self.rights.require_sight(view.info.id)
        return self._house.recall(view, seq)

    def links(self, name: str) -> list[Link]:
        """List the links to a collection: ``manage``."""
        self.rights.require(self.view(name).info.id, Right.MANAGE)
        links = self._house.links(name)
        for collection_id in {link.collection_id for link in links}:
            self.rights.require(collection_id, Right.MANAGE)
        return links

    def allowance(self, account: str) -> Allowance | None:
        """Return their own allowance."""
        if account != self.rights.principal.name:
            raise self.rights.refusal("this is told to the account itself")
        return self._house.allowance(account)

    def allowance_over(self, collection: Collection) -> Allowance | None:
        """Return how much more the owner of a collection that they may read all of can store.

        A part shows no owner (``sight.part_of``), so of one nothing is asked, and nothing told.
        """
        if collection.owner is None:
            return None
        self.rights.require_sight(collection.id)
        return self._house.allowance_over(collection)

    @contextmanager
    def uploads(self) -> Iterator[Uploads]:
        """Look at the uploads that are not linked yet: an account; whose an upload is, its reader checks."""
        self.rights.require_account()
        with self._house.uploads() as uploads:
            yield uploads

    # -- changing -----------------------------------------------------------------------------------------------------

    def upload(self, expected_bytes: int | None = None) -> Upload:
        """Begin to receive a body: an account; where it goes is decided when it is linked."""
        self.rights.require_account()
        return self._house.upload(expected_bytes)

    def whole(self, body: bytes, attributes: Callable[[str], Attributes]) -> FileNode:
        """Make a file of a body: like ``upload``."""
        self.rights.require_account()
        return self._house.whole(body, attributes)

    def lease(self) -> Lease:
        """Begin to store blocks: an account."""
        self.rights.require_account()
        return self._house.lease()

    def edit(self, fn: Callable[[Edit], T]) -> T:
        """Run a function on an edit that knows their rights."""
        made: GuardedEdit | None = None

        def guarded(edit: Edit) -> T:
            nonlocal made
            made = GuardedEdit(edit, self.rights)
            return fn(made)

        try:
            return self._house.edit(guarded)
        except QuotaExceeded:
            # The limit of an owner is looked at after all changes.
            with untold() if made is not None and made.is_in_parts else nullcontext():
                raise

    def commit(self, name: str) -> Version:
        """Make a version of a collection they may write all of."""
        self.rights.require(self.view(name).info.id, Right.WRITE)
        version = self._house.commit(name)
        self._require_all([version], Right.WRITE)
        return version

    def _require_all(self, found: Iterable[Version], right: Right) -> None:
        """Hold the right against what was found: the name may have passed on since it was looked up for the first."""
        for collection_id in {each.collection_id for each in found}:
            self.rights.require(collection_id, right)

    def _seen(self, look: Callable[[], View]) -> View:
        try:
            view = look()
        except NotFound:
            raise self.rights.unseen() from None
        if self.rights.sees_all(view.info.id):
            return view
        return part_of(view, self.rights.seen_or_refuse(view.info.id))

    def _shows(self, lock: Lock) -> bool:
        if self.rights.sees_all(lock.collection_id):
            return True
        return bool(covering([lock], self.rights.seen_or_refuse(lock.collection_id)))
