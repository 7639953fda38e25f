"""Conditional requests: RFC 9110 section 13, and what WsgiDAV gets wrong about it."""

import pytest

from davserver.dav.conditional import (
    NO_CONDITIONS,
    Conditions,
    ReadOutcome,
    Validators,
    check_read,
    check_write,
    range_applies,
)
from davserver.dav.faults import BadRequest
from davserver.dav.httpdate import format_date
from davserver.errors import PreconditionFailed

MODIFIED = 1_700_000_000
NOW = MODIFIED + 1000.0
CURRENT = Validators("abc", MODIFIED)
AT = format_date(MODIFIED)
BEFORE = format_date(MODIFIED - 1)
AFTER = format_date(MODIFIED + 1)


def conditions(**headers: str) -> Conditions:
    return Conditions.of({name.replace("_", "-"): value for name, value in headers.items()})


def test_a_request_without_conditions_shares_one_value():
    assert conditions() is NO_CONDITIONS


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        ({"If_Modified_Since": AT}, ReadOutcome.NOT_MODIFIED),  # the equality Finder relies on
        ({"If_Modified_Since": AFTER}, ReadOutcome.NOT_MODIFIED),
        ({"If_Modified_Since": BEFORE}, ReadOutcome.PROCEED),
        ({"If_Modified_Since": "yesterday"}, ReadOutcome.PROCEED),
        ({"If_None_Match": '"abc"'}, ReadOutcome.NOT_MODIFIED),
        ({"If_None_Match": 'W/"abc"'}, ReadOutcome.NOT_MODIFIED),
        ({"If_None_Match": '"x", "abc"'}, ReadOutcome.NOT_MODIFIED),
        ({"If_None_Match": "*"}, ReadOutcome.NOT_MODIFIED),
        ({"If_None_Match": '"x"'}, ReadOutcome.PROCEED),
        ({"If_None_Match": '"abc"', "If_Modified_Since": BEFORE}, ReadOutcome.NOT_MODIFIED),
        ({"If_None_Match": '"abc"', "If_Modified_Since": AFTER}, ReadOutcome.NOT_MODIFIED),
        ({"If_None_Match": '"x"', "If_Modified_Since": AFTER}, ReadOutcome.PROCEED),
        ({"If_Match": '"abc"'}, ReadOutcome.PROCEED),
        ({"If_Match": "*"}, ReadOutcome.PROCEED),
        ({"If_Match": '"abc"', "If_Unmodified_Since": BEFORE}, ReadOutcome.PROCEED),
        ({"If_Unmodified_Since": AT}, ReadOutcome.PROCEED),
        ({"If_Unmodified_Since": "no date"}, ReadOutcome.PROCEED),
        ({"If_Match": '"abc"', "If_None_Match": '"abc"'}, ReadOutcome.NOT_MODIFIED),
    ],
)
def test_reading(headers, outcome):
    assert check_read(conditions(**headers), CURRENT) is outcome


@pytest.mark.parametrize(
    "headers",
    [
        {"If_Match": '"x"'},
        {"If_Match": 'W/"abc"'},
        {"If_Unmodified_Since": BEFORE},
        {"If_Match": '"x"', "If_None_Match": '"abc"'},
        {"If_Match": '"x"', "If_Unmodified_Since": AFTER},
    ],
)
def test_a_failed_precondition_of_a_read_wins_over_304(headers):
    with pytest.raises(PreconditionFailed):
        check_read(conditions(**headers), CURRENT)


@pytest.mark.parametrize(
    ("headers", "current"),
    [
        ({"If_Match": "*"}, None),
        ({"If_Match": '"abc"'}, None),
        ({"If_Match": '"x"'}, CURRENT),
        ({"If_None_Match": "*"}, CURRENT),
        ({"If_None_Match": "*"}, Validators(None, None)),
        ({"If_None_Match": '"abc"'}, CURRENT),
        ({"If_Unmodified_Since": BEFORE}, CURRENT),
    ],
)
def test_a_write_is_refused(headers, current):
    with pytest.raises(PreconditionFailed):
        check_write(conditions(**headers), current)


@pytest.mark.parametrize(
    ("headers", "current"),
    [
        ({}, None),
        ({"If_None_Match": "*"}, None),
        ({"If_Match": "*"}, Validators(None, None)),
        ({"If_Match": '"y" , ,"abc"'}, CURRENT),
        ({"If_Unmodified_Since": AT}, CURRENT),
        ({"If_Unmodified_Since": BEFORE}, None),
        ({"If_Modified_Since": AFTER}, CURRENT),  # means nothing for a write
    ],
)
def test_a_write_may_go_on(headers, current):
    check_write(conditions(**headers), current)


@pytest.mark.parametrize("text", ["abc", '"abc', '"a" "b"x', "", " , ", '"abc", *', 'w/"abc"'])
def test_a_malformed_list_of_tags_is_refused_rather_than_ignored(text):
    with pytest.raises(BadRequest):
        conditions(If_Match=text)


@pytest.mark.parametrize(
    ("if_range", "applies"),
    [
        (None, True),
        ('"abc"', True),
        ('"x"', False),
        ('W/"abc"', False),
        (AT, True),
        (BEFORE, False),
        (AFTER, False),
        ("garbage", False),
    ],
)
def test_if_range(if_range, applies):
    assert range_applies(if_range, CURRENT, NOW) is applies


def test_a_date_of_the_running_second_is_too_weak_for_if_range():
    assert not range_applies(AT, CURRENT, MODIFIED + 0.5)
