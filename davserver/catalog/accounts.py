"""Rows of accounts, of their tokens and of what they may do.

Owns: the access counter, which tells caches of all processes that something here changed.
Never: a password or a token: what is stored is an argon2 hash, and the SHA-256 of a random text.
Invariant: whatever takes a right away, or gives one, counts in the same transaction.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from davserver.catalog import schema
from davserver.catalog.model import Account, Grant, Right, Token

_accounts = schema.accounts
_tokens = schema.tokens
_grants = schema.grants
_settings = schema.settings

COUNTER = "access_changes"
COUNTER_QUERY = f"SELECT value FROM settings WHERE key = '{COUNTER}'"  # noqa: S608  # made of a constant

_account = select(_accounts).where(_accounts.c.name == bindparam("wanted"))
_quota = select(_accounts.c.quota_bytes).where(_accounts.c.name == bindparam("wanted"))
_all_tokens = select(_tokens).order_by(_tokens.c.account, _tokens.c.created_ns)
_token = select(_tokens).where(_tokens.c.digest == bindparam("wanted"))
_of_grantee = select(_grants).where(_grants.c.grantee == bindparam("wanted"))
_on_collection = select(_grants).where(_grants.c.collection_id == bindparam("wanted")).order_by(_grants.c.grantee)


class Access:
    """Reads and writes accounts, tokens and grants on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.has_changed = False

    # -- accounts -----------------------------------------------------------------------------------------------------

    def any_account(self) -> bool:
        """Tell whether there is an account at all."""
        return self._connection.execute(select(_accounts.c.name).limit(1)).first() is not None

    def account(self, name: str) -> Account | None:
        """Find an account."""
        row = self._connection.execute(_account, {"wanted": name}).first()
        return None if row is None else Account(**row._mapping)  # noqa: SLF001  (SQLAlchemy's public name for it)

    def accounts(self) -> list[Account]:
        """List the accounts by name."""
        rows = self._connection.execute(select(_accounts).order_by(_accounts.c.name))
        return [Account(**row._mapping) for row in rows]  # noqa: SLF001

    def add_account(self, account: Account) -> None:
        """Store an account; that the name is free is the caller's to check."""
        values = {column.name: getattr(account, column.name) for column in _accounts.columns}
        self._connection.execute(insert(_accounts).values(**values))
        self._count()

    def set_password(self, name: str, password_hash: str) -> None:
        """Replace an account's password hash."""
        self._connection.execute(update(_accounts).where(_accounts.c.name == name).values(password_hash=password_hash))
        self._count()

    def set_quota(self, name: str, limit_bytes: int | None) -> None:
        """Limit what an account may store; None ends the limit."""
        self._connection.execute(update(_accounts).where(_accounts.c.name == name).values(quota_bytes=limit_bytes))
        self._count()

    def quota_of(self, name: str) -> int | None:
        """Return an account's limit; None if it has none, or does not exist."""
        limit: int | None = self._connection.execute(_quota, {"wanted": name}).scalar()
        return limit

    def remove_account(self, name: str) -> None:
        """Remove an account with its tokens and grants; what it owns is to be given up before."""
        self._connection.execute(delete(_tokens).where(_tokens.c.account == name))
        self._connection.execute(delete(_grants).where(_grants.c.grantee == name))
        self._connection.execute(delete(_accounts).where(_accounts.c.name == name))
        self._count()

    # -- tokens -------------------------------------------------------------------------------------------------------

    def token_of(self, digest: str) -> Token | None:
        """Find a token by the SHA-256 of its text, expired or not."""
        row = self._connection.execute(_token, {"wanted": digest}).first()
        return None if row is None else _token_row(row)

    def tokens(self, account: str | None = None) -> list[Token]:
        """List the tokens of an account, or of all."""
        query = _all_tokens if account is None else _all_tokens.where(_tokens.c.account == account)
        return [_token_row(row) for row in self._connection.execute(query)]

    def add_token(self, token: Token) -> None:
        """Store a token."""
        values = {column.name: getattr(token, column.name) for column in _tokens.columns}
        self._connection.execute(insert(_tokens).values(**values))
        self._count()

    def use_token(self, token_id: str, at_ns: int) -> None:
        """Note when a token was used; caches need not know."""
        self._connection.execute(update(_tokens).where(_tokens.c.id == token_id).values(used_ns=at_ns))

    def remove_token(self, token_id: str) -> bool:
        """Remove a token; False if there is none of this id."""
        found = self._connection.execute(delete(_tokens).where(_tokens.c.id == token_id)).rowcount
        self._count()
        return bool(found)

    # -- grants -------------------------------------------------------------------------------------------------------

    def grants_of(self, grantee: str) -> list[Grant]:
        """List what somebody may do, by collection."""
        return [_grant(row) for row in self._connection.execute(_of_grantee, {"wanted": grantee})]

    def grants_on(self, collection_id: int) -> list[Grant]:
        """List who may do what with a collection, by name."""
        return [_grant(row) for row in self._connection.execute(_on_collection, {"wanted": collection_id})]

    def set_grant(self, grant: Grant) -> None:
        """Replace what somebody may do with a collection."""
        here = (_grants.c.collection_id == grant.collection_id) & (_grants.c.grantee == grant.grantee)
        self._connection.execute(delete(_grants).where(here))
        if grant.right is not Right.NONE:
            values = {"collection_id": grant.collection_id, "grantee": grant.grantee, "level": int(grant.right)}
            self._connection.execute(insert(_grants).values(**values))
        self._count()

    def _count(self) -> None:
        """Let the caches of all processes look again."""
        self.has_changed = True
        query = select(func.count()).select_from(_settings).where(_settings.c.key == COUNTER)
        if not self._connection.execute(query).scalar():
            self._connection.execute(insert(_settings).values(key=COUNTER, value="1"))
            return
        value = select(_settings.c.value).where(_settings.c.key == COUNTER)
        number = int(self._connection.execute(value).scalar_one()) + 1
        self._connection.execute(update(_settings).where(_settings.c.key == COUNTER).values(value=str(number)))


def _token_row(row: Row[Any]) -> Token:
    return Token(**row._mapping)  # noqa: SLF001  (SQLAlchemy's public name for it)


def _grant(row: Row[Any]) -> Grant:
    return Grant(row.collection_id, row.grantee, Right(row.level))
