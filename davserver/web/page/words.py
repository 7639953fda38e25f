"""Sizes and times as people read them, where no script runs. With one, the browser's own language is used."""

from __future__ import annotations

from datetime import UTC, datetime

_UNITS = ("kB", "MB", "GB", "TB", "PB")


def size(count: int | None) -> str:
    """Write a number of bytes with three digits; a dash if nobody knows."""
    if count is None:
        return "–"
    if count < 1000:
        return f"{count} B"
    amount = float(count)
    for unit in _UNITS:
        amount /= 1000
        if amount < 999.5 or unit == _UNITS[-1]:
            break
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:.0f} {unit}"


def moment(seconds: int) -> str:
    """Write a time for machines: RFC 3339, UTC."""
    return _at(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(seconds: int) -> str:
    """Write a time for people, UTC."""
    return _at(seconds).strftime("%Y-%m-%d %H:%M")


def shown(name: str) -> str:
    """Return a name as it can be shown: what is no Unicode as question marks."""
    return name.encode("utf-8", "replace").decode()


def _at(seconds: int) -> datetime:
    """Return a time; those that a calendar cannot hold are moved to its ends."""
    return datetime.fromtimestamp(min(max(seconds, -62_135_596_800), 253_402_300_799), UTC)
