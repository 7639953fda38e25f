"""Backends: ways to know who makes a request, asked one after the other.

Owns: the one Protocol that each way follows, and their order.
Never: a right. What a principal may do is found out after (``rights``), and anew with each request.
Invariant: who says nothing of themselves is a stranger; who says something that no backend takes is refused, and not a
stranger.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from davserver.access.credentials import Basic, Bearer, parse_authorization
from davserver.access.principal import ANONYMOUS, Caller, Principal
from davserver.errors import InsecureChannel, NotAuthenticated

Credentials = Basic | Bearer

_log = structlog.get_logger("davserver.access")


class Backend(Protocol):
    """One way to know somebody. Threads: any. Asked with each request, so that what ends, ends with the next one."""

    def identify(self, caller: Caller, credentials: Credentials | None, /) -> Principal | None:
        """Return who makes a request; None if these credentials are not of this kind, or of nobody known here.

        Raises NotAuthenticated for what is of its kind and wrong, TooManyGuesses, and StoreUnavailable where the
        backend cannot be asked: then nobody is let in by it. No password, token or hash is in an error or a log.
        Whoever takes what can be guessed also throttles it.
        """


class Chain:
    """The authenticator over backends: the first that knows who it is decides. Threads: any."""

    def __init__(
        self,
        backends: Sequence[Backend],
        *,
        allow_insecure: bool = False,
        note_refusal: Callable[[str, str], None] = lambda _account, _address: None,
    ) -> None:
        """``allow_insecure`` takes secrets in the clear, too; ``note_refusal`` is told whose were not right, and where.

        The account is "" where the credentials named none.
        """
        self._backends = tuple(backends)
        self._allow_insecure = allow_insecure
        self._note_refusal = note_refusal

    def authenticate(self, caller: Caller) -> Principal:
        """Return who makes a request. Errors: NotAuthenticated, InsecureChannel, TooManyGuesses, StoreUnavailable."""
        if caller.asserted is None and caller.authorization is None:
            return ANONYMOUS
        credentials = None if caller.asserted is not None else self._credentials(caller)
        try:
            for backend in self._backends:
                principal = backend.identify(caller, credentials)
                if principal is not None:
                    return principal
            raise refused("", caller)
        except Refused as error:
            self._note_refusal(error.account, caller.address)
            raise

    def _credentials(self, caller: Caller) -> Credentials:
        if not (caller.is_private or self._allow_insecure):
            raise InsecureChannel(
                "passwords and tokens are taken over TLS only: others can read along on this connection",
                hint="use https",
            )
        return parse_authorization(caller.authorization or "")


class Refused(NotAuthenticated):
    """Credentials that are not right; ``account`` is whose they would be, "" unless there is one."""

    def __init__(self, account: str) -> None:
        super().__init__("the name and password, or the token, are not right")
        self.account = account


def refused(account: str, caller: Caller) -> Refused:
    """Return the error for credentials that are not right, and log it; ``account`` is "" unless there is one."""
    _log.warning("wrong credentials", account=account, client=caller.address)
    return Refused(account)
