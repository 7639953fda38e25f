"""A book in an htpasswd file: a name, a colon and a hash in each line.

Owns: the file's syntax and the hashes that are taken: bcrypt (``htpasswd -B``) and argon2.
Never: writes it.
Follows: Apache's htpasswd(1). Its other hashes (MD5, SHA-1, crypt, plain text) are guessed too fast, and refused.
Invariant: the file is looked at with each request (one ``stat``), so who is taken out, or has another password, is so
at once; a file that cannot be read lets nobody in.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from os import stat_result
from pathlib import Path

import structlog

from davserver.access.credentials import normal
from davserver.access.passwordbackend import Entry
from davserver.access.passwords import MAX_BCRYPT_COST, Passwords, bcrypt_cost, decoy
from davserver.access.principal import is_name
from davserver.errors import Invalid, StoreUnavailable

MAX_BYTES = 16 << 20
_ARGON2 = re.compile(r"\$argon2(id|i|d)\$")

_log = structlog.get_logger("davserver.access")


@dataclass(frozen=True, slots=True)
class _Known:
    """The entries as of one state of the file."""

    state: tuple[int, ...]
    hashes: Mapping[str, str]


class Htpasswd:
    """The people in an htpasswd file. Threads: any."""

    def __init__(self, path: Path, passwords: Passwords) -> None:
        """Read the file. Errors: Invalid with the line that cannot be taken, StoreUnavailable if it cannot be read."""
        self._path = path
        self._passwords = passwords
        self._lock = threading.Lock()
        hashes, problems = parse(self._text())
        if problems:
            raise Invalid(f"{path}: {problems[0]}", hint="htpasswd -B FILE NAME writes a hash that is taken")
        self._known = _Known(_state(path.stat()), hashes)

    def find(self, name: str) -> Entry | None:
        """Return somebody's entry; its stamp is the hash. Raises StoreUnavailable if the file cannot be read."""
        hashed = self._current().hashes.get(name)
        return None if hashed is None else Entry(name, hashed)

    def check(self, entry: Entry | None, password: str) -> bool:
        """Tell whether the password is the one in the file."""
        if entry is None:
            self._passwords.verify(self._decoy, password)
            return False
        return self._passwords.verify(str(entry.stamp), password)

    @cached_property
    def _decoy(self) -> str:
        """A hash that costs what the most do, of what nobody knows."""
        costs = [cost for each in self._known.hashes.values() if (cost := bcrypt_cost(each)) is not None]
        return decoy(max(set(costs), key=costs.count)) if costs else decoy(5)

    def _current(self) -> _Known:
        try:
            state = _state(self._path.stat())
        except OSError as error:
            raise _unreadable(self._path, error) from error
        if state != self._known.state:
            with self._lock:
                if state != self._known.state:
                    hashes, problems = parse(self._text())
                    for problem in problems:
                        _log.warning("a line of the htpasswd file is not taken", file=str(self._path), reason=problem)
                    self._known = _Known(state, hashes)
        return self._known

    def _text(self) -> str:
        try:
            with self._path.open("rb") as file:
                return file.read(MAX_BYTES).decode()
        except (OSError, UnicodeDecodeError) as error:
            raise _unreadable(self._path, error) from error


def parse(text: str) -> tuple[dict[str, str], list[str]]:
    """Return the hashes by name, and what is wrong with the lines that are not taken; no problem quotes a hash."""
    hashes: dict[str, str] = {}
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, hashed = line.strip().partition(":")
        problem = _problem(normal(name), hashed) if colon else "is no name, colon and hash"
        if problem:
            problems.append(f"line {number} {problem}")
        else:
            hashes[normal(name)] = hashed
    return hashes, problems


def _problem(name: str, hashed: str) -> str:
    """Return what is wrong with an entry, "" if nothing is."""
    if not is_name(name):
        return "has a name that no account can have"
    if _ARGON2.match(hashed):
        return ""
    cost = bcrypt_cost(hashed)
    if cost is None:
        return f"({name}) has a hash that is neither bcrypt nor argon2: it is guessed too fast"
    if cost > MAX_BCRYPT_COST:
        return f"({name}) has a bcrypt hash of cost {cost}: more than {MAX_BCRYPT_COST} would hold a core for seconds"
    return ""


def _state(seen: stat_result) -> tuple[int, ...]:
    return seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_ino, seen.st_dev


def _unreadable(path: Path, error: Exception) -> StoreUnavailable:
    return StoreUnavailable(f"the htpasswd file {path} cannot be read: {error}")
