"""What a client may expect of the server: the world as its answers made it, request by request.

An ``Expected`` is a value; a request makes another one of it. It covers the part of the server that one client owns and
nobody else changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

Properties = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Thing:
    """A file (its bytes and its ETag, None: not told yet) or a folder (both None), and its dead properties."""

    content: bytes | None = None
    etag: str | None = None
    properties: Properties = ()

    def allows(self, found: Thing) -> bool:
        """Tell whether what was found is this."""
        same = (self.content, self.properties) == (found.content, found.properties)
        return same and self.etag in {None, found.etag}


FOLDER = Thing()


@dataclass(frozen=True, slots=True)
class Sent:
    """An upload in parts: what was acknowledged of it; ``complete``: it became a file."""

    data: bytes = b""
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Expected:
    """Things by path, lock tokens to paths, uploads by token, (collection, version) to portable data hash."""

    things: dict[str, Thing] = field(default_factory=dict)
    locks: dict[str, str] = field(default_factory=dict)
    uploads: dict[str, Sent] = field(default_factory=dict)
    versions: dict[tuple[str, int], str] = field(default_factory=dict)

    def with_thing(self, path: str, thing: Thing) -> Expected:
        """Put a thing at a path."""
        return replace(self, things={**self.things, path: thing})

    def with_folder(self, path: str) -> Expected:
        """Put an empty folder at a path."""
        return self.with_thing(path, FOLDER)

    def without(self, removed: str) -> Expected:
        """Remove what is at a path and below it."""
        return replace(self, things={path: thing for path, thing in self.things.items() if not within(path, removed)})

    def below(self, folder: str) -> dict[str, Thing]:
        """Return what is at a path and below it, by the rest of the path."""
        return {path[len(folder) :]: thing for path, thing in self.things.items() if within(path, folder)}

    def with_upload(self, token: str, sent: Sent) -> Expected:
        """Note how far an upload is."""
        return replace(self, uploads={**self.uploads, token: sent})


def within(path: str, folder: str) -> bool:
    """Tell whether a path is a folder's or below it."""
    return path == folder or path.startswith(f"{folder}/")
