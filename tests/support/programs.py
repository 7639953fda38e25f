"""Real programs of the distribution, which the acceptance tests drive."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where Debian keeps programs such as mount.davfs, which an ordinary PATH leaves out."""


def unavailable(reason: str) -> NoReturn:
    """Skip the test, and say why; with ``CI=true`` nothing may be missing, so that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (scripts/install-peers)")
    pytest.skip(f"{reason} (scripts/install-peers)")


def real_program(name: str) -> Path:
    """Find a program, or end the test by ``unavailable``."""
    path = os.pathsep.join((os.environ.get("PATH", ""), *SYSTEM_FOLDERS))
    found = shutil.which(name, path=path)
    if found is None:
        unavailable(f"{name} is not installed")
    return Path(found)
