"""Which text is a manifest, and what is said about text that is none."""

import pytest

from davserver.errors import ManifestError
from davserver.manifest.complaint import body_complaint, line_complaint
from davserver.manifest.parse import FileToken, iter_streams, parse_files, parse_stream
from davserver.manifest.write import format_stream
from davserver.values import Locator
from tests.support.strict_manifest import is_strict
from tests.unit.manifest.examples import CONFLICT, INVALID_LINES, SIGNED_A, VALID, A, B, C, E

HASH = A[:32]


@pytest.mark.parametrize(("text"), [case[1] for case in VALID] + [CONFLICT], ids=[case[0] for case in VALID] + ["16"])
def test_valid_examples_parse(text):
    streams = list(iter_streams(text))
    assert len(streams) == text.count("\n")
    assert is_strict(text)


@pytest.mark.parametrize(("text", "reason"), [case[1:] for case in INVALID_LINES], ids=[c[0] for c in INVALID_LINES])
def test_invalid_examples_are_refused_with_line_and_reason(text, reason):
    with pytest.raises(ManifestError) as caught:
        list(iter_streams(f". {A} 0:5:good\n" + text))
    assert caught.value.line == 2
    assert reason in caught.value.reason
    assert str(caught.value) == f"manifest line 2: {caught.value.reason}"
    assert not is_strict(text)


# Where the Ruby validator, the Go loader and the Python client differ (arvados.md §4.4): what one refuses is refused.
DIFFERENCES = [
    (f". {HASH} 0:0:a\n", "the size is missing"),
    (f". {A} 0:6:a\n", "reaches beyond the stream of 5 bytes"),
    (f". {A} 6:0:zz\n", "reaches beyond the stream of 5 bytes"),
    (f". {A}+kfoo 0:5:a\n", "bad hint 'kfoo'"),
    (f"foo {A} 0:5:a\n", "stream name 'foo' does not begin with './'"),
    (f"./a/../b {A} 0:5:a\n", "has a '..' path component"),
    (f"./a/ {A} 0:5:a\n", "has an empty path component"),
    (f". {A} 0:5:/a\n", "has an empty path component"),
    (f". {A} 0:5:a\\\\b\n", "a backslash without three octal digits"),
    (f". {A} 0:5:a\\444\n", "a backslash without three octal digits"),
    (f". {E} 0:0:foo/.\n", "has a '.' path component"),
    (f". {A.upper()} 0:5:a\n", "no MD5 of 32 lower-case hexadecimal digits"),
    (f". {A} 0:-1:a\n", "has a size that is no number"),
    (f". {A}  0:5:a\n", "two spaces in a row"),
    (f".\t{A} 0:5:a\n", "control character"),
    (f". {A} 0:5:a \n", "a space after the last token"),
    ("\n", "blank"),
    (f". {A} 0:5:a", "no line feed"),
]

# The same breadth as a validator's own test table: streams, locators, hints, numbers, names, separators.
MALFORMED = [
    (" ", "no line feed"),
    (" \n", "a space before the first token"),
    ("  \n", "a space before the first token"),
    (f" . {A} 0:5:a\n", "a space before the first token"),
    (f".  {A} 0:5:a\n", "two spaces in a row at column 2"),
    (f". {A} 0:5:a\r\n", "control character '\\r'"),
    (f". {A} 0:5:a\0\n", "control character '\\x00'"),
    (f". {A} 0:5:a\x1f\n", "control character '\\x1f'"),
    (f". {A} 0:5:\x0b\n", "control character"),
    (f".\x01 {A} 0:5:a\n", "control character"),
    (f"./\x01 {A} 0:5:a\n", "control character"),
    (f". {A}\x01 0:5:a\n", "control character"),
    (f". {A} \x010:5:a\n", "control character"),
    (f". {A} 0:5:a\ud800\n", "not UTF-8"),
    (f". {A} 0:5:a\udcff\n", "not UTF-8"),
    (f"./\udcff {A} 0:5:a\n", "not UTF-8"),
    (f". {A} 0:5:\u00e9\ud800\n", "not UTF-8"),
    # stream names
    (f"{A} 0:5:a\n", "does not begin with './'"),
    (f"0:5:a {A} 0:5:a\n", "does not begin with './'"),
    (f".. {A} 0:5:a\n", "does not begin with './'"),
    (f"... {A} 0:5:a\n", "does not begin with './'"),
    (f"/ {A} 0:5:a\n", "does not begin with './'"),
    (f"/a {A} 0:5:a\n", "does not begin with './'"),
    (f".a {A} 0:5:a\n", "does not begin with './'"),
    (f"a/b {A} 0:5:a\n", "does not begin with './'"),
    (f"\\056 {A} 0:5:a\n", "does not begin with './'"),
    (f"\\056/a {A} 0:5:a\n", "does not begin with './'"),
    (f".\\057a {A} 0:5:a\n", "does not begin with './'"),
    (f"./ {A} 0:5:a\n", "has an empty path component"),
    (f".// {A} 0:5:a\n", "has an empty path component"),
    (f".//a {A} 0:5:a\n", "has an empty path component"),
    (f"./a//b {A} 0:5:a\n", "has an empty path component"),
    (f"./. {A} 0:5:a\n", "has a '.' path component"),
    (f"./.. {A} 0:5:a\n", "has a '..' path component"),
    (f"./a/. {A} 0:5:a\n", "has a '.' path component"),
    (f"./a/./b {A} 0:5:a\n", "has a '.' path component"),
    (f"./a/.. {A} 0:5:a\n", "has a '..' path component"),
    (f"./../a {A} 0:5:a\n", "has a '..' path component"),
    (f"./\\056\\056/a {A} 0:5:a\n", "has a '..' path component"),
    (f"./.\\056 {A} 0:5:a\n", "has a '..' path component"),
    (f"./a\\057\\057b {A} 0:5:a\n", "has an empty path component"),
    (f"./a\\057 {A} 0:5:a\n", "has an empty path component"),
    (f"./a\\057.. {A} 0:5:a\n", "has a '..' path component"),
    (f"./a\\000b {A} 0:5:a\n", "contains NUL"),
    (f"./a\\ {A} 0:5:a\n", "a backslash without"),
    (f"./a\\40 {A} 0:5:a\n", "a backslash without"),
    (f"./a\\400 {A} 0:5:a\n", "a backslash without"),
    (f"./a\\\\ {A} 0:5:a\n", "a backslash without"),
    # locators
    (f". {HASH}+ 0:0:a\n", "the size does not follow the hash"),
    (f". {HASH}++5 0:5:a\n", "the size does not follow the hash"),
    (f". {HASH}+-5 0:0:a\n", "the size does not follow the hash"),
    (f". {HASH}+5.0 0:5:a\n", "the size does not follow the hash"),
    (f". {HASH}+0x5 0:5:a\n", "the size does not follow the hash"),
    (f". {HASH}+٥ 0:5:a\n", "the size does not follow the hash"),
    (f". {HASH}+Kfoo 0:0:a\n", "the size does not follow the hash"),
    (f". {A}+5 0:5:a\n", "bad hint '5'"),
    (f". {A}+K@zzzzz+5 0:5:a\n", "bad hint '5'"),
    (f". {A}+ 0:5:a\n", "bad hint ''"),
    (f". {A}++K 0:5:a\n", "bad hint ''"),
    (f". {A}+K+ 0:5:a\n", "bad hint ''"),
    (f". {A}+k 0:5:a\n", "bad hint 'k'"),
    (f". {A}+@zzzzz 0:5:a\n", "bad hint '@zzzzz'"),
    (f". {A}+K@zz.zz 0:5:a\n", "bad hint 'K@zz.zz'"),
    (f". {A}+K/a 0:5:a\n", "bad hint"),
    (f". {A}+Ké 0:5:a\n", "bad hint"),
    (f". {A},{B} 0:5:a\n", "neither a locator nor a file token"),
    (f". {A[1:]} 0:5:a\n", "no MD5 of 32"),
    (f". 0{A} 0:5:a\n", "no MD5 of 32"),
    (f". g{A[1:]} 0:5:a\n", "no MD5 of 32"),
    (f". F{A[1:]} 0:5:a\n", "no MD5 of 32"),
    (f". {HASH}+{'9' * 20} 0:5:a\n", "the size is too large"),
    (f". {A} x {B} 0:5:a\n", "'x' is neither a locator nor a file token"),
    (f". . {A} 0:5:a\n", "'.' is neither a locator nor a file token"),
    (f". ./b {A} 0:5:a\n", "neither a locator nor a file token"),
    (f". {A} {B}\n", "no file token after the locators"),
    (". 0:0:a 0:0:b\n", "no locator between"),
    (". x\n", "'x' is neither a locator nor a file token"),
    # file tokens
    (f". {A} 0:5:a {B} 5:6:b\n", "comes after a file token"),
    (f". {A} 0:5:a x\n", "'x' comes after a file token"),
    (f". {A} 0:5:a .\n", "'.' comes after a file token"),
    (f". {A} a\n", "'a' is neither a locator nor a file token"),
    (f". {A} 0\n", "neither a locator nor a file token"),
    (f". {A} 0:5\n", "is no 'position:size:name'"),
    (f". {A} 0:a\n", "is no 'position:size:name'"),
    (f". {A} :\n", "is no 'position:size:name'"),
    (f". {A} ::\n", "has a position that is no number"),
    (f". {A} :5:a\n", "has a position that is no number"),
    (f". {A} 0::a\n", "has a size that is no number"),
    (f". {A} 0:5:\n", "has an empty path component"),
    (f". {A} -0:5:a\n", "has a position that is no number"),
    (f". {A} +0:5:a\n", "has a position that is no number"),
    (f". {A} 0:+5:a\n", "has a size that is no number"),
    (f". {A} 0_0:5:a\n", "has a position that is no number"),
    (f". {A} 0.0:5:a\n", "has a position that is no number"),
    (f". {A} 0x0:5:a\n", "has a position that is no number"),
    (f". {A} ٠:5:a\n", "has a position that is no number"),
    (f". {A} 0:٥:a\n", "has a size that is no number"),
    (f". {A} 0:²:a\n", "has a size that is no number"),
    (f". {A} a:0:5\n", "has a position that is no number"),
    (f". {A} 0:a:5\n", "has a size that is no number"),
    (f". {A} {'9' * 20}:0:a\n", "has a position that is too large"),
    (f". {A} 0:{'1' * 5000}:a\n", "has a size that is too large"),
    (f". {A} 0:5:a 1:5:b\n", "'1:5:b' reaches beyond the stream of 5 bytes"),
    (f". {A} 5:1:a\n", "reaches beyond"),
    (f". {E} 0:1:a\n", "reaches beyond the stream of 0 bytes"),
    (f". {E} 1:0:a\n", "reaches beyond the stream of 0 bytes"),
    (f". {A} 9223372036854775807:9223372036854775807:a\n", "reaches beyond"),
    (f". {A} 0:5:a/\n", "has an empty path component"),
    (f". {A} 0:5:/\n", "has an empty path component"),
    (f". {A} 0:5:a//b\n", "has an empty path component"),
    (f". {A} 0:5:..\n", "has a '..' path component"),
    (f". {A} 0:0:..\n", "has a '..' path component"),
    (f". {A} 0:5:./a\n", "has a '.' path component"),
    (f". {A} 0:5:a/.\n", "has a '.' path component"),
    (f". {A} 0:5:a/..\n", "has a '..' path component"),
    (f". {A} 0:5:a/./b\n", "has a '.' path component"),
    (f". {A} 0:5:a/../b\n", "has a '..' path component"),
    (f". {A} 0:5:\\057a\n", "has an empty path component"),
    (f". {A} 0:5:a\\057\n", "has an empty path component"),
    (f". {A} 0:5:\\056\\056\\057etc\n", "has a '..' path component"),
    (f". {A} 0:5:.\\056\n", "has a '..' path component"),
    (f". {A} 0:5:a b\n", "'b' comes after a file token"),
    (f". {A} 0:5:a\\ b\n", "a backslash without"),
    (f". {A} 0:5:\\\n", "a backslash without"),
    (f". {A} 0:5:a\\x20\n", "a backslash without"),
    (f". {A} 0:5:a\\08\n", "a backslash without"),
    (f". {A} 0:5:a\\000\n", "contains NUL"),
    (f". {A} 0:5:x\\012y 0:5:\\000\n", "contains NUL"),
    (f". {A} 0:5:x\\012y 0:5:..\n", "has a '..' path component"),
    (f". {A} 0:5:ok 0:5:.\n", "names a directory"),
    (f". {A} 5:0:.\n", "names a directory"),
    (f". {A} 00:0:.\n", "names a directory"),
    (f". {A} 0:00:\\056\n", "names a directory"),
    (f". {A} 0:1:\\056\n", "names a directory"),
    (f". {A} 0:0:. 0:6:a\n", "reaches beyond"),
    (f". {A} 0:0:. 0:5:..\n", "has a '..' path component"),
]


@pytest.mark.parametrize(("line", "reason"), DIFFERENCES + MALFORMED)
def test_malformed_lines_are_refused_with_the_reason(line, reason):
    with pytest.raises(ManifestError) as caught:
        parse_stream(line, 7)
    assert caught.value.line == 7
    assert reason in caught.value.reason
    assert "\ud800" in line or "\udcff" in line or not is_strict(line)


WELL_FORMED = [
    (f". {A} 0:0:.\n", ".", [(0, 0, ".")]),
    (f". {A} 0:0:\\056 0:5:a\n", ".", [(0, 0, "."), (0, 5, "a")]),
    (f". {A} 5:0:a\n", ".", [(5, 0, "a")]),
    (f". {A} 0:5:.a 0:5:..b 0:5:... 0:5:a..\n", ".", [(0, 5, ".a"), (0, 5, "..b"), (0, 5, "..."), (0, 5, "a..")]),
    (f"./... {A} 0:5:a\n", "./...", [(0, 5, "a")]),
    (f"./.a/b. {A} 0:5:a\n", "./.a/b.", [(0, 5, "a")]),
    (f"./a:b {A} 0:5:a\n", "./a:b", [(0, 5, "a")]),
    (f"./a\\057b {A} 0:5:c\\057d\n", "./a/b", [(0, 5, "c/d")]),
    (f"./\\303\\251 {A} 0:5:\\303\\251\n", "./é", [(0, 5, "é")]),
    (f". {A} 0:5:0:5:a 0:5::: 0:5:a::b\n", ".", [(0, 5, "0:5:a"), (0, 5, "::"), (0, 5, "a::b")]),
    (f". {A} 0:5:a\\012b 0:5:c\\040d\n", ".", [(0, 5, "a\nb"), (0, 5, "c d")]),
    (f". {A} 0:5:a\x7f\u0085\u2028\u00a0\n", ".", [(0, 5, "a\x7f\u0085\u2028\u00a0")]),
    (f". {A} 0:5:{A}\n", ".", [(0, 5, A)]),
    (f". {A} 0:5:+K 0:5:-A\n", ".", [(0, 5, "+K"), (0, 5, "-A")]),
    (f". {A} {'0' * 5000}:{'0' * 30}5:a\n", ".", [(0, 5, "a")]),
    (f". {A} {A} 3:4:a 0:10:a\n", ".", [(3, 4, "a"), (0, 10, "a")]),
    (f". {A}+K@zzzzz+Zx-_+Q 0:5:a\n", ".", [(0, 5, "a")]),
    (f". {HASH}+00005 0:5:a\n", ".", [(0, 5, "a")]),
]


@pytest.mark.parametrize(("line", "name", "tokens"), WELL_FORMED)
def test_well_formed_lines_are_read(line, name, tokens):
    stream = parse_stream(line, 1)
    assert stream.name == name
    assert stream.tokens == tokens
    assert all(type(token) is FileToken for token in stream.tokens)
    assert parse_files(line[:-1].partition(" ")[2]) == (stream.locators, stream.tokens)
    assert line_complaint(line) is None
    assert body_complaint(line[:-1].partition(" ")[2]) is None
    assert is_strict(line)


def test_the_reason_stays_short_for_a_long_token():
    with pytest.raises(ManifestError) as caught:
        parse_stream(f". {A} 0:5:{'a' * 100_000}/\n", 1)
    assert len(str(caught.value)) < 200


def test_locators_keep_hints_and_are_shared_between_lines():
    text = f". {SIGNED_A} {B} 0:5:a\n./b {B} {C} 0:5:a\n"
    first, second = iter_streams(text)
    assert first.locators[0] == Locator(HASH, 5, (SIGNED_A.split("+", 2)[2],))
    assert second.locators[0] is first.locators[1]


def test_lines_may_come_from_any_iterable_and_are_taken_one_at_a_time():
    taken = []

    def lines():
        for line in (f". {A} 0:5:a\n", "broken\n", f"./c {A} 0:5:a\n"):
            taken.append(line)
            yield line

    streams = iter_streams(lines())
    assert next(streams).name == "."
    assert len(taken) == 1
    with pytest.raises(ManifestError, match="manifest line 2: stream name 'broken'"):
        next(streams)


def test_the_last_line_of_a_text_needs_its_line_feed():
    with pytest.raises(ManifestError, match="manifest line 2: no line feed at its end"):
        list(iter_streams(f". {A} 0:5:a\n./b {A} 0:5:a"))


def test_a_record_without_files_is_empty_and_a_malformed_one_is_refused():
    assert parse_files("") == ((), [])
    with pytest.raises(ManifestError, match="no file token after the locators"):
        parse_files(A)
    with pytest.raises(ManifestError, match="control character"):
        parse_files(f"{A} 0:5:a\n")


def test_what_is_written_reads_back():
    locators = (Locator.parse(A), Locator.parse(SIGNED_A))
    tokens = [FileToken(0, 5, "a b/c:d"), FileToken(2, 8, "été\\"), FileToken(0, 0, ".")]
    line = format_stream("./x y", locators, tokens)
    assert line == f"./x\\040y {A} {SIGNED_A} 0:5:a\\040b/c\\072d 2:8:été\\134 0:0:\\056\n"
    assert parse_stream(line, 1) == ("./x y", locators, tokens)
