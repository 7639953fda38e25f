"""Hostile text on a terminal and in a log."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davserver.printable import printable, printable_lines, printable_url


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x07", "\\u001b[2J\\u0007"),
        ("\x9b31m", "\\u009b31m"),
        ("a\r\nb\tc\x85d\u2028e", "a\\u000d\\u000ab\\u0009c\\u0085d\\u2028e"),
        ("gpj.\u202eexe", "gpj.\\u202eexe"),
        ("\udcff", "\\udcff"),
        ("Grüße, 世界 👋", "Grüße, 世界 👋"),
    ],
)
def test_what_a_terminal_would_obey_is_shown(text, shown):
    assert printable(text) == shown


@given(st.text() | st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_any_text_becomes_one_line_that_can_be_written(text):
    line = printable(text)
    line.encode()
    assert line.splitlines() in ([line], [])
    assert printable(line) == line


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_still_means_the_same(text):
    assert json.loads(printable(json.dumps(text, ensure_ascii=False))) == text


def test_lines_of_ours_stay_lines():
    assert printable_lines("a\n b\x1b\n") == "a\n b\\u001b\n"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:pass/w@rd@db/name", "postgresql://me:***@db/name"),
        ("postgresql://:p@/name?sslpassword=q&sslmode=on", "postgresql://:***@/name?sslpassword=***&sslmode=on"),
        ("s3://bucket/x?Secret_Access_Key=a%2Fb#c", "s3://bucket/x?Secret_Access_Key=***#c"),
        ("sqlite:////srv/a:b@c/catalog.db", "sqlite:////srv/a:b@c/catalog.db"),
        ("file:///srv/blocks", "file:///srv/blocks"),
    ],
)
def test_a_url_shows_no_secret(url, shown):
    assert printable_url(url) == shown
