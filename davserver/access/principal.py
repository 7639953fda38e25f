"""Who makes a request, and how that is found out.

Owns: Principal; the Authenticator protocol; the policy of a server without accounts.
Never: a password, a path or a grant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request; the empty name is a stranger."""

    name: str

    @property
    def is_anonymous(self) -> bool:
        """True if nobody said who they are."""
        return not self.name


ANONYMOUS = Principal("")


class Authenticator(Protocol):
    """Finds the principal of a request. Threads: any."""

    def authenticate(self, authorization: str | None, client: str) -> Principal:
        """Return who makes a request with this Authorization header from this address; raises NotPermitted."""
        ...


class Anyone:
    """The policy of a server without accounts: all are strangers, and all may do everything.

    What they say of themselves is not looked at: clients send a user name even where none is asked for.
    """

    def authenticate(self, authorization: str | None, client: str) -> Principal:  # noqa: ARG002  # part of the protocol
        """Return the anonymous principal."""
        return ANONYMOUS
