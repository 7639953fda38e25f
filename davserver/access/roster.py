"""The roster: accounts, tokens and grants as they are now, read once and again only after a change.

Owns: the caches of this process over the catalog's tables.
Invariants: a change that any process made is seen by the next look (the catalog counts them): that is what makes
revocation immediate. A look without a change in between costs no query. Only what exists is remembered, so
that guesses cannot fill the memory.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from davserver.access.held import Held, put_together
from davserver.access.principal import ANONYMOUS_NAME, GROUP_MARK, Principal
from davserver.catalog.model import Account, Token
from davserver.live.house import House

_REMEMBERED = 10_000


@dataclass(slots=True)
class _Known:
    """What was read since the last change; entries never change."""

    changes: int
    any_account: bool | None = None
    accounts: dict[str, Account] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    held: dict[tuple[str, frozenset[str]], Held] = field(default_factory=dict)


class Roster:
    """Looks up who there is. Threads: any."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._known = _Known(-1)
        self._lock = threading.Lock()

    def has_accounts(self) -> bool:
        """Tell whether there is an account at all."""
        known = self._current()
        if known.any_account is None:
            with self._house.read_catalog() as tables:
                known.any_account = tables.access.any_account()
        return known.any_account

    def account(self, name: str) -> Account | None:
        """Find an account."""
        known = self._current()
        account = known.accounts.get(name)
        if account is None:
            with self._house.read_catalog() as tables:
                account = tables.access.account(name)
            if account is not None:
                known.accounts[name] = account
        return account

    def token(self, digest: str) -> Token | None:
        """Find a token by the SHA-256 of its text, expired or not."""
        known = self._current()
        token = known.tokens.get(digest)
        if token is None:
            with self._house.read_catalog() as tables:
                token = tables.access.token_of(digest)
            if token is not None:
                known.tokens[digest] = token
        return token

    def held(self, principal: Principal) -> Held:
        """Return what a principal may do: by its own grants, those of its groups, and those of everybody.

        It is somebody who was authenticated: for others an empty answer would be remembered.
        """
        known = self._current()
        key = (principal.name, principal.groups)
        held = known.held.get(key)
        if held is None:
            with self._house.read_catalog() as tables:
                grantees, groups = [ANONYMOUS_NAME], principal.groups
                if not principal.is_anonymous:
                    groups = groups.union(tables.access.groups_of(principal.name))
                    grantees += [principal.name, *(GROUP_MARK + group for group in sorted(groups))]
                held = put_together(tables.access.grants_of(*grantees), groups)
            if len(known.held) >= _REMEMBERED:
                known.held.clear()  # of directories outside there may be any number, each with its groups
            known.held[key] = held
        return held

    def _current(self) -> _Known:
        changes = self._house.access_changes()
        known = self._known
        if known.changes != changes:
            with self._lock:
                # What others are still reading into the old one is dropped with it.
                if self._known.changes != changes:
                    self._known = _Known(changes)
                known = self._known
        return known
