"""Manifest text to streams.

Owns: which text is a manifest (syntax, names, ranges); what holds between lines (a path that is a file and a
    directory) is judged where the tree is built, in ``collection.load``.
Never: I/O.
Follows: Keep manifest format v1; strict as the union of the known parsers.
Invariants: every token's range lies within its stream; paths have no empty, ``.`` or ``..`` component, escaped or not,
    save the path ``.`` of size 0 alone, which marks an empty directory.

A line is checked as a whole, by a few passes that run in C, since a listing waits for it; only a line that does not
pass is looked at token by token, for the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from operator import add
from typing import NamedTuple

from davserver.errors import InvalidName, ManifestError
from davserver.manifest.complaint import body_complaint, line_complaint
from davserver.manifest.escape import unescape
from davserver.values import Locator

EMPTY_DIRECTORY_PATH = "."

# Each pattern begins with the space before its token and runs to the token's end, so as many matches as spaces
# means that every token matched.
_LOCATOR = re.compile(r" (([0-9a-f]{32})\+([0-9]{1,19})((?:\+[A-Z][-A-Za-z0-9@_]*+)*+))(?![^ ])")
_FILE = re.compile(r" 0*([0-9]{1,19}):0*([0-9]{1,19}):([^\x00-\x20]++)(?![\x00-\x1f])")
_CONTROL = re.compile(r"[\x00-\x1f]")
_MARKERS = frozenset({"0:0:.", "0:0:\\056"})
_BAD_COMPONENTS = frozenset({"", ".", ".."})
_SHARED_LOCATORS = 1 << 16


class FileToken(NamedTuple):
    """``size`` bytes of the stream from ``position`` on are (a part of) the file ``path``, which is unescaped."""

    position: int
    size: int
    path: str


class Stream(NamedTuple):
    """One line: ``name`` is ``.`` or ``./a/b``, unescaped."""

    name: str
    locators: tuple[Locator, ...]
    tokens: list[FileToken]


class _MalformedError(Exception):
    """The line does not pass; the reason is to be found."""


_file_token: Callable[[tuple[int, int, str]], FileToken] = partial(tuple.__new__, FileToken)


def iter_streams(text: str | Iterable[str]) -> Iterator[Stream]:
    """Yield the streams of a text, or of its lines (each with its LF); one line is in memory at a time.

    Equal locators are one object, within a bound. Raises ManifestError.
    """
    shared: dict[str, Locator] = {}
    for number, line in enumerate(_lines(text) if isinstance(text, str) else text, 1):
        if len(shared) > _SHARED_LOCATORS:
            shared.clear()
        yield parse_stream(line, number, shared)


def parse_stream(line: str, number: int, shared: dict[str, Locator] | None = None) -> Stream:
    """Parse one line with its LF; ``shared`` collects locators by their text. Raises ManifestError."""
    name, _, rest = line.partition(" ")
    try:
        return Stream(_stream_name(name), *_body(" " + _without_lf(rest), shared if shared is not None else {}))
    except (_MalformedError, InvalidName) as error:
        raise ManifestError(number, line_complaint(line) or "malformed") from error


def parse_files(body: str) -> tuple[tuple[Locator, ...], list[FileToken]]:
    """Parse a line without stream name and LF, as directory records keep it; "" is a directory without own files."""
    if not body:
        return (), []
    try:
        return _body(" " + body, {})
    except (_MalformedError, InvalidName) as error:
        raise ManifestError(1, body_complaint(body) or "malformed") from error


def parse_locators(text: str) -> tuple[Locator, ...]:
    """Parse the locators of a stream alone; raises ManifestError."""
    try:
        return _locators(" " + text, {})
    except _MalformedError as error:
        raise ManifestError(1, "a malformed locator") from error


def parse_tokens(text: str, length: int) -> list[FileToken]:
    """Parse some of the file tokens of a stream of ``length`` bytes, a space before each; raises ManifestError."""
    try:
        return _files(text, length)
    except (_MalformedError, InvalidName) as error:
        raise ManifestError(1, "a malformed file token") from error


def _lines(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def _without_lf(text: str) -> str:
    if not text.endswith("\n"):
        raise _MalformedError
    return text[:-1]


def _stream_name(text: str) -> str:
    if text == ".":
        return text
    if not text.startswith("./") or _CONTROL.search(text):
        raise _MalformedError
    _check_utf8(text)
    return "./" + _path(text[2:])


def _check_utf8(text: str) -> None:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _MalformedError from None


def _body(body: str, shared: dict[str, Locator]) -> tuple[tuple[Locator, ...], list[FileToken]]:
    """Parse `` locator... file...``; the colon of the first file token tells where the locators end."""
    files_at = body.rfind(" ", 0, body.find(":") + 1)
    if files_at <= 0:
        raise _MalformedError
    locators = _locators(body[:files_at], shared)
    return locators, _files(body[files_at:], sum([locator.size for locator in locators]))


def _locators(text: str, shared: dict[str, Locator]) -> tuple[Locator, ...]:
    found = _LOCATOR.findall(text)
    if len(found) != text.count(" "):
        raise _MalformedError
    locators = []
    for token, md5, size, hints in found:
        locator = shared.get(token)
        if locator is None:
            locator = shared[token] = Locator(md5, int(size), tuple(hints[1:].split("+")) if hints else ())
        locators.append(locator)
    return tuple(locators)


def _files(text: str, length: int) -> list[FileToken]:
    found = _FILE.findall(text)
    if not found or len(found) != text.count(" "):
        raise _MalformedError
    _check_utf8(text)
    position_texts, size_texts, names = zip(*found, strict=True)
    positions = list(map(int, position_texts))
    sizes = list(map(int, size_texts))
    if max(map(add, positions, sizes)) > length:
        raise _MalformedError
    if "\\" in text or "/" in text or ":." in text:
        names = _paths(text, names)
    return list(map(_file_token, zip(positions, sizes, names, strict=True)))


def _paths(text: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Unescape and check file paths; only whole tokens that say so mark an empty directory."""
    if "." in names or "\\056" in names:
        tokens = text[1:].split(" ")
        return tuple([_file_path(token, name) for token, name in zip(tokens, names, strict=True)])
    joined = unescape("\n".join(names))
    if joined.count("\n") != len(names) - 1:  # a name holds an escaped line feed
        return tuple([_path(name) for name in names])
    if "/" in joined or "\0" in joined or "\n." in joined or joined.startswith("."):
        return tuple([_checked(path) for path in joined.split("\n")])
    return tuple(joined.split("\n"))


def _file_path(token: str, name: str) -> str:
    return EMPTY_DIRECTORY_PATH if token in _MARKERS else _path(name)


def _path(text: str) -> str:
    return _checked(unescape(text))


def _checked(path: str) -> str:
    if "\0" in path or not _BAD_COMPONENTS.isdisjoint(path.split("/")):
        raise _MalformedError
    return path
