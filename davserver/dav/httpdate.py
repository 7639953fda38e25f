"""HTTP dates: the three forms a client may send, the one we write.

Owns: text to whole seconds since the epoch and back.
Follows: RFC 9110 section 5.6.7 (IMF-fixdate, RFC 850, asctime); RFC 3339 for ``creationdate``.
Invariant: independent of the process's locale and time zone.
"""

from __future__ import annotations

import re
from calendar import timegm
from functools import lru_cache
from time import gmtime

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = {name: number for number, name in enumerate(_MONTHS, 1)}
_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_FORMS = (
    re.compile(
        r"[A-Z][a-z]{2}, (?P<day>\d\d) (?P<month>[A-Z][a-z]{2}) (?P<year>\d{4}) " + _CLOCK + r" GMT\Z", re.ASCII
    ),
    re.compile(
        r"[A-Z][a-z]{5,8}, (?P<day>\d\d)-(?P<month>[A-Z][a-z]{2})-(?P<year>\d\d) " + _CLOCK + r" GMT\Z", re.ASCII
    ),
    re.compile(r"[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) (?P<day>[ \d]\d) " + _CLOCK + r" (?P<year>\d{4})\Z", re.ASCII),
)
_TWO_DIGIT_PIVOT = 70
_DAY_S = 86_400
_TWO_DIGITS = tuple(f"{number:02d}" for number in range(60))


def format_date(seconds: int) -> str:
    """Write ``Sun, 06 Nov 1994 08:49:37 GMT``."""
    days, second = divmod(seconds, _DAY_S)
    return f"{_day(days)[0]} {_clock(second)} GMT"


def format_rfc3339(seconds: int) -> str:
    """Write ``1994-11-06T08:49:37Z``."""
    days, second = divmod(seconds, _DAY_S)
    return f"{_day(days)[1]}T{_clock(second)}Z"


@lru_cache(maxsize=1024)
def _day(days: int) -> tuple[str, str]:
    """Write a day, counted from the epoch, in both forms; listings hold few different ones."""
    t = gmtime(days * _DAY_S)
    return (
        f"{_DAYS[t.tm_wday]}, {t.tm_mday:02d} {_MONTHS[t.tm_mon - 1]} {t.tm_year:04d}",
        f"{t.tm_year:04d}-{t.tm_mon:02d}-{t.tm_mday:02d}",
    )


def _clock(second: int) -> str:
    minutes, seconds = divmod(second, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{_TWO_DIGITS[hours]}:{_TWO_DIGITS[minutes]}:{_TWO_DIGITS[seconds]}"


def parse_date(text: str) -> int | None:
    """Read any of the three forms; None for everything else (a recipient ignores what it cannot read)."""
    for form in _FORMS:
        match = form.match(text)
        if match is not None:
            return _seconds(match.groupdict())
    return None


def _seconds(parts: dict[str, str]) -> int | None:
    month = _MONTH.get(parts["month"])
    if month is None:
        return None
    year = int(parts["year"])
    if len(parts["year"]) == 2:
        year += 1900 if year >= _TWO_DIGIT_PIVOT else 2000
    fields = (year, month, int(parts["day"]), int(parts["hour"]), int(parts["minute"]), int(parts["second"]))
    seconds = timegm((*fields, 0, 0, 0))
    leap = 1 if fields[5] == 60 else 0
    return seconds if gmtime(seconds - leap)[:5] == fields[:5] else None
