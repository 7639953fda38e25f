"""Adoption: a tree in memory gives way to an equal one on the newest checkpoint, whose content is in blocks.

Owns: building that tree aside, and putting it in the place of the old one.
Why: who commits may be another process. What it packed still lies in this one's memory, and would be packed again by a
commit here; loading the checkpoint in the middle of a request would make that request wait for all that was committed.
Cost: the entries since that checkpoint, and opening the directories they are in. All others are on the shelf already.
It is paid in short steps with rests between them, as requests need the same interpreter.
Invariants: the two trees have the same changes, so nobody can see the difference; an adoption that fails, or is too
late, leaves all as it was.
"""

from __future__ import annotations

from collections.abc import Callable

from davserver.catalog.database import Catalog
from davserver.errors import NotFound
from davserver.live.directories import Directories
from davserver.live.edit import Edit
from davserver.live.grafting import EntryReader
from davserver.live.replaying import Replayer, on_checkpoint
from davserver.live.state import LiveCollection, State, replay
from davserver.live.writer import Writer

_FEW = 32
"""So many entries may be left to replay while writers wait."""
_STEP = 32
"""So many entries are replayed at once: two milliseconds."""
_PATIENCE = 2
"""Rests end when so many times what was missing at first was replayed, and everything at twice that: writers who are
faster than this must not keep it from its end."""


class Adopter:
    """Builds states aside. Threads: any."""

    def __init__(self, catalog: Catalog, writer: Writer, directories: Directories) -> None:
        self._catalog = catalog
        self._writer = writer
        self._directories = directories

    def adopt(self, live: LiveCollection, rest: Callable[[], None] = lambda: None) -> State:
        """Bring a collection onto its newest checkpoint if it is not, and rest between the steps; returns its state.

        Raises NotFound if purged.
        """
        state = live.state
        if not state.is_behind:
            return state
        ahead = self.caught_up(self._on_checkpoint(state), rest)

        def rebase(edit: Edit) -> None:
            if edit.view_id(live.id).info.base_seq == ahead.row.base_seq:
                edit.rebase(self.replayed(edit, ahead))

        self._writer.edit(rebase)
        return live.state

    def caught_up(self, state: State, rest: Callable[[], None] = lambda: None) -> State:
        """Apply what arrived meanwhile, outside the writers' queue, until only few entries can be missing.

        Stops where a newer checkpoint was made, as the entries in between may be gone. Raises NotFound if purged.
        """
        replayer = Replayer(self._catalog, self._directories)
        began = state.seq
        state, missing = replayer.step(state, _STEP)
        patience = _PATIENCE * (state.seq - began + missing)
        while missing >= _FEW and state.seq - began < 2 * patience:
            if state.seq - began < patience:
                rest()
            state, missing = replayer.step(state, _STEP)
        return state

    def replayed(self, edit: Edit, state: State) -> State:
        """Apply the rest inside an edit that has seen that the checkpoint is still the same."""
        tail = edit.tail(state.row.id, state.seq)
        return replay(state, tail, EntryReader(self._directories, edit.tail))

    def _on_checkpoint(self, state: State) -> State:
        with self._catalog.read() as tables:
            row = tables.collections.by_id(state.row.id)
        if row is None:
            raise NotFound(f"collection {state.row.uuid} is gone")
        return on_checkpoint(row, self._directories)
