"""What is wrong with a manifest line, in words.

Owns: the rules of one line, one after the other, and the sentence for each.
Never: speed; ``parse`` decides in bulk whether a line is good and asks here only when it is not.
Follows: the union of what the Ruby validator, the Go loader and the Python client refuse.
"""

from __future__ import annotations

import re

from davserver.errors import InvalidName
from davserver.manifest.escape import unescape

_CONTROL = re.compile(r"[\x00-\x1f]")
_NUMBER = re.compile(r"[0-9]+\Z")
_HASH = re.compile(r"[0-9a-f]{32}\Z")
_HINT = re.compile(r"[A-Z][-A-Za-z0-9@_]*\Z")
_MAX_DIGITS = 19  # what a signed 64-bit number can hold; leading zeros do not count
_SHOWN = 80


def line_complaint(line: str) -> str | None:
    """Return the first thing that is wrong with a line (with its LF), None if nothing is."""
    if not line.endswith("\n"):
        return "no line feed at its end"
    text = line[:-1]
    if not text:
        return "blank, without a stream name"
    return (
        _text_complaint(text)
        or _spaces_complaint(text)
        or _name_complaint(text.split(" ", 1)[0])
        or _body_complaint(text.split(" ")[1:])
    )


def body_complaint(body: str) -> str | None:
    """Return the first thing that is wrong with a line's text after its stream name (without LF), None if nothing."""
    return _text_complaint(body) or _spaces_complaint(body) or _body_complaint(body.split(" "))


def _text_complaint(text: str) -> str | None:
    control = _CONTROL.search(text)
    if control is not None:
        return f"control character {control[0]!r} at column {control.start() + 1}"
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"not UTF-8 at column {error.start + 1}"
    return None


def _spaces_complaint(text: str) -> str | None:
    if text.startswith(" "):
        return "a space before the first token"
    if text.endswith(" "):
        return "a space after the last token"
    if "  " in text:
        return f"two spaces in a row at column {text.index('  ') + 1}"
    return None


def _name_complaint(name: str) -> str | None:
    if name == ".":
        return None
    where = f"stream name {_show(name)}"
    if not name.startswith("./"):
        return f"{where} does not begin with './'"
    return _path_complaint(name[2:], where)


def _path_complaint(token: str, where: str) -> str | None:
    try:
        path = unescape(token)
    except InvalidName as error:
        return f"{where} has {error.reason}"
    if "\0" in path:
        return f"{where} contains NUL"
    for name in path.split("/"):
        if not name:
            return f"{where} has an empty path component"
        if name in {".", ".."}:
            return f"{where} has a {name!r} path component"
    return None


def _body_complaint(tokens: list[str]) -> str | None:
    first_file = next((at for at, token in enumerate(tokens) if ":" in token), len(tokens))
    length = 0
    for token in tokens[:first_file]:
        problem = _locator_complaint(token)
        if problem:
            return f"{_show(token)} is neither a locator nor a file token: {problem}"
        length += int(token.split("+", 2)[1])
    if not first_file:
        return "no locator between stream name and file tokens" if tokens else "no locator after the stream name"
    if first_file == len(tokens):
        return "no file token after the locators"
    for token in tokens[first_file:]:
        problem = _file_complaint(token, length)
        if problem:
            return problem
    return None


def _locator_complaint(token: str) -> str | None:
    md5, *parts = token.split("+")
    if not _HASH.match(md5):
        return "no MD5 of 32 lower-case hexadecimal digits"
    if not parts:
        return "the size is missing"
    size, *hints = parts
    if not _NUMBER.match(size):
        return "the size does not follow the hash"
    if len(size) > _MAX_DIGITS:
        return "the size is too large"
    for hint in hints:
        if not _HINT.match(hint):
            return f"bad hint {_show(hint)}"
    return None


def _file_complaint(token: str, length: int) -> str | None:
    where = f"file token {_show(token)}"
    parts = token.split(":", 2)
    if len(parts) == 1:
        return f"{_show(token)} comes after a file token"
    if len(parts) == 2:
        return f"{where} is no 'position:size:name'"
    position, size, name = parts
    return (
        _number_complaint(position, f"{where} has a position")
        or _number_complaint(size, f"{where} has a size")
        or _file_path_complaint(token, name, where)
        or _range_complaint(position, size, length, where)
    )


def _number_complaint(text: str, where: str) -> str | None:
    if not _NUMBER.match(text):
        return f"{where} that is no number"
    return f"{where} that is too large" if len(text.lstrip("0")) > _MAX_DIGITS else None


def _file_path_complaint(token: str, name: str, where: str) -> str | None:
    if name not in {".", "\\056"}:
        return _path_complaint(name, where)
    return None if token.startswith("0:0:") else f"{where} names a directory, which has no bytes: '0:0:.'"


def _range_complaint(position: str, size: str, length: int, where: str) -> str | None:
    end = int(position.lstrip("0") or "0") + int(size.lstrip("0") or "0")
    return f"{where} reaches beyond the stream of {length} bytes" if end > length else None


def _show(token: str) -> str:
    return repr(token if len(token) <= _SHOWN else token[:_SHOWN] + "…")
