"""Access tokens: a backend over the tokens of the catalog.

Invariant: a token is looked up each time, so it ends the moment it is revoked or expires. Nobody is throttled: nobody
guesses 256 bits, and a script with an old token has to hear that it is wrong.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from davserver.access.backend import Credentials, refused
from davserver.access.credentials import Basic
from davserver.access.principal import Caller, Principal
from davserver.access.roster import Roster
from davserver.access.tokens import digest_of, looks_like_token
from davserver.catalog.model import Token
from davserver.errors import DavserverError
from davserver.values import Clock

USE_NOTED_NS = 600 * 1_000_000_000
"""A token's last use is written down at most so often: it is for people."""

_log = structlog.get_logger("davserver.access")


class TokenBackend:
    """Knows the owners of tokens, sent as Bearer or as the password of any name. Threads: any."""

    def __init__(self, roster: Roster, *, clock: Clock, note_use: Callable[[str, int], None]) -> None:
        """``note_use`` is told (token id, time in ns) of a use."""
        self._roster = roster
        self._clock = clock
        self._note_use = note_use
        self._used_ns: dict[str, int] = {}

    def identify(self, caller: Caller, credentials: Credentials | None) -> Principal | None:
        """Return the token's account; None for what does not look like a token."""
        if credentials is None:
            return None
        text = credentials.password if isinstance(credentials, Basic) else credentials.token
        if not looks_like_token(text):
            return None
        token = self._roster.token(digest_of(text))
        now_ns = int(self._clock() * 1e9)
        if token is None or (token.expires_ns is not None and token.expires_ns <= now_ns):
            raise refused("" if token is None else token.account, caller)
        self._note(token, now_ns)
        return Principal(token.account, may_write=token.may_write)

    def _note(self, token: Token, now_ns: int) -> None:
        """Write down that a token is in use, now and then; that it fails is no reason to refuse the request."""
        last_ns = max(self._used_ns.get(token.id, 0), token.used_ns or 0)
        if now_ns - last_ns < USE_NOTED_NS:
            return
        self._used_ns[token.id] = now_ns
        try:
            self._note_use(token.id, now_ns)
        except DavserverError as error:
            _log.warning("the use of a token was not noted", token=token.id, reason=str(error))
