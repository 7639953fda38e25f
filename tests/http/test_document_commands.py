"""The commands in the documents do what they say: each block marked ``sh`` is run, in its order, beside a server.

A block that cannot be run here has another language, or a comment above it that says why: ``<!-- not run: reason -->``.
What documents write as http://127.0.0.1:8080 is the server of the test; /mnt, /srv and /etc are folders of its own, and
two files are there: cat.jpg and film.mkv.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.serving import clean_environ, start
from tests.support.source import ROOT, text_files

BLOCK = re.compile(
    r"(?:<!-- not run: (?P<why>[^>]+) -->\n)?^```(?P<language>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
TIMEOUT_S = 110


class Block(NamedTuple):
    """A fenced block of a document."""

    line: int
    language: str
    text: str
    why_not: str


def blocks_of(document: Path) -> list[Block]:
    text = document.read_text()
    return [
        Block(text[: match.start()].count("\n") + 1, match["language"], match["text"], match["why"] or "")
        for match in BLOCK.finditer(text)
    ]


def commands_of(document: Path) -> list[Block]:
    return [block for block in blocks_of(document) if block.language == "sh" and not block.why_not]


GUIDES = [path for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if commands_of(path)]


@pytest.mark.parametrize("document", GUIDES, ids=lambda path: path.name)
def test_the_commands_of_a_document_work(document: Path, tmp_path: Path) -> None:
    places = {f"/{name}/": f"{tmp_path}/{name}/" for name in ("mnt", "srv", "etc")}
    for place in places.values():
        Path(place).mkdir()
    for name in ("cat.jpg", "film.mkv"):
        (tmp_path / name).write_bytes(os.urandom(100_000))
    (tmp_path / ".curlrc").write_text("fail\n")  # without it, a refusal is no failure of the command
    script = "set -euo pipefail\n" + "\n".join(
        f"echo '--- {document.name}, line {block.line}' >&2\n{block.text}" for block in commands_of(document)
    )
    for name, place in places.items():
        script = re.sub(rf"(?<![\w.:/]){re.escape(name)}", place, script)
    with start(tmp_path / "davserver-data") as server:
        script = script.replace("http://127.0.0.1:8080", server.url.rstrip("/"))
        script = script.replace(".venv/bin/davserver", "davserver")
        environ = clean_environ() | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "DAVSERVER_LISTEN": f"{server.host}:{server.port}",
            "HOME": str(tmp_path),
        }
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_every_block_of_a_document_has_a_language() -> None:
    documents = [path for path in text_files() if path.suffix == ".md" and "adr" not in path.parts]
    unnamed = [f"{path.name}:{block.line}" for path in documents for block in blocks_of(path) if not block.language]
    assert unnamed == []
