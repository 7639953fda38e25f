"""Who makes a request, and how that is found out.

Owns: Principal; Caller, what a request shows of who makes it; the Authenticator protocol, where other ways to know
somebody fit in.
Never: a password, a path or a grant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple, Protocol

ANONYMOUS_NAME = "anonymous"
"""What a stranger is called where rights are granted; no account may have the name."""
GROUP_MARK = "@"
"""Stands before a group's name where rights are granted; no account's name begins with it."""


_NAME = re.compile(r"[\w][\w.@+-]{0,63}\Z")


def is_name(text: str) -> bool:
    """Tell whether an account or a group can have this name."""
    return _NAME.match(text) is not None and text != ANONYMOUS_NAME


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request; the empty name is a stranger. ``may_write`` is False for a token of scope read.

    ``groups`` are those that a directory outside of the catalog named; the catalog's own are looked up with the rights.
    """

    name: str
    may_write: bool = True
    groups: frozenset[str] = frozenset()

    @property
    def is_anonymous(self) -> bool:
        """True if nobody said who they are."""
        return not self.name


ANONYMOUS = Principal("")


class Asserted(NamedTuple):
    """Who makes a request, as a trusted proxy says; the names as they were sent."""

    name: str
    groups: tuple[str, ...] = ()


class Caller(NamedTuple):
    """What a request shows of who makes it.

    ``authorization`` is its header; ``address`` the client's, "" for a peer on a unix socket; ``is_tls`` whether the
    client's connection is encrypted, as far as this server or a trusted proxy knows.
    """

    authorization: str | None
    address: str
    is_tls: bool
    asserted: Asserted | None = None

    @property
    def is_local(self) -> bool:
        """Tell whether the client is on this machine."""
        return not self.address or is_loopback(self.address)

    @property
    def is_private(self) -> bool:
        """Tell whether nobody can read along: TLS, or a connection that does not leave this machine."""
        return self.is_tls or self.is_local


@lru_cache(maxsize=1024)
def is_loopback(address: str) -> bool:
    """Tell whether an address is of this machine; what is no address is not."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)


class Authenticator(Protocol):
    """Finds the principal of a request. Threads: any."""

    def authenticate(self, caller: Caller) -> Principal:
        """Return who makes a request, ANONYMOUS if nobody was named.

        Raises NotAuthenticated for wrong credentials, InsecureChannel for any in the clear, and TooManyGuesses.
        """
        ...
