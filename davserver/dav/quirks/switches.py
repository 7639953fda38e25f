"""All quirks there are, for the setting that switches them off."""

from __future__ import annotations

from collections.abc import Iterable

from davserver.dav.quirks import explorer, finder, office
from davserver.errors import ConfigError

ALL = (
    explorer.SHORT_LISTING,
    explorer.ATTRIBUTES_WITHOUT_TOKEN,
    finder.NO_QUOTA,
    finder.BUSY,
    office.NO_304,
)


def switched_off(names: Iterable[str]) -> frozenset[str]:
    """Check the names of quirks that are to be off; raises ConfigError."""
    off = frozenset(names)
    known = {quirk.name for quirk in ALL}
    unknown = sorted(off - known)
    if unknown:
        raise ConfigError(
            "quirks.off", f"no quirk is named {unknown[0]!r}", hint=f"there are {', '.join(sorted(known))}"
        )
    return off
