"""What a quirk is, and whether it is in force for a request.

Owns: recognizing a client by its User-Agent; the switch.
Never: does anything for a client: the verbs ask, and do it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ENVIRON_KEY = "davserver.asking"
"""Where the application puts the Asking of a request."""


@dataclass(frozen=True, slots=True)
class Quirk:
    """One deviation for one client.

    ``name`` is its switch. ``agents`` is searched in the User-Agent; an empty pattern means that what the request asks
    for already tells the client.
    """

    name: str
    agents: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, and which quirks are switched off."""

    agent: str = ""
    off: frozenset[str] = frozenset()

    def has(self, quirk: Quirk) -> bool:
        """Tell whether the quirk is in force."""
        return quirk.name not in self.off and quirk.agents.search(self.agent) is not None
