"""From settings to the door: who may come in, and how that is found out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

from davserver.access.accounts import AccountBook
from davserver.access.backend import Backend, Chain
from davserver.access.door import Door
from davserver.access.htpasswd import Htpasswd
from davserver.access.jwks import IssuerKeys
from davserver.access.ldapbook import Directory, LdapBook
from davserver.access.linkdoor import LinkBook, LinkDoor
from davserver.access.oidc import Expected, OidcBackend
from davserver.access.passwordbackend import Book, PasswordBackend
from davserver.access.passwords import Passwords
from davserver.access.proxybackend import ProxyBackend
from davserver.access.refusals import Refusals
from davserver.access.roster import Roster
from davserver.access.throttle import Throttle
from davserver.access.tokenbackend import TokenBackend
from davserver.catalog.database import open_catalog
from davserver.config import Settings
from davserver.errors import ConfigError, Invalid, StoreUnavailable
from davserver.live.house import House
from davserver.server.sockets import Address


class Doors(NamedTuple):
    """The ways into the house of a process: for people, and for whoever has a link."""

    people: Door
    links: LinkDoor


def refuse_strangers(settings: Settings, address: Address) -> None:
    """Refuse to serve everyone on an address others can reach, unless that was asked for. Errors: ConfigError."""
    if settings.allow_anonymous or address.is_private() or has_accounts(settings):
        return
    raise ConfigError(
        "listen",
        f"{address} can be reached by others, and there are no accounts: anyone could read and write",
        hint="davserver user add NAME makes one; or listen on 127.0.0.1, or give --allow-anonymous if that is meant",
    )


def open_doors(settings: Settings, address: Address, house: House, passwords: Passwords) -> Doors:
    """Make the doors of a process. Errors: ConfigError for a backend that cannot be used."""
    roster = Roster(house)
    chain = Chain(
        tuple(_backends(settings, house, roster, passwords)),
        allow_insecure=settings.allow_insecure_passwords,
        note_refusal=Refusals(house, time.monotonic).note,
    )
    is_open = settings.allow_anonymous or address.is_private()
    people = Door(
        house,
        roster,
        chain,
        open_without_accounts=is_open and not knows_others(settings),
        within_machine=not settings.allow_anonymous,
        allow_insecure=settings.allow_insecure_passwords,
    )
    links = LinkDoor(
        house,
        roster,
        _password_backend(house, (LinkBook(house, passwords),)),
        stands_open=people.stands_open,
        allow_insecure=settings.allow_insecure_passwords,
    )
    return Doors(people, links)


def _backends(settings: Settings, house: House, roster: Roster, passwords: Passwords) -> Iterator[Backend]:
    """Make the ways to know somebody, in the order they are asked: what costs least first."""

    def note_use(token_id: str, now_ns: int) -> None:
        house.edit(lambda edit: edit.access().use_token(token_id, now_ns))

    if settings.access_proxy_user:
        yield ProxyBackend()
    yield TokenBackend(roster, clock=house.clock, note_use=note_use)
    if settings.access_oidc_issuer:
        yield _oidc(settings)
    yield _password_backend(house, (AccountBook(roster, passwords), *_books(settings, passwords)))


def _password_backend(house: House, books: tuple[Book, ...]) -> PasswordBackend:
    """Make one with a throttle of its own."""
    throttle = Throttle(time.monotonic)
    return PasswordBackend(books, throttle, monotonic=time.monotonic, random_bytes=house.random_bytes)


def check_backends(settings: Settings) -> None:
    """Refuse settings of backends that cannot be used, before anything is served. Errors: ConfigError."""
    if settings.access_oidc_issuer:
        _oidc(settings)
    tuple(_books(settings, Passwords()))


def _books(settings: Settings, passwords: Passwords) -> Iterator[Book]:
    """Open what knows people and passwords beside the accounts."""
    if settings.access_htpasswd is not None:
        try:
            yield Htpasswd(settings.access_htpasswd, passwords)
        except (Invalid, StoreUnavailable) as error:
            raise ConfigError("access.htpasswd", error.message, hint=error.hint) from None
    if settings.access_ldap_url:
        yield _directory(settings)


def _directory(settings: Settings) -> Book:
    password, file = "", settings.access_ldap_bind_password_file
    try:
        if file is not None:
            password = file.read_text().rstrip("\r\n")
        directory = Directory(
            url=settings.access_ldap_url,
            users=settings.access_ldap_users,
            user_filter=settings.access_ldap_user_filter,
            name_attribute=settings.access_ldap_name,
            groups=settings.access_ldap_groups,
            group_filter=settings.access_ldap_group_filter,
            bind_dn=settings.access_ldap_bind_dn,
            bind_password=password,
            start_tls=settings.access_ldap_start_tls,
            ca=settings.access_ldap_ca,
        )
        return LdapBook(directory)
    except OSError as error:
        raise ConfigError("access.ldap_bind_password_file", f"{file} cannot be read: {error.strerror}") from error
    except Invalid as error:
        raise ConfigError("access.ldap_url", error.message, hint=error.hint) from None


def _oidc(settings: Settings) -> Backend:
    try:
        import jwt  # noqa: F401, PLC0415  # of the extra [oidc]: missing is told here, not to whoever comes first
    except ImportError:
        hint = "pip install 'davserver[oidc]'"
        raise ConfigError("access.oidc_issuer", "PyJWT is not installed", hint=hint) from None
    expected = Expected(
        settings.access_oidc_issuer,
        settings.access_oidc_audience,
        settings.access_oidc_name,
        settings.access_oidc_groups,
    )
    try:
        return OidcBackend(expected, IssuerKeys(expected.issuer, monotonic=time.monotonic))
    except Invalid as error:
        raise ConfigError("access.oidc_issuer", error.message, hint=error.hint) from None


def knows_others(settings: Settings) -> bool:
    """Tell whether people are known by other means than accounts: then nobody is let in for want of these."""
    others = (
        settings.access_htpasswd,
        settings.access_proxy_user,
        settings.access_oidc_issuer,
        settings.access_ldap_url,
    )
    return any(others)


def has_accounts(settings: Settings) -> bool:
    """Tell whether anybody is known, before anything is served. Errors: ConfigError, StoreUnavailable."""
    if knows_others(settings):
        return True
    if not settings.catalog and not (settings.data / "catalog.db").exists():
        return False  # a start that is refused leaves nothing behind
    catalog = open_catalog(settings.catalog_url, busy_s=settings.limits_busy_s)
    try:
        with catalog.read() as tables:
            return tables.access.any_account()
    finally:
        catalog.close()
