"""What a workload is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.grounds import Ground
from benchmarks.stage import Figures, Stage
from benchmarks.targets import Target

OURS = ("davserver", "davserver-2")
FOLDER_SERVERS = ("apache", "nginx", "lighttpd", "rclone", "wsgidav")


@dataclass(frozen=True, slots=True)
class Workload:
    """One row of the table. ``act`` asks a freshly started server and returns figures, among them ``value``.

    ``spends``: the ground is changed, so that each sample needs a copy. ``peers``: who is asked beside davserver.
    """

    name: str
    title: str
    unit: str
    ground: Ground
    act: Callable[[Stage], Figures]
    targets: tuple[Target, ...]
    peers: tuple[str, ...] = FOLDER_SERVERS
    ours: tuple[str, ...] = OURS
    spends: bool = False

    @property
    def more(self) -> bool:
        """Whether more is better: so it is for whatever is counted by the second."""
        return self.unit.endswith("/s")
