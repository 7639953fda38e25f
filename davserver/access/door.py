"""The door: from who asks to the house as they may use it.

Owns: what holds while there is no account: everybody may do everything, if the server was started that way; on an
address that others cannot reach only those of this machine, so that a proxy in front does not let the world in.
Invariant: the first account closes the door for strangers at once, in every process; and taking the last one away
does not open it on an address that others can reach.
"""

from __future__ import annotations

from typing import NamedTuple

from davserver.access.guarded_house import GuardedHouse
from davserver.access.principal import ANONYMOUS, Authenticator, Caller, Principal
from davserver.access.rights import Rights
from davserver.access.roster import Roster
from davserver.live.house import House

HOUSE_KEY = "davserver.house"
"""Where the environ holds the house of the request's principal."""


class Visit(NamedTuple):
    """Who came, and the house as they may use it."""

    principal: Principal
    house: House


class Door:
    """Lets callers in. Threads: any."""

    def __init__(
        self,
        house: House,
        roster: Roster,
        authenticator: Authenticator,
        *,
        open_without_accounts: bool,
        within_machine: bool = False,
        allow_insecure: bool = False,
    ) -> None:
        """Make the door.

        ``within_machine``: it is open without accounts for callers of this machine alone. ``allow_insecure``: strangers
        may be asked for a password on a connection that others can read.
        """
        self._house = house
        self._roster = roster
        self._authenticator = authenticator
        self._open = open_without_accounts
        self._within_machine = within_machine
        self._allow_insecure = allow_insecure

    def enter(self, caller: Caller) -> Visit:
        """Return the caller's house; raises NotAuthenticated, InsecureChannel or TooManyGuesses."""
        if self.stands_open() and (caller.is_local or not self._within_machine):
            # What they say of themselves is not looked at: clients send a user name even where none is asked for.
            return Visit(ANONYMOUS, self._house)
        principal = self._authenticator.authenticate(caller)
        may_ask = caller.is_private or self._allow_insecure
        rights = Rights(principal, self._roster, may_ask=may_ask, origin=caller.address)
        return Visit(principal, GuardedHouse(self._house, rights))

    def stands_open(self) -> bool:
        """Tell whether whoever comes, from where they may, can do everything: as long as there is no account."""
        return self._open and not self._roster.has_accounts()
