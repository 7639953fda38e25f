"""Passwords: hashed slowly, and never many at once.

Owns: the hash (argon2id, RFC 9106's second choice of parameters: 64 MiB, 3 passes, some 50 ms of a core); bcrypt for
hashes that others made.
Invariants: a check costs the same whether the account exists or not. At most ``at_once`` checks run together: each
takes 64 MiB, and guesses must not starve those who have said their password already.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import bcrypt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from davserver.errors import TooManyGuesses

MAX_BCRYPT_COST = 14
"""Some two seconds of a core; each one more doubles it."""
_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}\Z")
_BCRYPT_BYTES = 72

QUEUE = 16
"""So many checks are made or wait: they hold a thread each, and more would take those of everybody else."""


class Passwords:
    """Makes and checks hashes. Threads: any."""

    def __init__(self, hasher: PasswordHasher | None = None, *, at_once: int = 2) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = threading.BoundedSemaphore(at_once)
        self._queue = threading.BoundedSemaphore(QUEUE)

    @cached_property
    def _nobody(self) -> str:
        """A hash of what nobody knows, to compare with where there is no account."""
        return self._hasher.hash(secrets.token_hex())

    def hash(self, password: str) -> str:
        """Return the hash of a password, in PHC form, with a salt of its own.

        Raises TooManyGuesses as ``verify`` does: it takes the same time and memory.
        """
        with self._turn():
            return self._hasher.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether the password is the one that was hashed; None is an account that does not exist.

        Raises TooManyGuesses if too many passwords wait for their check already.
        """
        try:
            with self._turn():
                matches = self._matches(stored or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return matches and stored is not None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._queue.acquire(blocking=False):
            raise TooManyGuesses(1)
        try:
            with self._turns:
                yield
        finally:
            self._queue.release()

    def _matches(self, stored: str, password: str) -> bool:
        if bcrypt_cost(stored) is None:
            return self._hasher.verify(stored, password)
        # bcrypt sees no more than that of a password, and whoever made the hash cut there, too.
        return bcrypt.checkpw(password.encode()[:_BCRYPT_BYTES], stored.encode())


def bcrypt_cost(stored: str) -> int | None:
    """Return the cost of a bcrypt hash, None for any other text."""
    match = _BCRYPT.match(stored)
    return None if match is None else int(match[1])


def decoy(cost: int) -> str:
    """Make a bcrypt hash of what nobody knows."""
    return bcrypt.hashpw(secrets.token_hex().encode(), bcrypt.gensalt(cost)).decode()
