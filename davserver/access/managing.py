"""Accounts, tokens, groups and grants, made and removed: what the command line does.

Owns: which names and passwords are taken.
Durability: each function is one edit; when it returns, all processes that serve this data go by it.
"""

from __future__ import annotations

from dataclasses import replace

from davserver.access.accounts import NO_PASSWORD
from davserver.access.credentials import normal
from davserver.access.passwords import Passwords
from davserver.access.principal import ANONYMOUS_NAME, GROUP_MARK, is_name
from davserver.access.tokens import digest_of, make_token, make_token_id
from davserver.catalog.accounts import Access
from davserver.catalog.model import Account, Grant, Right, Token
from davserver.collection.spelling import settle
from davserver.errors import Exists, Invalid, InvalidName, NotFound
from davserver.live.edit import Edit
from davserver.live.house import House
from davserver.values import TreePath

MIN_PASSWORD_CHARS = 8
MAX_PASSWORD_CHARS = 1024
_DAY_NS = 86_400 * 1_000_000_000


def require_new(house: House, name: str) -> None:
    """Raise InvalidName or Exists for a name of which no account can be made; what else is wrong shows when it is."""
    _check_name(normal(name))
    with house.read_catalog() as tables:
        _require_none(tables.access, normal(name))


def require_account(house: House, name: str) -> str:
    """Return the name of an account as it is spelled there; raises NotFound."""
    with house.read_catalog() as tables:
        return _account(tables.access, name).name


def add_account(house: House, passwords: Passwords, name: str, password: str | None) -> Account:
    """Make an account; raises Exists, InvalidName, or Invalid for a password nobody should have.

    Without a password another backend opens it, or its tokens alone do.
    """
    name = normal(name)
    _check_name(name)
    hashed = NO_PASSWORD if password is None else passwords.hash(_checked_password(password))

    def change(edit: Edit) -> Account:
        _require_none(edit.access(), name)
        account = Account(name=name, password_hash=hashed, created_ns=edit.now_ns)
        edit.access().add_account(account)
        edit.note("user add", name)
        return account

    return house.edit(change)


def change_password(house: House, passwords: Passwords, name: str, password: str) -> None:
    """Give an account another password; its tokens stay. Raises NotFound or Invalid."""
    hashed = passwords.hash(_checked_password(password))

    def change(edit: Edit) -> None:
        account = _account(edit.access(), name).name
        edit.access().set_password(account, hashed)
        edit.note("user passwd", account)

    house.edit(change)


def remove_account(house: House, name: str) -> None:
    """Remove an account with its tokens and grants; raises NotFound. Its collections stay, and are nobody's."""

    def change(edit: Edit) -> None:
        account = _account(edit.access(), name).name
        for info in edit.owned(account):
            edit.set_owner(info.id, None)  # a later account of this name would inherit them
        edit.access().remove_account(account)
        edit.note("user remove", account)

    house.edit(change)


def set_quota(house: House, name: str, limit_bytes: int | None) -> None:
    """Limit what an account may store, None: no limit; what is there stays. Raises NotFound."""

    def change(edit: Edit) -> None:
        account = _account(edit.access(), name).name
        edit.access().set_quota(account, limit_bytes)
        edit.note("user quota", account, "none" if limit_bytes is None else str(limit_bytes))

    house.edit(change)


def set_owner(house: House, collection: str, name: str | None) -> None:
    """Let an account own a collection, None: nobody; raises NotFound. What it may do with it is granted apart."""

    def change(edit: Edit) -> None:
        account = None if name is None else _account(edit.access(), name).name
        edit.set_owner(edit.view(collection).info.id, account)
        edit.note("collection owner", collection, account or "none")

    house.edit(change)


def add_token(house: House, name: str, *, may_write: bool, days: float | None) -> tuple[Token, str]:
    """Make a token for an account; returns its row and its text, which nobody can see again. Raises NotFound."""
    text = make_token(house.random_bytes)
    token_id = make_token_id(house.random_bytes)

    def change(edit: Edit) -> Token:
        token = Token(
            id=token_id,
            account=_account(edit.access(), name).name,
            digest=digest_of(text),
            may_write=may_write,
            created_ns=edit.now_ns,
            expires_ns=None if days is None else edit.now_ns + int(days * _DAY_NS),
        )
        edit.access().add_token(token)
        edit.note("token create", token.account, f"id {token_id}, scope {'write' if may_write else 'read'}")
        return token

    return house.edit(change), text


def revoke_token(house: House, token_id: str) -> None:
    """End a token; raises NotFound."""

    def change(edit: Edit) -> None:
        if not edit.access().remove_token(token_id):
            raise NotFound(f"no token {token_id!r}", hint="davserver token list")
        edit.note("token revoke", token_id)

    house.edit(change)


def add_group(house: House, name: str) -> None:
    """Make a group without members; raises Exists or InvalidName."""
    name = normal(name)
    _check_name(name, "a group's")

    def change(edit: Edit) -> None:
        if edit.access().group(name) is not None:
            raise Exists(f"a group {name!r} exists already", hint="davserver group list")
        edit.access().add_group(name, edit.now_ns)
        edit.note("group add", name)

    house.edit(change)


def remove_group(house: House, name: str) -> None:
    """Remove a group and what was granted to it; its members stay. Raises NotFound."""

    def change(edit: Edit) -> None:
        group = _group(edit.access(), name)
        edit.access().remove_group(group, GROUP_MARK + group)
        edit.note("group remove", group)

    house.edit(change)


def join(house: House, group: str, account: str) -> None:
    """Put an account into a group, where it may be already; raises NotFound."""

    def change(edit: Edit) -> None:
        access = edit.access()
        name, member = _group(access, group), _account(access, account).name
        if name not in access.groups_of(member):
            access.join(name, member)
            edit.note("group join", name, member)

    house.edit(change)


def leave(house: House, group: str, account: str) -> None:
    """Take an account out of a group: what it had by it ends with its next request. Raises NotFound."""

    def change(edit: Edit) -> None:
        if not edit.access().leave(_group(edit.access(), group), normal(account)):
            raise NotFound(f"{account!r} is not in the group {group!r}", hint="davserver group list")
        edit.note("group leave", group, normal(account))

    house.edit(change)


def grant(house: House, collection: str, grantee: str, right: Right, path: TreePath = ()) -> Grant:
    """Say what an account, ``@`` and a group, or ``anonymous`` may do with a collection, or with what is at a path.

    Takes the place of what was granted to them at just this path; other grants stay, and the most of all counts. No
    right ends what was granted to them below the path, too.
    Raises NotFound, or Invalid for a stranger who would write and for a folder that would be managed.
    """
    if grantee == ANONYMOUS_NAME and right > Right.READ:
        raise Invalid("strangers may read at most", hint="make an account, and grant it more")
    if path and right is Right.MANAGE:
        raise Invalid("manage is a right on a whole collection", hint="write is the most on a path")

    def change(edit: Edit) -> Grant:
        view = edit.view(collection)
        access = edit.access()
        given = Grant(view.info.id, _grantee(access, grantee), right, settle(view.root, path))
        access.set_grant(given)
        if right is Right.NONE:
            for other in access.grants(view.info.id):
                if other.grantee == given.grantee and other.path[: len(given.path)] == given.path:
                    access.set_grant(replace(other, right=right))
        where = "/".join((view.info.name, *given.path))
        edit.note("grant", where, f"{given.grantee} {right.name.lower()}")
        return given

    return house.edit(change)


def _grantee(access: Access, name: str) -> str:
    if name == ANONYMOUS_NAME:
        return name
    if name.startswith(GROUP_MARK):
        return GROUP_MARK + _group(access, name)
    return _account(access, name).name


def _group(access: Access, name: str) -> str:
    name = normal(name).removeprefix(GROUP_MARK)
    if access.group(name) is None:
        raise NotFound(f"no group {name!r}", hint="davserver group list")
    return name


def _account(access: Access, name: str) -> Account:
    account = access.account(normal(name))
    if account is None:
        raise NotFound(f"no account {name!r}", hint="davserver user list")
    return account


def _require_none(access: Access, name: str) -> None:
    if access.account(name) is not None:
        raise Exists(f"an account {name!r} exists already", hint="davserver user passwd changes its password")


def _check_name(name: str, whose: str = "an account's") -> None:
    if name == ANONYMOUS_NAME:
        raise InvalidName(name, "it stands for whoever gives no name")
    if not is_name(name):
        raise InvalidName(
            name, f"{whose} name is letters, digits and . _ @ + - (these not at its beginning, but for _), at most 64"
        )


def _checked_password(password: str) -> str:
    password = normal(password)
    if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
        raise Invalid(f"a password has {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters")
    return password
