"""The keeper: whoever makes the commits of a catalog, as a house knows it.

It is a thread of the same process (``schedule``), or another process of the same server.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Troubles(NamedTuple):
    """Commits that do not go well: the reasons, and how many collections are damaged in the catalog."""

    failing: tuple[str, ...] = ()
    damaged: int = 0


class Keeper(Protocol):
    """Makes commits. Threads: any."""

    def hurry(self) -> None:
        """Ask to have all that waits committed as soon as possible."""

    def troubles(self) -> Troubles:
        """Say which commits did not go well yet."""
