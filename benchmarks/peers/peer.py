"""What a peer is: a name, a command, its configuration."""

from __future__ import annotations

import os
import shutil
import string
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_CONFIGURATIONS = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Site:
    """Where one server works: the tree that it serves, a folder for whatever else it writes, and its port."""

    root: Path
    work: Path
    port: int

    @property
    def words(self) -> dict[str, str]:
        """What a command and a configuration may name."""
        # Apache refuses to serve as root; everybody else would not be allowed to become another user.
        user = "User #65534\nGroup #65534" if os.geteuid() == 0 else ""
        return {"root": str(self.root), "work": str(self.work), "port": str(self.port), "apache_user": user}


@dataclass(frozen=True, slots=True)
class Peer:
    """A server. ``command`` and the configuration named in ``configured_by`` may name the words of a Site.

    ``family``: peers of one family serve the same trees. ``prefix``: where the tree begins in the URL space.
    """

    name: str
    title: str
    command: tuple[str, ...]
    version_command: tuple[str, ...]
    configured_by: str = ""
    family: str = ""
    prefix: str = "/"
    needs: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def ours(self) -> bool:
        """Whether it is davserver."""
        return self.family == "davserver"

    @property
    def installed(self) -> bool:
        """Whether its program and its modules are there."""
        return shutil.which(self.command[0]) is not None and all(path.exists() for path in self.needs)

    def version(self) -> str:
        """Return the first line of what it says about itself, or an empty string."""
        done = subprocess.run(self.version_command, capture_output=True, text=True, timeout=60, check=False)
        return next(iter((done.stdout + done.stderr).strip().splitlines()), "")

    def configure(self, site: Site) -> list[str]:
        """Write its configuration; return the command that serves a site in the foreground."""
        if self.configured_by:
            template = string.Template((_CONFIGURATIONS / self.configured_by).read_text())
            (site.work / self.configured_by).write_text(template.substitute(site.words))
        return [string.Template(word).substitute(site.words) for word in self.command]
