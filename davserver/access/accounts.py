"""Accounts: the book of names and passwords in the catalog."""

from __future__ import annotations

from davserver.access.passwordbackend import Entry
from davserver.access.passwords import Passwords
from davserver.access.roster import Roster

NO_PASSWORD = "!"  # noqa: S105  # what no password hashes to
"""Stands for the hash in an account that another backend opens, or its tokens alone."""


class AccountBook:
    """The accounts that have a password. Threads: any. An account that changed is another entry at once."""

    def __init__(self, roster: Roster, passwords: Passwords) -> None:
        self._roster = roster
        self._passwords = passwords

    def find(self, name: str) -> Entry | None:
        """Return an account's entry; its stamp is the hash of its password."""
        account = self._roster.account(name)
        if account is None or account.password_hash == NO_PASSWORD:
            return None
        return Entry(account.name, account.password_hash)

    def check(self, entry: Entry | None, password: str) -> bool:
        """Tell whether the password is the account's."""
        return self._passwords.verify(None if entry is None else str(entry.stamp), password)
