r"""Text that strangers had a hand in, made fit for a terminal or a log.

Owns: which characters are written as their number: ``\u001b``, as JSON does; which parts of a URL are left out.
Follows: ECMA-48 (a terminal takes orders behind ESC and behind the C1 controls, U+0080 to U+009F), Unicode UAX #9
    (marks that turn the order of what is shown), and what else readers of logs take for the end of a line: U+0085,
    U+2028, U+2029.
Invariant: the result is one line, can be encoded, and shows everything that was there.
"""

from __future__ import annotations

import re

_PASSWORD = re.compile(r"(://[^:/?#@]*:).*@")
_SECRET = re.compile(r"(?i)([?&][^=&#]*(?:secret|password|token|key)[^=&#]*=)[^&#]*")
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Return the text as one line without a character that does anything."""
    return text if text.isprintable() else _UNFIT.sub(_number, text)


def printable_lines(text: str) -> str:
    """Return lines (ended by LF alone) of which each is printable: for what we laid out ourselves."""
    return "\n".join(map(printable, text.split("\n")))


def printable_url(url: str) -> str:
    """Return a URL with ``***`` in the place of its password, and of what its query calls a secret."""
    return printable(_SECRET.sub(r"\1***", _PASSWORD.sub(r"\1***@", url)))


def _number(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
