"""Decisions about a collection that outlive who made them: which versions stay, and how much it may hold.

Owns: what of them is noted for the audit log, in the transaction of the decision.
Never: a right: each function is given the house as its caller may use it.
"""

from __future__ import annotations

from davserver.catalog.model import Annotation, Version
from davserver.live.edit import Edit
from davserver.live.house import House


def set_retention(house: House, name: str, rules: str | None) -> None:
    """Give a collection rules of its own for which versions stay; None: those of the configuration."""

    def change(edit: Edit) -> None:
        edit.set_retention(edit.view(name).info.id, rules)
        edit.note("retention", name, "of the configuration" if rules is None else rules)

    house.edit(change)


def annotate(house: House, name: str, number: int, note: Annotation) -> Version:
    """Label a version or say something of it; that nothing holds it any more is noted.

    Raises Invalid, UnknownVersion, or Exists for a label in use.
    """

    def change(edit: Edit) -> Version:
        version = edit.annotate(edit.view(name).info.id, number, note)
        if note.label == "" or note.kept is False:
            edit.note("version release", name, f"version {number}")
        return version

    return house.edit(change)


def limit(house: House, name: str, limit_bytes: int | None) -> None:
    """Limit the bytes of all files of a collection together, None: no limit."""

    def change(edit: Edit) -> None:
        edit.set_quota(edit.view(name).info.id, limit_bytes)
        edit.note("collection quota", name, "none" if limit_bytes is None else str(limit_bytes))

    house.edit(change)
