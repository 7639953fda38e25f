r"""Names as they stand in manifest text.

Owns: the octal escapes of stream and file names.
Follows: Keep manifest format v1 (arvados doc/architecture/manifest-format): a byte is written ``\ooo``; readers
    differ, so only what the strictest accepts is read: a backslash begins exactly three octal digits up to ``\377``.
Invariants: ``unescape(escape(name)) == name`` for every name that is decoded UTF-8, also when undecodable bytes
    stand in it as lone surrogates (PEP 383); what ``escape`` returns is valid UTF-8.
"""

from __future__ import annotations

import re

from davserver.errors import InvalidName

# DEL is written by nobody else as an escape, yet it is a control character and the format has none.
_MUST_ESCAPE = re.compile(r"[\x00-\x20\x7f:\\\ud800-\udfff]")
_OCTAL = re.compile(r"[0-3][0-7][0-7]")


def escape(name: str) -> str:
    """Write a name, or a path with ``/``; raises InvalidName for a surrogate that stands for no byte."""
    return _MUST_ESCAPE.sub(_octal, name)


def unescape(text: str) -> str:
    """Read names: escapes become bytes, the bytes are decoded as UTF-8; raises InvalidName for a stray backslash.

    Many names at once, with any ASCII character between them, are read as fast as one.
    """
    if "\\" not in text:
        return text
    codes = {piece[:3] for piece in text.split("\\")[1:]}
    if not all(map(_OCTAL.fullmatch, codes)):
        raise InvalidName(text, "a backslash without three octal digits up to 377")
    raw = text.encode("utf-8", "surrogateescape")
    # Every backslash begins an escape, so replacing is exact until the replacement itself brings backslashes: last.
    for code in sorted(codes, key=lambda code: code == "134"):
        raw = raw.replace(b"\\" + code.encode(), bytes((int(code, 8),)))
    return raw.decode("utf-8", "surrogateescape")


def _octal(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code >= 0xD800:
        if not 0xDC80 <= code <= 0xDCFF:
            raise InvalidName(match.string, "a surrogate that is no character")
        code &= 0xFF
    return f"\\{code:03o}"
