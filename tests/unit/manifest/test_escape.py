"""Names in manifest text."""

import pytest

from davserver.errors import InvalidName
from davserver.manifest.escape import escape, unescape

SPELLINGS = [
    ("plain.txt", "plain.txt"),
    ("my dir", r"my\040dir"),
    ("tab\tand:colon\\.txt", r"tab\011and\072colon\134.txt"),
    ("\\040", r"\134040"),
    ("a/b c", r"a/b\040c"),
    ("\n", r"\012"),
    ("\x7f", r"\177"),
    ("\x1f!", r"\037!"),
    ("été", "été"),
    ("\u2028\u0085\u00a0", "\u2028\u0085\u00a0"),
    ("𝔘", "𝔘"),
    (b"latin\xe9".decode("utf-8", "surrogateescape"), r"latin\351"),
]


@pytest.mark.parametrize(("name", "token"), SPELLINGS)
def test_a_name_is_written_and_read_back(name, token):
    assert escape(name) == token
    assert unescape(token) == name


@pytest.mark.parametrize(
    ("token", "name"),
    [
        (r"\056\056", ".."),
        (r"a\057b", "a/b"),
        (r"\303\251t\303\251", "été"),
        (r"\101\102", "AB"),
        (r"\134134", r"\134"),
        (r"\134\040\072", "\\ :"),
        (r"\000", "\0"),
        (r"\377", b"\xff".decode("utf-8", "surrogateescape")),
    ],
)
def test_escapes_are_bytes_and_any_character_may_be_escaped(token, name):
    assert unescape(token) == name


@pytest.mark.parametrize("token", ["\\", r"a\\b", r"a\444", r"\08", r"\12", r"\1 2", r"\x41", r"ok\040\n", "\\١٢٣"])
def test_a_backslash_begins_three_octal_digits(token):
    with pytest.raises(InvalidName, match="backslash without three octal digits"):
        unescape(token)


@pytest.mark.parametrize("name", [chr(0xD800), "a" + chr(0xDFFF), chr(0xDC7F)])
def test_a_surrogate_that_stands_for_no_byte_has_no_spelling(name):
    with pytest.raises(InvalidName, match="surrogate"):
        escape(name)
