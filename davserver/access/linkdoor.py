"""The door of links: from a link's text to the house as the link shows it.

Owns: whether a link holds: it is there, its time and its downloads are not over, who made it may still share what it is
to, and that is there.
Invariants: a link is looked up with each request, and a change that it lets in asks again inside its transaction; so it
ends the moment it is ended, expires, or its maker's right or account goes. What does not hold and what never was
answer the same (NotFound), before a password is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import structlog

from davserver.access.backend import refused
from davserver.access.credentials import Basic, parse_authorization
from davserver.access.dropfolder import DropHouse
from davserver.access.guarded_house import GuardedHouse
from davserver.access.held import Held
from davserver.access.linktext import digest_of, visitor_of
from davserver.access.passwordbackend import Entry, PasswordBackend
from davserver.access.passwords import Passwords
from davserver.access.principal import Caller, Principal
from davserver.access.rights import Rights
from davserver.access.roster import Roster
from davserver.access.sharedhouse import SHARED_ID, SharedHouse, shared_view
from davserver.access.tokenbackend import USE_NOTED_NS
from davserver.catalog.model import Link, Right
from davserver.errors import DavserverError, InsecureChannel, NotAuthenticated, NotFound
from davserver.live.edit import Edit
from davserver.live.house import House

_log = structlog.get_logger("davserver.access")


class LinkVisit(NamedTuple):
    """A link that somebody came by, who they are then, and the house as the link shows it."""

    link: Link
    principal: Principal
    house: House


class LinkBook:
    """The passwords of links, under their ids. Threads: any. A ``Book``."""

    def __init__(self, house: House, passwords: Passwords) -> None:
        self._house = house
        self._passwords = passwords

    def find(self, name: str) -> Entry | None:
        """Return a link's entry, if it has a password."""
        with self._house.read_catalog() as tables:
            link = tables.links.one(name)
        return None if link is None or link.password_hash is None else Entry(link.id, link.password_hash)

    def check(self, entry: Entry | None, password: str) -> bool:
        """Tell whether the password is the link's."""
        return self._passwords.verify(None if entry is None else str(entry.stamp), password)


class _Grants:
    """What who comes by a link may do: with what it shows, and nothing else."""

    def __init__(self, right: Right) -> None:
        self._held = Held({SHARED_ID: right}, {})

    def held(self, _principal: Principal) -> Held:
        return self._held


_LOOKING, _DROPPING = _Grants(Right.READ), _Grants(Right.WRITE)


class LinkDoor:
    """Lets in whoever has a link. Threads: any."""

    def __init__(
        self,
        house: House,
        roster: Roster,
        passwords: PasswordBackend,
        *,
        stands_open: Callable[[], bool],
        allow_insecure: bool = False,
    ) -> None:
        """``passwords`` knows links by their ids; ``stands_open`` tells whether everybody may do everything."""
        self._house = house
        self._roster = roster
        self._passwords = passwords
        self._stands_open = stands_open
        self._allow_insecure = allow_insecure
        self._used_ns: dict[str, int] = {}

    def enter(self, text: str, caller: Caller) -> LinkVisit:
        """Return what a link shows.

        Raises NotFound, and of one with a password NotAuthenticated, InsecureChannel or TooManyGuesses.
        """
        with self._house.read_catalog() as tables:
            link = tables.links.of_text(digest_of(text))
            info = None if link is None else tables.collections.by_id(link.collection_id)
        now_ns = int(self._house.clock() * 1e9)
        if link is None or info is None or not self._holds(link, now_ns):
            raise NotFound("nothing is here")
        shown = shared_view(self._house, link, info.uuid, text)
        if link.password_hash is not None:
            self._require_password(link, caller)
        self._note(link, now_ns)
        principal = Principal(visitor_of(link.id), may_write=link.is_drop)
        rights = Rights(principal, _DROPPING if link.is_drop else _LOOKING, may_ask=False)
        house = DropHouse(self._house, shown, link, self.holding) if link.is_drop else SharedHouse(self._house, shown)
        return LinkVisit(link, principal, GuardedHouse(house, rights))

    def take_download(self, link: Link) -> bool:
        """Take one of the downloads a link has left, durably; False if none is left. Not for one without a limit."""
        return self._house.edit(lambda edit: edit.links().take_download(link.id, edit.now_ns))

    def holding(self, edit: Edit, link_id: str) -> Link:
        """Return a link as it is inside an edit; raises NotFound if it does not hold."""
        link = edit.links().one(link_id)
        if link is None or not self._holds(link, edit.now_ns):
            raise NotFound("nothing is here")
        return link

    def _holds(self, link: Link, now_ns: int) -> bool:
        if link.expires_ns is not None and link.expires_ns <= now_ns:
            return False
        return link.downloads_left != 0 and self._is_shared_still(link)

    def _is_shared_still(self, link: Link) -> bool:
        """Tell whether who made a link may still share what it is to."""
        if link.made_by is None:
            return True
        if not link.made_by:
            return self._stands_open()
        if self._roster.account(link.made_by) is None:
            return False
        return Rights(Principal(link.made_by), self._roster, may_ask=False).level(link.collection_id) is Right.MANAGE

    def _require_password(self, link: Link, caller: Caller) -> None:
        if not (caller.is_private or self._allow_insecure):
            raise InsecureChannel(
                "this link has a password, and others can read along on this connection", hint="use https"
            )
        if caller.authorization is None:
            raise NotAuthenticated("this link has a password; any user name will do")
        given = parse_authorization(caller.authorization)
        if not isinstance(given, Basic):
            raise refused(link.id, caller)
        self._passwords.identify(caller, Basic(link.id, given.password))

    def _note(self, link: Link, now_ns: int) -> None:
        """Write down that a link is in use, now and then; that it fails is no reason to refuse the request."""
        if now_ns - max(self._used_ns.get(link.id, 0), link.used_ns or 0) < USE_NOTED_NS:
            return
        self._used_ns[link.id] = now_ns
        try:
            self._house.edit(lambda edit: edit.links().use(link.id, now_ns))
        except DavserverError as error:
            _log.warning("the use of a link was not noted", link=link.id, reason=str(error))
