"""Byte ranges: RFC 9110 section 14, and what WsgiDAV gets wrong about it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davserver.dav.faults import RangeNotSatisfiable
from davserver.dav.ranges import MAX_RANGES, Span, parse_range


@pytest.mark.parametrize(
    ("header", "spans"),
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=0-", [(0, 10)]),
        ("bytes=5-100", [(5, 10)]),
        ("bytes=-3", [(7, 10)]),
        ("bytes=-100", [(0, 10)]),
        ("Bytes=0-0", [(0, 1)]),
        ("bytes= 0-0 , 2-3", [(0, 1), (2, 4)]),
        ("bytes=0-0,3-4", [(0, 1), (3, 5)]),
        ("bytes=3-4,0-0", [(3, 5), (0, 1)]),
        ("bytes=0-1,2-3", [(0, 4)]),
        ("bytes=0-5,3-8", [(0, 9)]),
        ("bytes=8-9,0-1,1-8", [(0, 10)]),
        ("bytes=0-0,20-30", [(0, 1)]),
        ("bytes=0-0,,3-3", [(0, 1), (3, 4)]),
        ("bytes=0-99999999999999999", [(0, 10)]),
    ],
)
def test_satisfiable_ranges(header, spans):
    assert parse_range(header, 10) == tuple(Span(*span) for span in spans)


@pytest.mark.parametrize(
    "header",
    [
        "bytes=3-1",
        "bytes=0-0,3-1",
        "bytes=a-b",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes",
        "items=0-1",
        "bytes=0-1_0",
        "bytes=0x1-2",
        "bytes=--1",
        "bytes=0-0-0",
        "bytes=" + "9" * 20 + "-",
        "bytes=" + ",".join(f"{2 * n}-{2 * n}" for n in range(MAX_RANGES + 1)),
    ],
)
def test_a_header_that_makes_no_sense_is_ignored(header):
    assert parse_range(header, 10) is None


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0), ("bytes=-5", 0)])
def test_nothing_to_send_is_unsatisfiable(header, size):
    with pytest.raises(RangeNotSatisfiable) as caught:
        parse_range(header, size)
    assert caught.value.size == size


def test_content_range():
    assert Span(2, 5).content_range(10) == "bytes 2-4/10"


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), min_size=1, max_size=MAX_RANGES))
def test_spans_cover_what_was_asked_and_never_overlap_or_touch(asked):
    size = 50
    header = "bytes=" + ",".join(f"{start}-{start + length}" for start, length in asked)
    wanted = {n for start, length in asked for n in range(start, min(size, start + length + 1))}
    if not wanted:
        with pytest.raises(RangeNotSatisfiable):
            parse_range(header, size)
        return
    spans = parse_range(header, size)
    assert spans is not None
    covered = [n for span in spans for n in range(span.start, span.stop)]
    assert sorted(covered) == sorted(wanted)
    ordered = sorted(spans)
    assert all(left.stop < right.start for left, right in itertools.pairwise(ordered))
