"""Rows of accounts, of their tokens and groups, and of what they may do.

Owns: the access counter, which tells caches of all processes that something here changed.
Never: a password or a token: what is stored is an argon2 hash, and the SHA-256 of a random text.
Invariant: whatever takes a right away, or gives one, counts in the same transaction.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from davserver.catalog import schema
from davserver.catalog.model import Account, Grant, Group, Right, Token
from davserver.values import format_path, parse_path

_accounts = schema.accounts
_tokens = schema.tokens
_groups = schema.groups
_members = schema.members
_grants = schema.grants
_links = schema.links
_settings = schema.settings

COUNTER = "access_changes"
COUNTER_QUERY = f"SELECT value FROM settings WHERE key = '{COUNTER}'"  # noqa: S608  # made of a constant

_account = select(_accounts).where(_accounts.c.name == bindparam("wanted"))
_quota = select(_accounts.c.quota_bytes).where(_accounts.c.name == bindparam("wanted"))
_all_tokens = select(_tokens).order_by(_tokens.c.account, _tokens.c.created_ns)
_token = select(_tokens).where(_tokens.c.digest == bindparam("wanted"))
_of_grantees = select(_grants).where(_grants.c.grantee.in_(bindparam("wanted", expanding=True)))
_in_order = (_grants.c.collection_id, _grants.c.path, _grants.c.grantee)
_groups_of = select(_members.c.group_name).where(_members.c.account == bindparam("wanted"))


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
        """Remove an account with its tokens, memberships, grants and links; what it owns is to be given up before."""
        self._connection.execute(delete(_links).where(_links.c.made_by == name))
        self._connection.execute(delete(_tokens).where(_tokens.c.account == name))
        self._connection.execute(delete(_members).where(_members.c.account == name))
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

    # -- groups -------------------------------------------------------------------------------------------------------

    def group(self, name: str) -> Group | None:
        """Find a group."""
        return next((group for group in self.groups() if group.name == name), None)

    def groups(self) -> list[Group]:
        """List the groups by name, each with its members."""
        members: dict[str, list[str]] = {}
        for row in self._connection.execute(select(_members).order_by(_members.c.account)):
            members.setdefault(row.group_name, []).append(row.account)
        rows = self._connection.execute(select(_groups).order_by(_groups.c.name))
        return [Group(name=r.name, created_ns=r.created_ns, members=tuple(members.get(r.name, ()))) for r in rows]

    def groups_of(self, account: str) -> list[str]:
        """List the names of the groups that an account is in."""
        return list(self._connection.execute(_groups_of, {"wanted": account}).scalars())

    def add_group(self, name: str, created_ns: int) -> None:
        """Store a group without members; that the name is free is the caller's to check."""
        self._connection.execute(insert(_groups).values(name=name, created_ns=created_ns))
        self._count()

    def remove_group(self, name: str, grantee: str) -> None:
        """Remove a group, and what was granted to it under the name of ``grantee``."""
        self._connection.execute(delete(_members).where(_members.c.group_name == name))
        self._connection.execute(delete(_grants).where(_grants.c.grantee == grantee))
        self._connection.execute(delete(_groups).where(_groups.c.name == name))
        self._count()

    def join(self, group: str, account: str) -> None:
        """Put an account into a group; that it is not in it is the caller's to check."""
        self._connection.execute(insert(_members).values(account=account, group_name=group))
        self._count()

    def leave(self, group: str, account: str) -> bool:
        """Take an account out of a group; False if it was not in it."""
        here = (_members.c.group_name == group) & (_members.c.account == account)
        found = self._connection.execute(delete(_members).where(here)).rowcount
        self._count()
        return bool(found)

    # -- grants -------------------------------------------------------------------------------------------------------

    def grants_of(self, *grantees: str) -> list[Grant]:
        """List what these may do, account, groups and ``anonymous`` alike."""
        return [_grant(row) for row in self._connection.execute(_of_grantees, {"wanted": grantees})]

    def grants(self, collection_id: int | None = None) -> list[Grant]:
        """List who may do what with a collection, or with each, by path and name."""
        query = select(_grants).order_by(*_in_order)
        if collection_id is not None:
            query = query.where(_grants.c.collection_id == collection_id)
        return [_grant(row) for row in self._connection.execute(query)]

    def set_grant(self, grant: Grant) -> None:
        """Replace what somebody was granted at just this path of a collection."""
        key = {"collection_id": grant.collection_id, "grantee": grant.grantee, "path": format_path(grant.path)}
        here = [_grants.c[name] == value for name, value in key.items()]
        self._connection.execute(delete(_grants).where(*here))
        if grant.right is not Right.NONE:
            self._connection.execute(insert(_grants).values(**key, level=int(grant.right)))
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
    return Grant(row.collection_id, row.grantee, Right(row.level), parse_path(row.path))
