"""What only repair needs of a block directory: all that lies in it, and bringing good bytes back to their name.

Owns: which file in the directory is what; how a good copy comes to its block's name, and a damaged file away from it.
Never: deletes a byte, but for a second name of a file that has its right one.
Invariants: at every moment, a crash included, a block that could be read can be read. A file that is set aside keeps
its bytes under ``<md5>.damaged.<time>``; a keepstore takes no notice of such a name.
Threads, processes: any, beside a running server; names change under the lock that put, touch and trash take.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from davserver.blocks import layout
from davserver.blocks.blockfile import BlockFile
from davserver.blocks.failures import NO_HARD_LINKS, translated
from davserver.blocks.fs import Fs
from davserver.blocks.placement import Placement
from davserver.values import Clock, Locator

OWNER_MODE = 0o600
OTHERS_MAY_WRITE = 0o022


class Oddity(StrEnum):
    """What a file in the block directory is that is no block in its place."""

    TRASHED = "trashed"
    TEMPORARY = "temporary"
    ASIDE = "aside"
    MISPLACED = "misplaced"
    PERMISSIONS = "permissions"
    UNREADABLE = "unreadable"
    FOREIGN = "foreign"


class Odd(NamedTuple):
    """One such file: its path below the block directory, the MD5 in its name ("" if none), its size and mtime."""

    oddity: Oddity
    path: str
    md5: str = ""
    size: int = 0
    mtime_ns: int = 0
    detail: str = ""


class Rescue(Protocol):
    """Repairs of a block store; every method may be called again, and then finds nothing left to do."""

    def survey(self) -> Iterator[Odd]:
        """Yield all that is no block in its place, a directory at a time. Raises StoreUnavailable."""

    def copies(self, locator: Locator) -> list[str]:
        """List the files beside a block that hold its bytes, hash and size checked: in the trash, or never linked."""

    def bring_back(self, locator: Locator, candidates: Sequence[str] = ()) -> str | None:
        """Give a block that is missing or damaged the first good copy; returns where that was, None if there is none.

        Looked at are ``candidates`` (paths as ``survey`` gives them) and ``copies``. Durable on return.
        """

    def set_aside(self, locator: Locator) -> str | None:
        """Give a file whose bytes are not its block's another name; returns that, None if there is nothing to do.

        A file that the medium does not let us read stays: it may be read again one day.
        """

    def permit(self, path: str) -> None:
        """Let the owner alone write a file or directory, and read it."""


@runtime_checkable
class CanBeRescued(Protocol):
    """Optional: a store whose blocks can be repaired."""

    def rescue(self) -> Rescue | None:
        """Return its repairs; None if this store has none."""


class DirectoryRescue:
    """Repairs of a directory of blocks."""

    def __init__(
        self,
        root: Path,
        fs: Fs,
        placement: Placement,
        open_locked: Callable[[Locator], BlockFile | None],
        clock: Clock,
    ) -> None:
        self._root = root
        self._fs = fs
        self._placement = placement
        self._open_locked = open_locked
        self._clock = clock

    def survey(self) -> Iterator[Odd]:
        """Look at every name."""
        for name in self._names(self._root):
            if layout.is_directory(name):
                yield from self._survey_directory(name)
            elif layout.is_block(name):
                yield self._odd(Oddity.MISPLACED, name, name)
            elif layout.parse_claim(name) is None and not layout.is_marks(name):
                yield self._odd(Oddity.FOREIGN, name)

    def copies(self, locator: Locator) -> list[str]:
        """Hash what lies beside the block under another name of it."""
        directory = layout.directory_of(self._root, locator.md5)
        if not directory.is_dir():
            return []
        beside = [f"{directory.name}/{name}" for name in self._names(directory) if locator.md5 in name]
        return [path for path in beside if not path.endswith("/" + locator.md5) and self._holds(path, locator)]

    def bring_back(self, locator: Locator, candidates: Sequence[str] = ()) -> str | None:
        """Link the first good one to the block's name."""
        self._placement.refuse_after_failure()
        good = [path for path in candidates if self._holds(path, locator)]
        for path in [*good, *self.copies(locator)]:
            with translated(f"block {locator}"):
                if self._install(path, locator):
                    return path
        return None

    def set_aside(self, locator: Locator) -> str | None:
        """Rename it under its lock, once its hash was found wrong there."""
        self._placement.refuse_after_failure()
        with translated(f"block {locator}"):
            file = self._open_locked(locator)
            if file is None:
                return None
            with file:
                if file.md5() == locator.md5:
                    return None
                path = layout.path_of(self._root, locator.md5)
                aside = self._aside(locator)
                self._fs.rename(path, aside)
                self._placement.sync_directory(path.parent)
                return self._name(aside)

    def permit(self, path: str) -> None:
        """Change its mode."""
        with translated(f"block file {path}"):
            where = self._root / path
            mode = stat.S_IMODE(self._fs.status_of(where).st_mode)
            search = 0o100 if layout.is_directory(path) else 0
            self._fs.set_mode(where, (mode | OWNER_MODE | search) & ~OTHERS_MAY_WRITE)

    # Looking

    def _survey_directory(self, directory: str) -> Iterator[Odd]:
        wrong = self._wrong_mode(directory, OWNER_MODE | 0o100)
        if wrong is not None:
            yield wrong
        for name in self._names(self._root / directory):
            path = f"{directory}/{name}"
            trashed = layout.parse_trashed(name)
            if layout.is_block(name):
                wrong = self._wrong_mode(path, OWNER_MODE) if name.startswith(directory) else None
                if wrong is not None or not name.startswith(directory):
                    yield wrong or self._odd(Oddity.MISPLACED, path, name)
            elif trashed is not None:
                yield self._odd(Oddity.TRASHED, path, trashed[0], detail=str(trashed[1]))
            elif layout.is_temporary(name):
                yield self._odd(Oddity.TEMPORARY, path, name[3:35])
            elif layout.is_aside(name):
                yield self._odd(Oddity.ASIDE, path, name[:32])
            else:
                yield self._odd(Oddity.FOREIGN, path)

    def _odd(self, oddity: Oddity, path: str, md5: str = "", detail: str = "") -> Odd:
        try:
            status = self._fs.status_of(self._root / path)
        except OSError as error:
            return Odd(Oddity.UNREADABLE, path, md5, detail=error.strerror or str(error))
        return Odd(oddity, path, md5, status.st_size, status.st_mtime_ns, detail)

    def _wrong_mode(self, path: str, wanted: int) -> Odd | None:
        try:
            status = self._fs.status_of(self._root / path)
        except FileNotFoundError:
            return None  # trashed since the directory was listed
        except OSError as error:
            return Odd(Oddity.UNREADABLE, path, detail=error.strerror or str(error))
        mode = stat.S_IMODE(status.st_mode)
        if mode & wanted == wanted and not mode & OTHERS_MAY_WRITE:
            return None
        return Odd(Oddity.PERMISSIONS, path, size=status.st_size, mtime_ns=status.st_mtime_ns, detail=f"{mode:04o}")

    def _names(self, directory: Path) -> list[str]:
        with translated(f"block directory {directory}"):
            return sorted(self._fs.names(directory))

    def _holds(self, path: str, locator: Locator) -> bool:
        """Tell whether a file has a block's bytes; False also for one that cannot be read."""
        try:
            fd = self._fs.open_for_reading(self._root / path)
        except OSError:
            return False
        with BlockFile(self._fs, fd, locator) as file, suppress(OSError):
            return self._fs.status(fd).st_size == locator.size and not file.is_damaged()
        return False

    # Moving

    def _install(self, path: str, locator: Locator) -> bool:
        """Make a good file the block's; False if the block has become good meanwhile, or the file has gone."""
        source = self._root / path
        final = layout.path_of(self._root, locator.md5)
        self._make_durable(source)
        file = self._open_locked(locator)
        if file is None:
            return self._placement.publish(source, final)
        with file:
            if file.identity().size == locator.size and not file.is_damaged():
                return False
            self._keep(final, self._aside(locator))
            self._placement.replace(source, final)
        return True

    def _make_durable(self, source: Path) -> None:
        """Sync a file that somebody else may have written, and make it young."""
        fd = self._fs.open_for_reading(source)
        try:
            self._placement.sync_file(fd)
            self._fs.set_mtime(fd, int(self._clock() * 1e9))
        finally:
            self._fs.close(fd)

    def _keep(self, damaged: Path, aside: Path) -> None:
        """Give a damaged file a second name, so that replacing it destroys nothing."""
        try:
            self._fs.link(damaged, aside)
        except OSError as error:
            if error.errno not in NO_HARD_LINKS:
                raise
            self._fs.rename(damaged, aside)

    def _aside(self, locator: Locator) -> Path:
        """Choose a free name; nobody else does so for this block, since its lock is held."""
        now_ns = int(self._clock() * 1e9)
        while (path := layout.aside_path(self._root, locator.md5, now_ns)).exists():
            now_ns += 1
        return path

    def _name(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()
