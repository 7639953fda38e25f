"""Rights: what the maker of one request may see and do.

Owns: the answer to "may they?", and the error that says no without telling what is there.
Follows: what somebody may not see does not exist for them (NotFound); a stranger is asked for a name first
(NotAuthenticated), whether there is something or not.
Later: groups, rights below a path and links widen ``Roster.grants`` and ``level``; nobody else looks at grants.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from davserver.access.principal import ANONYMOUS_NAME, Principal
from davserver.catalog.model import Right
from davserver.errors import DavserverError, InsecureChannel, NotAuthenticated, NotFound, NotPermitted


class Grants(Protocol):
    """Where rights are looked up."""

    def grants(self, grantee: str) -> Mapping[int, Right]:
        """Return somebody's rights by the number of the collection, as they are now."""
        ...


class Rights:
    """What one principal may do, as of each call: it is asked anew when a long request comes to its end."""

    def __init__(self, principal: Principal, grants: Grants, *, may_ask: bool) -> None:
        """``may_ask`` tells that a stranger may be asked for a password on this connection."""
        self.principal = principal
        self._grants = grants
        self._may_ask = may_ask

    def level(self, collection_id: int) -> Right:
        """Return what they may do with a collection: what they were granted, or what anybody was."""
        right = self._grants.grants(ANONYMOUS_NAME).get(collection_id, Right.NONE)
        if not self.principal.is_anonymous:
            right = max(right, self._grants.grants(self.principal.name).get(collection_id, Right.NONE))
        return right if self.principal.may_write else min(right, Right.READ)

    def sees(self, collection_id: int) -> bool:
        """Tell whether a collection exists for them."""
        return self.level(collection_id) >= Right.READ

    def sees_any(self) -> bool:
        """Tell whether a folder that lists collections is theirs to see: an account's always, a stranger's rarely."""
        return not self.principal.is_anonymous or bool(self._grants.grants(ANONYMOUS_NAME))

    def require(self, collection_id: int, right: Right) -> None:
        """Raise unless they have the right: as if nothing was there if they may not even read."""
        level = self.level(collection_id)
        if level >= right:
            return
        if level < Right.READ:
            raise self.unseen()
        raise self.refusal(f"this needs the right to {right.name.lower()}")

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
