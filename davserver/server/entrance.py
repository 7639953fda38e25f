"""From settings to the door: who may come in, and how that is found out."""

from __future__ import annotations

import time

from davserver.access.accounts import AccountAuthenticator
from davserver.access.door import Door
from davserver.access.passwords import Passwords
from davserver.access.roster import Roster
from davserver.access.throttle import Throttle
from davserver.catalog.database import open_catalog
from davserver.config import Settings
from davserver.live.house import House
from davserver.server.sockets import Address


def open_door(settings: Settings, address: Address, house: House) -> Door:
    """Make the door of a process."""
    roster = Roster(house)

    def note_use(token_id: str, now_ns: int) -> None:
        house.edit(lambda edit: edit.access().use_token(token_id, now_ns))

    authenticator = AccountAuthenticator(
        roster,
        Passwords(),
        Throttle(time.monotonic),
        clock=house.clock,
        monotonic=time.monotonic,
        random_bytes=house.random_bytes,
        note_use=note_use,
        allow_insecure=settings.allow_insecure_passwords,
    )
    return Door(
        house,
        roster,
        authenticator,
        open_without_accounts=settings.allow_anonymous or address.is_private(),
        within_machine=not settings.allow_anonymous,
        allow_insecure=settings.allow_insecure_passwords,
    )


def has_accounts(settings: Settings) -> bool:
    """Tell whether there is an account, before anything is served. Errors: ConfigError, StoreUnavailable."""
    if not settings.catalog and not (settings.data / "catalog.db").exists():
        return False  # a start that is refused leaves nothing behind
    catalog = open_catalog(settings.catalog_url, busy_s=settings.limits_busy_s)
    try:
        with catalog.read() as tables:
            return tables.access.any_account()
    finally:
        catalog.close()
