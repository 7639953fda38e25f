"""HTTP dates: the three forms a client may send, the one we write.

Owns: text to whole seconds since the epoch and back.
Follows: RFC 9110 section 5.6.7 (IMF-fixdate, RFC 850, asctime); RFC 3339 for ``creationdate``, both ways.
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
_RFC3339 = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[Tt ](?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
    r"(?:\.\d{1,9})?(?:[Zz]|(?P<sign>[+-])(?P<east_h>\d\d):(?P<east_m>\d\d))\Z",
    re.ASCII,
)
_TWO_DIGIT_PIVOT = 70
_DAY_S = 86_400
_MINUTES = tuple(f"{number // 60:02d}:{number % 60:02d}:" for number in range(24 * 60))
_SECONDS = tuple(f"{number:02d}" for number in range(60))


def format_date(seconds: int) -> str:
    """Write ``Sun, 06 Nov 1994 08:49:37 GMT``."""
    days, second = divmod(seconds, _DAY_S)
    return f"{_day(days)[0]} {_MINUTES[second // 60]}{_SECONDS[second % 60]} GMT"


def format_rfc3339(seconds: int) -> str:
    """Write ``1994-11-06T08:49:37Z``."""
    days, second = divmod(seconds, _DAY_S)
    return f"{_day(days)[1]}T{_MINUTES[second // 60]}{_SECONDS[second % 60]}Z"


@lru_cache(maxsize=1024)
def _day(days: int) -> tuple[str, str]:
    """Write a day, counted from the epoch, in both forms; listings hold few different ones."""
    t = gmtime(days * _DAY_S)
    return (
        f"{_DAYS[t.tm_wday]}, {t.tm_mday:02d} {_MONTHS[t.tm_mon - 1]} {t.tm_year:04d}",
        f"{t.tm_year:04d}-{t.tm_mon:02d}-{t.tm_mday:02d}",
    )


def parse_date(text: str) -> int | None:
    """Read any of the three forms; None for everything else (a recipient ignores what it cannot read)."""
    for form in _FORMS:
        match = form.match(text)
        if match is not None:
            return _seconds(match.groupdict())
    return None


def parse_rfc3339(text: str) -> int | None:
    """Read a time of RFC 3339, with any offset, to the second; None for everything else."""
    match = _RFC3339.match(text)
    if match is None:
        return None
    parts = match.groupdict()
    seconds = _since_epoch(int(parts["year"]), int(parts["month"]), parts)
    if seconds is None or parts["sign"] is None:
        return seconds
    east_s = int(parts["east_h"]) * 3600 + int(parts["east_m"]) * 60
    return seconds - east_s if parts["sign"] == "+" else seconds + east_s


def _seconds(parts: dict[str, str]) -> int | None:
    month = _MONTH.get(parts["month"])
    if month is None:
        return None
    year = int(parts["year"])
    if len(parts["year"]) == 2:
        year += 1900 if year >= _TWO_DIGIT_PIVOT else 2000
    return _since_epoch(year, month, parts)


def _since_epoch(year: int, month: int, parts: dict[str, str]) -> int | None:
    """Count the seconds; None for a day or an hour that does not exist."""
    fields = (year, month, int(parts["day"]), int(parts["hour"]), int(parts["minute"]), int(parts["second"]))
    if not (1 <= year <= 9999 and 1 <= month <= 12):
        return None
    seconds = timegm((*fields, 0, 0, 0))
    leap = 1 if fields[5] == 60 else 0
    return seconds if gmtime(seconds - leap)[:5] == fields[:5] else None
