"""Every client at home: what each sends (``tests/transcripts``), played against the server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.transcript import Player, read_transcript

TRANSCRIPTS = sorted((Path(__file__).parents[1] / "transcripts").glob("*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_the_client_hears_what_it_needs(dav, path):
    player = Player(dav.host, dav.port)
    exchanges = read_transcript(path)
    wrong = [
        f"{path.name}:{exchange.line}: {exchange.method} {exchange.path}: {complaint}"
        for exchange in exchanges
        for complaint in player.play(exchange)
    ]
    player.close()
    assert wrong == []
    assert len(exchanges) > 5


def test_every_client_has_one():
    clients = {path.stem for path in TRANSCRIPTS}
    assert clients >= {
        "cadaver", "curl", "cyberduck", "davfs2", "explorer", "finder-15", "finder-26", "gvfs", "ios", "kde",
        "libreoffice", "nextcloud", "office", "rclone", "winscp",
    }  # fmt: skip
