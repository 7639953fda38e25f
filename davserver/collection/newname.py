"""What a new name may be, wherever it comes from.

Never: holds for what is there: imported trees may have other names, and they stay readable.
"""

from __future__ import annotations

import re

from davserver.errors import InvalidName, NameTooLong
from davserver.values import check_name

MAX_NAME_BYTES = 1024
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def check_new_name(name: str) -> None:
    """Refuse a name that would be hard to get rid of: controls, lone surrogates, too long. Raises InvalidName."""
    check_name(name)
    if _CONTROL.search(name):
        raise InvalidName(name, "contains a control character")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise NameTooLong(name, MAX_NAME_BYTES)
