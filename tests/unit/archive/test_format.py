"""The records of a zip: their lengths are known before they are written, their fields are what readers expect."""

from __future__ import annotations

import zlib
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davserver.archive.crc import combine
from davserver.archive.format import (
    LATE_BYTES,
    Member,
    central_header,
    central_header_length,
    descriptor,
    descriptor_length,
    dos_time,
    end_records,
    local_header,
    local_header_length,
)

EDGE = 0xFFFFFFFF
SIZES = st.sampled_from([0, 1, LATE_BYTES, LATE_BYTES + 1, EDGE - 1, EDGE, EDGE + 1, 1 << 45])
members = st.builds(
    Member,
    name=st.binary(min_size=1, max_size=30),
    is_utf8=st.booleans(),
    is_folder=st.just(False),
    size=SIZES,
    mtime_s=st.one_of(st.integers(-(1 << 33), 1 << 33), st.integers(0, 1 << 30)),
)


@given(members, st.sampled_from([0, EDGE - 1, EDGE, 1 << 40]), st.integers(0, EDGE))
def test_a_record_is_as_long_as_it_was_said_to_be(member: Member, place: int, crc: int) -> None:
    assert len(local_header(member, crc, UTC)) == local_header_length(member)
    assert len(central_header(member, place, crc, UTC)) == central_header_length(member, place)
    if member.is_late:
        assert len(descriptor(member, crc)) == descriptor_length(member)
    else:
        assert descriptor_length(member) == 0


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_the_sums_of_two_pieces_give_the_sum_of_both(first: bytes, second: bytes) -> None:
    assert combine(zlib.crc32(first), zlib.crc32(second), len(second)) == zlib.crc32(first + second)


def test_the_sum_of_a_piece_of_many_gigabytes_is_combined_too() -> None:
    zeros = combine(zlib.crc32(b""), zlib.crc32(bytes(1 << 20)), 1 << 20)
    length = 1 << 20
    while length < 1 << 36:
        zeros, length = combine(zeros, zeros, length), 2 * length
    once = combine(zlib.crc32(b"before"), zeros, length)
    stepwise = zlib.crc32(b"before")
    for _ in range(4):
        stepwise = combine(stepwise, _quarter(length), length // 4)
    assert once == stepwise


def _quarter(length: int) -> int:
    crc, done = zlib.crc32(bytes(1 << 20)), 1 << 20
    while done < length // 4:
        crc, done = combine(crc, crc, done), 2 * done
    return crc


@pytest.mark.parametrize(
    ("seconds", "zone", "expected"),
    [
        (1_700_000_000, "UTC", (2023, 11, 14, 22, 13, 20)),
        (1_700_000_000, "Europe/Berlin", (2023, 11, 14, 23, 13, 20)),
        (1_690_000_001, "Europe/Berlin", (2023, 7, 22, 6, 26, 40)),
        (-5, "UTC", (1980, 1, 1, 0, 0, 0)),
        (315_532_800, "America/New_York", (1980, 1, 1, 0, 0, 0)),
        (1 << 40, "UTC", (2107, 12, 31, 23, 59, 58)),
        (1 << 40, "Pacific/Auckland", (2107, 12, 31, 23, 59, 58)),
    ],
)
def test_times_are_local_in_steps_of_two_seconds_and_within_what_dos_knows(seconds, zone, expected) -> None:
    time, date = dos_time(seconds, ZoneInfo(zone))
    got = (1980 + (date >> 9), date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63, (time & 31) * 2)
    assert got == expected


@pytest.mark.parametrize(
    ("members", "place", "length", "is_wide"),
    [
        (1, 100, 100, False),
        (0xFFFE, 100, 100, False),
        (0xFFFF, 100, 100, True),
        (1, EDGE, 100, True),
        (1, 100, EDGE, True),
    ],
)
def test_the_end_is_wide_only_where_it_must(members: int, place: int, length: int, *, is_wide: bool) -> None:
    end = end_records(members, place, length)
    assert len(end) == (22 + 56 + 20 if is_wide else 22)
    assert end[-22:-18] == b"PK\5\6"
