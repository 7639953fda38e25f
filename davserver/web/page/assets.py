"""What the page is made of beside its HTML: style sheet, modules, icons.

Owns: which files are served, and their address: ``/_/assets/HASH/NAME``, HASH being that of all of them together.
Why one hash: modules name each other by relative addresses, so nothing has to be built, and a change of any of them
changes the address of all; so what a browser has under an address stays right for ever.
Invariant: nothing is served but what was read when the process started: no path leads out of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from davserver.web.responses import Answer, failure

FOLDER = Path(__file__).parents[1] / "assets"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
_FOREVER = ("Cache-Control", "public, max-age=31536000, immutable")
_OF_ANOTHER_RELEASE = ("Cache-Control", "no-store")


class Assets:
    """The files of a folder, by their relative names. Threads: any."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in _files(folder)}
        digest = sha256()
        for name, content in sorted(self._files.items()):
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        self.hash = digest.hexdigest()[:16]

    def path(self, name: str) -> str:
        """Return the path of a file below ``/_/``."""
        return f"assets/{self.hash}/{name}"

    def names(self, suffix: str) -> list[str]:
        """List the files of a kind."""
        return sorted(name for name in self._files if name.endswith(suffix))

    def answer(self, asked_hash: str, name: str) -> Answer:
        """Answer with a file.

        While two releases serve side by side, a page of one may ask the other: it gets what there is, to use once.
        """
        content = self._files.get(name)
        if content is None:
            return failure(404, "no such asset")
        caching = _FOREVER if asked_hash == self.hash else _OF_ANOTHER_RELEASE
        return Answer(200, content, _TYPES[Path(name).suffix], [caching])


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if path.suffix in _TYPES)
