"""Texts line by line, and what is not compared."""

import shutil
import subprocess
from random import Random

import pytest

from davserver.upkeep.textdiff import MOST_BYTES, NoText, text_diff


def changed(old, new):
    return text_diff(old, new, "f").splitlines()[2:]


def test_the_form():
    assert text_diff(b"a\nb\n", b"a\nc\n", "d/f") == "--- a/d/f\n+++ b/d/f\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"


def test_equal_texts_do_not_differ():
    assert text_diff(b"x\n", b"x\n", "f") == ""


def test_an_end_without_a_line_end_is_told():
    assert changed(b"a\n", b"a") == ["@@ -1 +1 @@", "-a", "+a", "\\ No newline at end of file"]


def test_only_line_feeds_end_lines():
    assert changed("a\u2028b\n".encode(), "a\u2028c\n".encode())[1:] == ["-a", "b", "+a", "c"]


def test_what_is_no_text():
    for data in (b"\0", b"\xff\xfe", b"x" * (MOST_BYTES + 1)):
        with pytest.raises(NoText):
            text_diff(b"", data, "f")


def test_a_comparison_that_would_take_too_long_is_not_made():
    """Each of these lines could be any of the others: the search would look at all pairs, again and again."""
    with pytest.raises(NoText, match="too many"):
        text_diff(b"x\n" + b"a\nb\n" * 5000, b"y\n" + b"b\na\na\n" * 5000, "f")


def test_a_long_text_with_one_change_is_compared():
    lines = [b"a\n"] * 50_000
    other = [*lines[:25_000], b"b\n", *lines[25_001:]]
    told = changed(b"".join(lines), b"".join(other))
    assert told[0] == "@@ -24998,7 +24998,7 @@"
    assert sorted(told[1:]) == [*[" a"] * 6, "+b", "-a"]


@pytest.mark.skipif(shutil.which("patch") is None, reason="needs patch")
@pytest.mark.parametrize("number", range(8))
def test_patch_makes_one_text_of_the_other(tmp_path, number):
    random = Random(number)
    old = b"".join(b"%d\n" % random.randrange(5) for _ in range(random.randrange(60)))
    new = b"".join(line for line in old.splitlines(keepends=True) for _ in range(random.choice([0, 1, 1, 1, 2])))
    new += random.choice([b"", b"end", b"end\n"])
    (tmp_path / "f").write_bytes(old)
    done = subprocess.run(
        ["patch", "-p1", "--silent"], cwd=tmp_path, input=text_diff(old, new, "f").encode(), check=True, timeout=20
    )
    assert done.returncode == 0
    assert (tmp_path / "f").read_bytes() == new if (tmp_path / "f").exists() else new == b""
