"""Manifest text under random and broken input."""

from hypothesis import example, given
from hypothesis import strategies as st

from davserver.errors import ManifestError
from davserver.manifest.complaint import line_complaint
from davserver.manifest.escape import escape, unescape
from davserver.manifest.parse import FileToken, parse_files, parse_stream
from davserver.manifest.pdh import strip_hints
from davserver.manifest.write import format_body, format_stream
from davserver.values import Locator
from tests.support.strict_manifest import is_strict

characters = st.characters(exclude_characters="\0/", exclude_categories=["Cs"])
names = st.text(characters, min_size=1).filter(lambda name: name not in {".", ".."})
undecodable = st.binary(min_size=1).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
hints = st.from_regex(r"[A-Z][-A-Za-z0-9@_]*", fullmatch=True)
locators = st.builds(
    Locator,
    st.from_regex("[0-9a-f]{32}", fullmatch=True),
    st.integers(0, 1 << 26),
    st.lists(hints, max_size=2).map(tuple),
)


@st.composite
def streams(draw):
    blocks = draw(st.lists(locators, min_size=1, max_size=4))
    length = sum(block.size for block in blocks)
    tokens = []
    for path in draw(st.lists(paths, min_size=1, max_size=6)):
        position = draw(st.integers(0, length))
        tokens.append(FileToken(position, draw(st.integers(0, length - position)), path))
    name = "/".join([".", *draw(st.lists(names, max_size=3))])
    return name, tuple(blocks), tokens


@given(names | undecodable)
def test_every_name_survives_its_spelling(name):
    token = escape(name)
    assert unescape(token) == name
    assert " " not in token
    assert ":" not in token
    token.encode()


@given(st.lists(names, min_size=1))
def test_many_names_are_read_like_one(many):
    tokens = [escape(name) for name in many]
    assert unescape(" ".join(tokens)) == " ".join(map(unescape, tokens))


@given(streams())
def test_a_stream_survives_its_line_and_the_line_passes_the_strictest(stream):
    line = format_stream(*stream)
    assert parse_stream(line, 1) == stream
    assert parse_files(format_body(*stream[1:])) == stream[1:]
    assert is_strict(line)
    assert line_complaint(line) is None
    assert format_stream(*parse_stream(strip_hints(line), 1)) == strip_hints(line)


broken_bits = st.sampled_from(
    [" ", "  ", "\n", "\t", "\\", "\\056", "\\057", "\\000", "\\8", "/", "//", ".", "..", ":"]
)


@given(streams(), st.integers(0), st.integers(0, 3), broken_bits | st.text(max_size=3) | st.just("0:0:\\056"))
@example((".", (Locator("0" * 32, 0),), [FileToken(0, 0, "a")]), 0, 0, "\\056")
def test_what_passes_and_what_is_complained_about_is_the_same_as_the_strictest(stream, at, removed, inserted):
    """Two parsers of ours (in bulk, by tokens) and one of the tests judge a line with one injury."""
    line = format_stream(*stream)
    at %= len(line)
    injured = line[:at] + inserted + line[at + removed :]
    try:
        parse_stream(injured, 1)
        passes = True
    except ManifestError:
        passes = False
    assert (line_complaint(injured) is None) == passes
    if injured.count("\n") == 1:
        assert is_strict(injured) == passes
