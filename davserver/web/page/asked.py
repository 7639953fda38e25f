"""What a request asks of a listing, in its query: the same words for the page and for scripts.

``sort`` (name, size, modified), ``order`` (asc, desc), ``offset``, ``limit``, ``find`` (a part of names), ``deep`` (1:
in all that is below, too).
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qs

from davserver.errors import Invalid

SORTS = ("name", "size", "modified")
DEFAULT_LIMIT = 200
MAX_LIMIT = 1000
MAX_FIND_CHARS = 255
_NUMBER = re.compile(r"[0-9]{1,12}\Z", re.ASCII)


class Asked(NamedTuple):
    """A listing, as it was asked for."""

    sort: str = "name"
    descending: bool = False
    offset: int = 0
    limit: int = DEFAULT_LIMIT
    find: str = ""
    deep: bool = False


def parse_query(query: str) -> Asked:
    """Read a query; raises Invalid for a value that cannot be meant. Unknown words are for others."""
    try:
        words = parse_qs(query, keep_blank_values=True, errors="strict", max_num_fields=32)
    except ValueError as error:
        raise Invalid(f"a query that cannot be read: {error}") from None
    last = {word: values[-1] for word, values in words.items()}
    find = last.get("find", "")
    if len(find) > MAX_FIND_CHARS:
        raise Invalid(f"find: more than {MAX_FIND_CHARS} characters")
    return Asked(
        sort=_one_of("sort", last.get("sort", "name"), SORTS),
        descending=_one_of("order", last.get("order", "asc"), ("asc", "desc")) == "desc",
        offset=_number("offset", last.get("offset", "0")),
        limit=min(_number("limit", last.get("limit", str(DEFAULT_LIMIT))), MAX_LIMIT),
        find=find,
        deep=_one_of("deep", last.get("deep", "0"), ("0", "1")) == "1",
    )


def _one_of(word: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise Invalid(f"{word}: one of {', '.join(choices)}, not {value[:40]!r}")
    return value


def _number(word: str, value: str) -> int:
    if not _NUMBER.match(value):
        raise Invalid(f"{word}: a whole number, not {value[:40]!r}")
    return int(value)
