"""Sync tokens: what a client has seen of a collection.

Owns: their form: a URI of the collection's uuid and the sequence of a change, ``davserver:UUID/SEQ``.
Follows: RFC 6578 sections 3.2 and 3.6.
An answer that was cut short leaves the client with a collection of several ages: members up to a path as of one
change, those behind it as of another. Such a token lists the pieces, encoded behind the slash.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import NamedTuple

from davserver.live.views import View
from davserver.values import TreePath

SCHEME = "davserver:"
MAX_PIECES = 16
_DIGITS = 18
UNSEEN = -1
"""In place of a sequence: the client has seen nothing of the piece."""


class Piece(NamedTuple):
    """Members up to and with ``upto`` (None: all that are left) are as of the change ``seq``."""

    upto: TreePath | None
    seq: int


@dataclass(frozen=True, slots=True)
class SyncToken:
    """What a client has seen, piece by piece in the order of paths."""

    uuid: str
    pieces: tuple[Piece, ...]

    @classmethod
    def of(cls, view: View) -> SyncToken:
        """Return the token of all that is there now; where only parts are shown, one that nothing is told from."""
        return cls.at(view.info.uuid, UNSEEN if view.seq is None else view.seq)

    @classmethod
    def at(cls, uuid: str, seq: int) -> SyncToken:
        """Return the token of all that was there after a change."""
        return cls(uuid, (Piece(None, seq),))

    @classmethod
    def of_nothing(cls, view: View) -> SyncToken:
        """Return the token of a client that comes for the first time."""
        return cls(view.info.uuid, (Piece(None, UNSEEN),))

    @classmethod
    def parse(cls, text: str) -> SyncToken | None:
        """Read a token; None for what never was one."""
        uuid, slash, rest = text.removeprefix(SCHEME).partition("/")
        if not text.startswith(SCHEME) or not slash:
            return None
        if rest.isascii() and rest.isdigit() and len(rest) <= _DIGITS:
            return cls(uuid, (Piece(None, int(rest)),))
        try:
            pieces = tuple(_piece(item) for item in json.loads(base64.b64decode(rest, b"-_", validate=True)))
        except (binascii.Error, ValueError, TypeError, RecursionError):
            return None
        return cls(uuid, pieces) if pieces and pieces[-1].upto is None else None

    def __str__(self) -> str:
        if len(self.pieces) == 1:
            return f"{SCHEME}{self.uuid}/{self.pieces[0].seq}"
        packed = json.dumps(self.pieces, separators=(",", ":")).encode()
        return f"{SCHEME}{self.uuid}/{base64.urlsafe_b64encode(packed).decode()}"

    def cut(self, last: TreePath, *, is_folder: bool, piece: int, seq: int) -> SyncToken:
        """Return the token of a client that got all up to ``last``, in the given piece, as of ``seq``.

        With what is no folder, or none any more, all that was below it is told as well.
        """
        end = last if is_folder else (*last, BEHIND_ALL)
        return SyncToken(self.uuid, (Piece(end, seq), *self.pieces[piece:]))


BEHIND_ALL = "\U0010ffff"
"""Follows every name, in the order of code points."""


def _piece(item: object) -> Piece:
    match item:
        case [None, int(seq)] if _is_seq(seq):
            return Piece(None, seq)
        case [[*names], int(seq)] if names and _is_seq(seq) and all(isinstance(name, str) for name in names):
            return Piece(tuple(str(name) for name in names), seq)
        case _:
            raise ValueError("not a piece")


def _is_seq(number: int) -> bool:
    """Tell whether a number can be a sequence; true and false are numbers to Python."""
    return UNSEEN <= number < 10**_DIGITS and not isinstance(number, bool)
