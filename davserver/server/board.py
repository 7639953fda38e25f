"""The board: a page of memory that all processes of a server share.

Owns: what the housekeeper tells the workers (commits that do not go well), and what they ask of it (to hurry).
Never: anything that must not get lost: it is for the health page and for back-pressure.
Invariants: one process writes the news, so a reader sees one state or the next, never a mixture: a checksum tells.
"""

from __future__ import annotations

import json
import mmap
import struct
import zlib

from davserver.live.keeper import Troubles

_SIZE = 1 << 16
_HURRY = 0
_HEAD = struct.Struct("<II")
_HEAD_AT = 8
_TEXT_AT = _HEAD_AT + _HEAD.size
_MOST_REASONS = 20
_MOST_OF_A_REASON = 500
_LOOKS = 100


class Board:
    """Make it before the processes are forked. Threads: any; ``publish`` in one process at a time."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SIZE)
        self._read = Troubles()

    # -- the workers' side: a ``Keeper`` ------------------------------------------------------------------------------

    def hurry(self) -> None:
        """Ask the housekeeper to commit all that waits."""
        self._memory[_HURRY] = 1

    def troubles(self) -> Troubles:
        """Return what was published last."""
        for _ in range(_LOOKS):
            size, checksum = _HEAD.unpack_from(self._memory, _HEAD_AT)
            text = self._memory[_TEXT_AT : _TEXT_AT + size]
            if zlib.crc32(text) == checksum:
                if text:
                    failing, damaged = json.loads(text)
                    self._read = Troubles(tuple(failing), damaged)
                break
        return self._read

    # -- the housekeeper's side ---------------------------------------------------------------------------------------

    def is_hurried(self) -> bool:
        """Tell whether anybody asked to hurry since the last call."""
        hurried = self._memory[_HURRY] == 1
        self._memory[_HURRY] = 0
        return hurried

    def publish(self, troubles: Troubles) -> None:
        """Show the workers how commits go; the first of very many reasons stand for all."""
        failing = tuple(reason[:_MOST_OF_A_REASON] for reason in troubles.failing[:_MOST_REASONS])
        if (failing, troubles.damaged) == self.troubles():  # as shown, whoever wrote it
            return
        text = json.dumps([failing, troubles.damaged]).encode("ascii")
        self._memory[_TEXT_AT : _TEXT_AT + len(text)] = text
        _HEAD.pack_into(self._memory, _HEAD_AT, len(text), zlib.crc32(text))
