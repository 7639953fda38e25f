"""What somebody reads is not garbage: a block that is missed is looked for in the trash.

Owns: bringing it back, once, and telling somebody.
Never: verifies (the store inside does), or brings back what is only looked for (``stat``, ``verify``): fsck reports it.
Why: nothing that is named is ever trashed, so this is for an operator's error, or one of ours, within the time that the
trash keeps a block.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from davserver.blocks.store import BlockStore, ServesFiles, VerifiedBlock
from davserver.blocks.wrapper import Wrapper
from davserver.errors import BlockMissing
from davserver.values import Locator

T = TypeVar("T")


class RestoringStore(Wrapper):
    """A block store that brings back from the trash what is read or touched. Threads: safe."""

    def __init__(self, inner: BlockStore, restored: Callable[[Locator], None]) -> None:
        """Let ``restored`` know of each block that was brought back."""
        super().__init__(inner)
        self._restored = restored

    def get(self, locator: Locator) -> bytes:
        """Return a whole block."""
        return self._with_trash(locator, lambda: self.inner.get(locator))

    def read(self, locator: Locator, offset: int, length: int) -> bytes:
        """Return a slice of a block."""
        try:
            return self.inner.read(locator, offset, length)
        except BlockMissing:
            return self._with_trash(locator, lambda: self.inner.read(locator, offset, length))

    def open_verified(self, locator: Locator) -> VerifiedBlock | None:
        """Open a block as a file where the inner store can."""
        inner = self.inner
        if not isinstance(inner, ServesFiles):
            return None
        return self._with_trash(locator, lambda: inner.open_verified(locator))

    def touch(self, locator: Locator) -> None:
        """Make a block young."""
        self._with_trash(locator, lambda: self.inner.touch(locator))

    def _with_trash(self, locator: Locator, use: Callable[[], T]) -> T:
        try:
            return use()
        except BlockMissing:
            self.inner.untrash(locator)  # raises BlockMissing again if it is not there either
            self._restored(locator)
            return use()
