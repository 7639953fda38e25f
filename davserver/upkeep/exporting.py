"""Export: a version's manifest text.

Owns: which version is meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from davserver.live.house import House


def export(house: House, name: str, version: int | None = None) -> Iterator[str]:
    """Yield the lines of a version's manifest text, each with its LF; without a number, of a commit made now.

    The text is as it was imported, if nothing has changed since; else it is in normal form.
    Errors: NotFound; UnknownVersion; before the first line, whatever a commit raises.
    """
    number = house.commit(name).number if version is None else version
    return house.manifest(house.view_version(name, number))
