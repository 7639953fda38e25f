"""The roster: accounts, tokens and grants as they are now, read once and again only after a change.

Owns: the caches of this process over the catalog's tables.
Invariants: a change that any process made is seen by the next look (the catalog counts them): that is what makes
revocation immediate. A look without a change in between costs no query. Only what exists is remembered, so
that guesses cannot fill the memory.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from davserver.catalog.model import Account, Right, Token
from davserver.live.house import House


@dataclass(slots=True)
class _Known:
    """What was read since the last change; entries are only ever added."""

    changes: int
    any_account: bool | None = None
    accounts: dict[str, Account] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    grants: dict[str, Mapping[int, Right]] = field(default_factory=dict)


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

    def grants(self, grantee: str) -> Mapping[int, Right]:
        """Return what an account, or ``anonymous``, may do, by the number of the collection.

        The name is of somebody who was authenticated: for others an empty answer would be remembered.
        """
        known = self._current()
        grants = known.grants.get(grantee)
        if grants is None:
            with self._house.read_catalog() as tables:
                grants = {grant.collection_id: grant.right for grant in tables.access.grants_of(grantee)}
            known.grants[grantee] = grants
        return grants

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
