"""Rights: what the maker of one request may see and do.

Owns: the answer to "may they?", and the error that says no without telling what is there.
Follows: what somebody may not see does not exist for them (NotFound); a stranger is asked for a name first
(NotAuthenticated), whether there is something or not. What they may not change is refused by its path alone, wherever
they see a part of the collection, so that the refusal does not tell what is there.
"""

from __future__ import annotations

from typing import Protocol

from davserver.access.held import Held, Part
from davserver.access.principal import Principal
from davserver.catalog.model import Right
from davserver.errors import DavserverError, InsecureChannel, NotAuthenticated, NotFound, NotPermitted
from davserver.values import TreePath


class Grants(Protocol):
    """Where rights are looked up."""

    def held(self, principal: Principal, /) -> Held:
        """Return somebody's rights as they are now."""
        ...


class Rights:
    """What one principal may do, as of each call: it is asked anew when a long request comes to its end."""

    def __init__(self, principal: Principal, grants: Grants, *, may_ask: bool, origin: str = "") -> None:
        """``may_ask`` tells that a stranger may be asked for a password on this connection, ``origin`` its address."""
        self.principal = principal
        self.origin = origin
        self._grants = grants
        self._may_ask = may_ask

    def level(self, collection_id: int) -> Right:
        """Return what they may do with a collection, all of it."""
        return self._within_scope(self._grants.held(self.principal).whole.get(collection_id, Right.NONE))

    def level_at(self, collection_id: int, path: TreePath) -> Right:
        """Return what they may do with what is at a path, and with all that is below it."""
        return self._within_scope(self._grants.held(self.principal).at(collection_id, path))

    def lasting_level(self, collection_id: int) -> Right:
        """Return what they may do with all of a collection whatever a directory outside says of their groups."""
        lasting = Principal(self.principal.name, self.principal.may_write)
        return self._within_scope(self._grants.held(lasting).whole.get(collection_id, Right.NONE))

    def seen_parts(self, collection_id: int) -> tuple[TreePath, ...]:
        """Return the paths at which they see something of a collection that they may not see as a whole."""
        parts = self._grants.held(self.principal).parts.get(collection_id, ())
        return tuple(part.path for part in parts if part.right >= Right.READ)

    def parts(self, collection_id: int) -> tuple[Part, ...]:
        """Return what they may do on parts of a collection beyond what they may on all of it."""
        parts = self._grants.held(self.principal).parts.get(collection_id, ())
        return tuple(Part(part.path, self._within_scope(part.right)) for part in parts)

    def groups(self) -> frozenset[str]:
        """Return the groups whose grants count for them."""
        return self._grants.held(self.principal).groups

    def sees_all(self, collection_id: int) -> bool:
        """Tell whether they may look at all of a collection, its history and its figures."""
        return self.level(collection_id) >= Right.READ

    def sees(self, collection_id: int) -> bool:
        """Tell whether a collection exists for them: as a whole or in parts."""
        return self.sees_all(collection_id) or bool(self.seen_parts(collection_id))

    def sees_any(self) -> bool:
        """Tell whether a folder that lists collections is theirs to see: an account's always, a stranger's rarely."""
        return not self.principal.is_anonymous or not self._grants.held(self.principal).is_empty

    def require(self, collection_id: int, right: Right, path: TreePath = ()) -> None:
        """Raise unless they have the right on a path and all below it: as if nothing was there if they see nothing."""
        if self.level(collection_id) >= right or self.level_at(collection_id, path) >= right:
            return
        if not self.sees(collection_id):
            raise self.unseen()
        # Which path a change needs follows from what is there: to tell it would tell of that.
        raise self.refusal(f"this needs the right to {right.name.lower()} here, or all of the collection")

    def require_sight(self, collection_id: int) -> None:
        """Raise as for what does not exist unless they see all of a collection: its history tells of every part."""
        if not self.sees_all(collection_id):
            raise self.unseen()

    def seen_or_refuse(self, collection_id: int) -> tuple[TreePath, ...]:
        """Return the paths at which they see something of a collection; raises as for what does not exist."""
        paths = self.seen_parts(collection_id)
        if not paths:
            raise self.unseen()
        return paths

    def require_name(self) -> None:
        """Raise unless they said who they are."""
        if self.principal.is_anonymous:
            raise self.refusal("")

    def require_account(self) -> None:
        """Raise unless they have a name and may write, as whoever makes a collection has to."""
        if self.principal.is_anonymous or not self.principal.may_write:
            raise self.refusal("this needs an account, and no token of scope read")

    def unseen(self) -> DavserverError:
        """Return the error for what they may not see and for what does not exist: the same."""
        return self.refusal("") if self.principal.is_anonymous else NotFound("nothing is here")

    def refusal(self, reason: str) -> DavserverError:
        """Return the error for what they may see and not do; a stranger is asked for a name."""
        if not self.principal.is_anonymous:
            return NotPermitted(reason)
        if self._may_ask:
            return NotAuthenticated("a name and password, or a token, are needed here")
        return InsecureChannel("a name and password are needed here, and others could read them", hint="use https")

    def _within_scope(self, right: Right) -> Right:
        return right if self.principal.may_write else min(right, Right.READ)
