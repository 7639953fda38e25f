"""Byte ranges, as pure functions.

Owns: the Range header to spans of a file.
Follows: RFC 9110 section 14.1.2 (syntax), 14.2 (when to ignore), 15.3.7.2 (several parts).
Invariants: spans do not overlap or touch, are not empty, lie within the file, and keep the order they were asked in;
    cost is bounded: more than ``MAX_RANGES`` ranges are not read at all (CVE-2011-3192 is the lesson).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from davserver.dav.faults import RangeNotSatisfiable

MAX_RANGES = 16
_DIGITS = 19
_USUAL = re.compile(rf"bytes=(\d{{1,{_DIGITS}}})-(\d{{1,{_DIGITS}}})\Z", re.ASCII)
_SPEC = re.compile(rf"(?:(\d{{1,{_DIGITS}}})-(\d{{1,{_DIGITS}}})?|-(\d{{1,{_DIGITS}}}))\Z", re.ASCII)


class Span(NamedTuple):
    """Bytes ``start`` up to, not including, ``stop``."""

    start: int
    stop: int

    def content_range(self, size: int) -> str:
        """Write the Content-Range of these bytes of a file of ``size`` bytes."""
        return f"bytes {self.start}-{self.stop - 1}/{size}"


def parse_range(header: str, size: int) -> tuple[Span, ...] | None:
    """Read a Range header for a file of ``size`` bytes.

    Returns None where the header is to be ignored and the whole file sent: another unit, bad syntax, a range that
    ends before it starts, too many ranges. Raises RangeNotSatisfiable if none of the ranges holds a byte of the file.
    """
    usual = _USUAL.match(header)
    if usual is not None:
        start, stop = int(usual[1]), int(usual[2]) + 1
        if start < min(stop, size):
            return (Span(start, min(stop, size)),)
    unit, equals, text = header.partition("=")
    if not equals or unit.strip(" \t").lower() != "bytes" or text.count(",") >= MAX_RANGES:
        return None
    spans = []
    asked = 0
    for item in text.split(","):
        spec = item.strip(" \t")
        if not spec:
            continue
        match = _SPEC.match(spec)
        if match is None or (match[2] and int(match[2]) < int(match[1])):
            return None
        asked += 1
        span = _span(match, size)
        if span.start < span.stop:
            spans.append(span)
    if not asked:
        return None
    if not spans:
        raise RangeNotSatisfiable(size)
    return _coalesce(spans)


def _span(match: re.Match[str], size: int) -> Span:
    first, last, suffix = match.groups()
    if suffix is not None:
        return Span(max(0, size - int(suffix)), size)
    return Span(int(first), size if last is None else min(size, int(last) + 1))


def _coalesce(spans: list[Span]) -> tuple[Span, ...]:
    """Join what overlaps or touches, in the place of the first that was asked for."""
    joined: list[Span] = []
    for span in spans:
        start, stop, place = span.start, span.stop, len(joined)
        for index in range(len(joined) - 1, -1, -1):
            other = joined[index]
            if other.start <= stop and start <= other.stop:
                start, stop, place = min(start, other.start), max(stop, other.stop), index
                del joined[index]
        joined.insert(place, Span(start, stop))
    return tuple(joined)
