"""A book in an LDAP directory: people are found by a search, and passwords checked by a bind in their name.

Owns: the two searches (a person, their groups), the bind, a few connections that are kept for the searches.
Never: a password of a person on a kept connection, or anywhere but in the bind.
Follows: RFC 4511 (simple bind), RFC 4513 section 5.1.2 (a bind with an empty password proves nothing), RFC 4515.
Invariants: the person is searched with each request, so whoever is removed, or leaves a group, is so at once; a
password is checked again when the entry changed. Names are escaped, and what counts is the name in the directory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from davserver.access.credentials import normal
from davserver.access.passwordbackend import Entry
from davserver.access.principal import is_loopback, is_name
from davserver.errors import Invalid, StoreUnavailable

TIMEOUT_S = 5
KEPT = 4
_CHANGES = ("entryCSN", "modifyTimestamp", "uSNChanged", "pwdChangedTime", "pwdLastSet")
"""What tells that an entry changed, in OpenLDAP and Active Directory."""

T = TypeVar("T")


class Directory(NamedTuple):
    """Where to search and how. In the filters ``{name}`` is the name that was given, ``{dn}`` the person's entry."""

    url: str
    users: str
    user_filter: str
    name_attribute: str
    groups: str
    group_filter: str
    bind_dn: str
    bind_password: str
    start_tls: bool
    ca: Path | None


class LdapBook:
    """The people in a directory. Threads: any."""

    def __init__(self, directory: Directory) -> None:
        """Errors: Invalid for a directory that passwords would be sent to in the clear, or without python-ldap."""
        try:
            import ldap  # noqa: PLC0415  # of the extra [ldap]
        except ImportError:
            raise Invalid("python-ldap is not installed", hint="pip install 'davserver[ldap]'") from None
        _check(directory)
        self._ldap = ldap
        self._directory = directory
        self._kept: LifoQueue[Any] = LifoQueue(KEPT)

    def find(self, name: str) -> Entry | None:
        """Search a person and their groups; None if there is none, or more than one."""
        return self._asked(lambda connection: self._found(connection, name))

    def check(self, entry: Entry | None, password: str) -> bool:
        """Bind in a person's name."""
        if entry is None or not password:
            return False
        assert isinstance(entry.stamp, tuple)  # noqa: S101 - made by find
        refusals = (self._ldap.INVALID_CREDENTIALS, self._ldap.UNWILLING_TO_PERFORM, self._ldap.CONSTRAINT_VIOLATION)
        with self._failing():
            connection = self._connected()
            try:
                connection.simple_bind_s(entry.stamp[0], password)
            except (*refusals, self._ldap.INAPPROPRIATE_AUTH):
                return False
            finally:
                connection.unbind_s()
        return True

    def _found(self, connection: Any, name: str) -> Entry | None:
        wanted = self._directory
        filled = wanted.user_filter.replace("{name}", _escaped(name))
        found = self._search(connection, wanted.users, filled, [wanted.name_attribute, *_CHANGES])
        if len(found) != 1:
            return None
        (dn, attributes), groups = found[0], frozenset[str]()
        names = [normal(text) for text in _texts(attributes, wanted.name_attribute)]
        if len(names) != 1 or not is_name(names[0]):
            return None
        if wanted.groups:
            filled = wanted.group_filter.replace("{dn}", _escaped(dn)).replace("{name}", _escaped(names[0]))
            listed = self._search(connection, wanted.groups, filled, ["cn"])
            groups = frozenset(normal(text) for _, each in listed for text in _texts(each, "cn") if is_name(text))
        changes = tuple(tuple(_texts(attributes, change)) for change in _CHANGES)
        return Entry(names[0], (dn, *changes), groups)

    def _search(self, connection: Any, base: str, filled: str, wanted: list[str]) -> list[tuple[str, dict[str, Any]]]:
        found = connection.search_ext_s(base, self._ldap.SCOPE_SUBTREE, filled, wanted, timeout=TIMEOUT_S)
        return [(dn, attributes) for dn, attributes in found if dn is not None]  # the others are referrals

    def _asked(self, ask: Callable[[Any], T]) -> T:
        """Ask on a kept connection; on a new one if that one is gone by now."""
        with self._failing():
            try:
                connection = self._kept.get_nowait()
            except Empty:
                return self._asked_on(self._bound(), ask)
            try:
                return self._asked_on(connection, ask)
            except self._ldap.SERVER_DOWN:
                return self._asked_on(self._bound(), ask)

    def _asked_on(self, connection: Any, ask: Callable[[Any], T]) -> T:
        try:
            answer = ask(connection)
        except BaseException:
            connection.unbind_ext()
            raise
        if self._kept.full():
            connection.unbind_s()
        else:
            self._kept.put(connection)
        return answer

    def _bound(self) -> Any:
        connection = self._connected()
        connection.simple_bind_s(self._directory.bind_dn, self._directory.bind_password)
        return connection

    def _connected(self) -> Any:
        ldap = self._ldap
        connection = ldap.initialize(self._directory.url)
        options = {
            ldap.OPT_PROTOCOL_VERSION: 3,
            ldap.OPT_REFERRALS: 0,
            ldap.OPT_NETWORK_TIMEOUT: TIMEOUT_S,
            ldap.OPT_TIMEOUT: TIMEOUT_S,
            ldap.OPT_X_TLS_REQUIRE_CERT: ldap.OPT_X_TLS_DEMAND,
        }
        if self._directory.ca is not None:
            options[ldap.OPT_X_TLS_CACERTFILE] = str(self._directory.ca)
        for option, value in options.items():
            connection.set_option(option, value)
        connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)  # takes what was set above
        if self._directory.start_tls:
            connection.start_tls_s()
        return connection

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except self._ldap.LDAPError as error:
            said = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
            reason = said.get("desc") or type(error).__name__
            raise StoreUnavailable(f"the directory {self._directory.url} cannot be asked: {reason}") from None


def _check(directory: Directory) -> None:
    parts = urlsplit(directory.url)
    if parts.scheme not in {"ldap", "ldaps", "ldapi"}:
        raise Invalid(f"{directory.url!r} is no URL of a directory", hint="ldaps://HOST")
    host = parts.hostname or ""
    near = parts.scheme == "ldapi" or host == "localhost" or is_loopback(host)
    if parts.scheme == "ldap" and not directory.start_tls and not near:
        raise Invalid(f"passwords would go to {host} in the clear", hint="ldaps://, or access.ldap_start_tls = true")
    if "{name}" not in directory.user_filter:
        raise Invalid("the filter for people has no {name}", hint="(uid={name})")


def _escaped(text: str) -> str:
    """Write a text as a filter takes it (RFC 4515 section 3)."""
    return "".join(f"\\{byte:02x}" if byte in _SPECIAL or byte >= 0x80 else chr(byte) for byte in text.encode())


_SPECIAL = frozenset(b"\\*()\0")


def _texts(attributes: dict[str, Any], name: str) -> list[str]:
    """Return the values of an attribute, whose name the server may write in other letters."""
    values: list[bytes] = next((values for key, values in attributes.items() if key.lower() == name.lower()), [])
    return [value.decode("utf-8", "replace") for value in values]
