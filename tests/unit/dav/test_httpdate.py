"""HTTP dates."""

import pytest

from davserver.dav.httpdate import format_date, format_rfc3339, parse_date

SECONDS = 784_111_777


@pytest.mark.parametrize(
    "text",
    ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
)
def test_the_three_forms_name_one_second(text):
    assert parse_date(text) == SECONDS


def test_what_is_written_reads_back():
    assert format_date(SECONDS) == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert parse_date(format_date(SECONDS)) == SECONDS
    assert format_rfc3339(SECONDS) == "1994-11-06T08:49:37Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "Sun, 06 Nov 1994 08:49:37 +0100",
        "Sun, 06 Now 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT, x",
        "Sun, 06 Nov 1994 08:49:37 GMT\n",
    ],
)
def test_what_is_no_date_is_none(text):
    assert parse_date(text) is None


def test_a_leap_second_is_read():
    assert parse_date("Sat, 31 Dec 2016 23:59:60 GMT") is not None


def test_two_digit_years_turn_at_seventy():
    assert format_date(parse_date("Tuesday, 01-Jan-69 00:00:00 GMT") or 0).endswith("2069 00:00:00 GMT")
