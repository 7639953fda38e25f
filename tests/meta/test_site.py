"""The documentation becomes a site, and no page is left out of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.source import ROOT


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-d", str(tmp_path / "doctrees")]
    done = subprocess.run(
        [*line, str(ROOT / "docs"), str(tmp_path / "site")], capture_output=True, text=True, check=False, timeout=110
    )
    assert (done.returncode, done.stderr) == (0, "")
    pages = {path.relative_to(tmp_path / "site").with_suffix(".md") for path in (tmp_path / "site").rglob("*.html")}
    documents = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    assert documents <= pages
