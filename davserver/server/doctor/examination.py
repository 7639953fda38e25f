"""All that the doctor looks at, in the order in which one thing rests on another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from davserver.config import Settings
from davserver.server.doctor.disk import examine_disk
from davserver.server.doctor.finding import Finding, guarded
from davserver.server.doctor.machine import examine_machine
from davserver.server.doctor.network import examine_network
from davserver.server.doctor.store import examine_store


def examine(
    settings: Settings,
    wall: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator[Finding]:
    """Yield what was found; where looking fails, that is a finding, and the next thing is looked at.

    Cost: a few seconds at most, whatever is stored. Works beside a server, and changes nothing that is stored.
    """
    yield from guarded("disk", examine_disk(settings, wall, monotonic))
    yield from guarded("machine", examine_machine(settings))
    yield from guarded("store", examine_store(settings, wall))
    yield from guarded("network", examine_network(settings, wall))
