"""Names and passwords: a backend over books of them (accounts, an htpasswd file, a directory).

Owns: the order of refusals, the throttle, and the memory of what was verified.
Never: a password in a log, an error or a cache: what is remembered is an HMAC under a key of this process.
Invariants: a password that was verified is not verified again for ``VERIFIED_S`` seconds, unless its entry changed:
the entry is looked up with each request. Who is remembered is never throttled, so that a guesser does not lock anybody
out. The first book that knows a name decides; a refusal costs the same whichever book knows the name, or none. What was
wrong a moment ago is not verified again either, and is not another guess however often it is said (``repeats``).
"""

from __future__ import annotations

import hmac
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from davserver.access.backend import Credentials, refused
from davserver.access.credentials import Basic
from davserver.access.principal import Caller, Principal
from davserver.access.repeats import Repeats
from davserver.access.throttle import Throttle
from davserver.errors import TooManyGuesses
from davserver.values import RandomBytes

VERIFIED_S = 60.0
_REMEMBERED = 10_000
_STRIPES = 64


class Entry(NamedTuple):
    """Somebody in a book. A password that was right for a ``stamp`` is not asked about again while that is the same."""

    name: str
    stamp: Hashable
    groups: frozenset[str] = frozenset()


class Book(Protocol):
    """Knows people by name and checks their passwords. Threads: any."""

    def find(self, name: str, /) -> Entry | None:
        """Return the entry of a name as it is now; cheap. Raises StoreUnavailable."""

    def check(self, entry: Entry | None, password: str, /) -> bool:
        """Tell whether a password is right; of nobody it takes as long, where that is in its hands.

        Raises StoreUnavailable, or TooManyGuesses if too many passwords wait for their check already.
        """


@dataclass(frozen=True, slots=True)
class _Verified:
    stamp: Hashable
    until_s: float


class PasswordBackend:
    """Knows who has said their password. Threads: any."""

    def __init__(
        self,
        books: Sequence[Book],
        throttle: Throttle,
        *,
        monotonic: Callable[[], float],
        random_bytes: RandomBytes,
    ) -> None:
        self._books = tuple(books)
        self._throttle = throttle
        self._repeats = Repeats(monotonic)
        self._monotonic = monotonic
        self._key = random_bytes(32)
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()
        self._lock = threading.Lock()
        self._stripes = [threading.Lock() for _ in range(_STRIPES)]

    def identify(self, caller: Caller, credentials: Credentials | None) -> Principal | None:
        """Return whose name and password these are; None for what is no name and password."""
        if not isinstance(credentials, Basic):
            return None
        text = f"{len(credentials.name)}:{credentials.name}{credentials.password}"
        key = hmac.digest(self._key, text.encode(), "sha256")
        entry = self._known(key, credentials.name)
        if entry is None:
            # A client that opens many connections says the same on each: one is checked, the others wait for it.
            with self._stripes[key[0] % _STRIPES]:
                entry = self._known(key, credentials.name) or self._checked(key, credentials, caller)
                self._remember(key, _Verified(entry.stamp, self._monotonic() + VERIFIED_S))
        return Principal(entry.name, groups=entry.groups)

    def _find(self, name: str) -> tuple[Book | None, Entry | None]:
        for book in self._books:
            entry = book.find(name)
            if entry is not None:
                return book, entry
        return None, None

    def _checked(self, key: bytes, basic: Basic, caller: Caller) -> Entry:
        # First, so that no book is asked for whoever has to wait.
        if self._repeats.knows(key, caller.address):
            _wait(self._repeats.wait_s(key, caller.address))
        else:
            _wait(self._throttle.wait_s(basic.name, caller.address))
        book, entry = self._find(basic.name)
        stamp = None if entry is None else entry.stamp
        age_s = self._repeats.age_s(key, caller.address, stamp)
        must_check = age_s is None or age_s >= VERIFIED_S
        # A directory takes a name in any case, and with spaces: all of them are guesses at one account.
        account = basic.name if entry is None else entry.name
        if must_check:
            _wait(self._throttle.wait_s(account, caller.address))
            if self._is_right(book, entry, basic.password) and entry is not None:
                self._throttle.right(account, caller.address)
                return entry
            if age_s is None:
                self._throttle.wrong(account, caller.address)
        self._repeats.wrong(key, caller.address, stamp, checked=must_check)
        # People type a password where the name belongs: only a name that is one may be logged.
        raise refused("" if entry is None else entry.name, caller)

    def _is_right(self, book: Book | None, entry: Entry | None, password: str) -> bool:
        """Check a password; if it is wrong, at the cost of a check by each book."""
        if book is not None and entry is not None and book.check(entry, password):
            return True
        for other in self._books:
            if other is not book:
                other.check(None, password)
        return False

    def _known(self, key: bytes, name: str) -> Entry | None:
        """Return the entry if this password was right for it a moment ago, and it is as it was then."""
        known = self._verified.get(key)
        if known is None or self._monotonic() >= known.until_s:
            return None
        _, entry = self._find(name)
        return entry if entry is not None and entry.stamp == known.stamp else None

    def _remember(self, key: bytes, verified: _Verified) -> None:
        with self._lock:
            self._verified[key] = verified
            self._verified.move_to_end(key)
            if len(self._verified) > _REMEMBERED:
                self._verified.popitem(last=False)


def _wait(seconds: int) -> None:
    if seconds:
        raise TooManyGuesses(seconds)
