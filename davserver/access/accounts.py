"""Accounts: the authenticator over names, passwords and tokens of the catalog.

Owns: the order of refusals, and the memory of what was verified.
Never: a password or token in a log, an error or a cache: what is remembered is an HMAC under a key of this process.
Invariants: a password that was verified is not hashed again for ``VERIFIED_S`` seconds, unless its account changed; a
token is looked up each time, so it ends the moment it is revoked or expires. Who is remembered is never throttled, so
that a guesser does not lock anybody out.
"""

from __future__ import annotations

import hmac
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from davserver.access.credentials import Basic, parse_authorization
from davserver.access.passwords import Passwords
from davserver.access.principal import ANONYMOUS, Caller, Principal
from davserver.access.roster import Roster
from davserver.access.throttle import Throttle
from davserver.access.tokens import digest_of, looks_like_token
from davserver.catalog.model import Account, Token
from davserver.errors import DavserverError, InsecureChannel, NotAuthenticated, TooManyGuesses
from davserver.values import Clock, RandomBytes

VERIFIED_S = 60.0
USE_NOTED_NS = 600 * 1_000_000_000
"""A token's last use is written down at most so often: it is for people."""
_REMEMBERED = 10_000
_STRIPES = 64

_log = structlog.get_logger("davserver.access")


@dataclass(frozen=True, slots=True)
class _Verified:
    password_hash: str
    until_s: float


class AccountAuthenticator:
    """Knows who a caller is. Threads: any."""

    def __init__(
        self,
        roster: Roster,
        passwords: Passwords,
        throttle: Throttle,
        *,
        clock: Clock,
        monotonic: Callable[[], float],
        random_bytes: RandomBytes,
        note_use: Callable[[str, int], None],
        allow_insecure: bool = False,
    ) -> None:
        """``note_use`` is told (token id, time in ns) of a use; ``allow_insecure`` takes secrets in the clear, too."""
        self._roster = roster
        self._passwords = passwords
        self._throttle = throttle
        self._clock = clock
        self._monotonic = monotonic
        self._key = random_bytes(32)
        self._note_use = note_use
        self._allow_insecure = allow_insecure
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()
        self._used_ns: dict[str, int] = {}
        self._lock = threading.Lock()
        self._stripes = [threading.Lock() for _ in range(_STRIPES)]

    def authenticate(self, caller: Caller) -> Principal:
        """Return who makes a request. Errors: NotAuthenticated, InsecureChannel, TooManyGuesses."""
        if caller.authorization is None:
            return ANONYMOUS
        if not (caller.is_private or self._allow_insecure):
            raise InsecureChannel(
                "passwords and tokens are taken over TLS only: others can read along on this connection",
                hint="use https",
            )
        credentials = parse_authorization(caller.authorization)
        secret = credentials.password if isinstance(credentials, Basic) else credentials.token
        if looks_like_token(secret):
            return self._of_token(secret, caller.address)
        if isinstance(credentials, Basic):
            return self._of_password(credentials, caller.address)
        raise _wrong("", caller.address)

    def _of_token(self, text: str, address: str) -> Principal:
        token = self._roster.token(digest_of(text))
        now_ns = int(self._clock() * 1e9)
        if token is None or (token.expires_ns is not None and token.expires_ns <= now_ns):
            # Not counted: nobody guesses 256 bits, and a script with an old token has to hear that it is wrong.
            raise _wrong("" if token is None else token.account, address)
        self._note(token, now_ns)
        return Principal(token.account, may_write=token.may_write)

    def _of_password(self, basic: Basic, address: str) -> Principal:
        account = self._roster.account(basic.name)
        key = hmac.digest(self._key, f"{len(basic.name)}:{basic.name}{basic.password}".encode(), "sha256")
        if not self._knows(key, account):
            # A client that opens many connections says the same on each: one is checked, the others wait for it.
            with self._stripes[key[0] % _STRIPES]:
                if not self._knows(key, account):
                    self._check(basic, account, key, address)
        return Principal(basic.name)

    def _check(self, basic: Basic, account: Account | None, key: bytes, address: str) -> None:
        wait_s = self._throttle.wait_s(basic.name, address)
        if wait_s:
            raise TooManyGuesses(wait_s)
        stored = None if account is None else account.password_hash
        if not self._passwords.verify(stored, basic.password) or account is None:
            self._throttle.wrong(basic.name, address)
            # People type a password where the name belongs: only a name that is one may be logged.
            raise _wrong("" if account is None else account.name, address)
        self._throttle.right(account.name, address)
        self._remember(key, _Verified(account.password_hash, self._monotonic() + VERIFIED_S))

    def _knows(self, key: bytes, account: Account | None) -> bool:
        """Tell whether this password was right a moment ago, and the account is as it was then."""
        known = self._verified.get(key)
        if known is None or account is None:
            return False
        return known.password_hash == account.password_hash and self._monotonic() < known.until_s

    def _remember(self, key: bytes, verified: _Verified) -> None:
        with self._lock:
            self._verified[key] = verified
            self._verified.move_to_end(key)
            if len(self._verified) > _REMEMBERED:
                self._verified.popitem(last=False)

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


def _wrong(account: str, address: str) -> NotAuthenticated:
    _log.warning("wrong credentials", account=account, client=address)
    return NotAuthenticated("the name and password, or the token, are not right")
