"""Passwords: hashed slowly, and never many at once.

Owns: the hash (argon2id, RFC 9106's second choice of parameters: 64 MiB, 3 passes, some 50 ms of a core).
Invariants: a check costs the same whether the account exists or not. At most ``at_once`` checks run together: each
takes 64 MiB, and guesses must not starve those who have said their password already.
"""

from __future__ import annotations

import secrets
import threading
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from davserver.errors import TooManyGuesses

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
        """Return the hash of a password, in PHC form, with a salt of its own."""
        return self._hasher.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether the password is the one that was hashed; None is an account that does not exist.

        Raises TooManyGuesses if too many passwords wait for their check already.
        """
        if not self._queue.acquire(blocking=False):
            raise TooManyGuesses(1)
        try:
            with self._turns:
                matches = self._hasher.verify(stored or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        finally:
            self._queue.release()
        return matches and stored is not None
