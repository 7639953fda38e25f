"""The portable data hash."""

import hashlib

import pytest

from davserver.manifest.pdh import PdhHasher, portable_data_hash, strip_hints
from davserver.values import PDH
from tests.unit.manifest.examples import SIGNED_A, VALID, A, B


@pytest.mark.parametrize(("text", "pdh"), [case[1:3] for case in VALID if case[2]])
def test_examples_have_their_published_hash(text, pdh):
    assert str(portable_data_hash(text)) == pdh


@pytest.mark.parametrize("text", [case[1] for case in VALID])
def test_the_hash_is_over_the_stripped_text_and_may_be_fed_by_lines(text):
    stripped = strip_hints(text).encode()
    expected = PDH(hashlib.md5(stripped).hexdigest(), len(stripped))
    hasher = PdhHasher()
    for line in text.split("\n")[:-1]:
        hasher.update(line + "\n")
    assert hasher.pdh() == portable_data_hash(text) == expected


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        (f". {SIGNED_A}+K@zzzzz {B}+Z 0:5:a\n", f". {A} {B} 0:5:a\n"),
        (f". {B} {SIGNED_A} 0:5:a\n./b {B}+K 0:5:a\n", f". {B} {A} 0:5:a\n./b {B} 0:5:a\n"),
        # A file's or stream's name may look like a locator with hints.
        (f". {A} 0:5:{SIGNED_A}\n", f". {A} 0:5:{SIGNED_A}\n"),
        (f"./{SIGNED_A} {A} 0:5:x\n", f"./{SIGNED_A} {A} 0:5:x\n"),
        (f"./a:b {SIGNED_A} 0:5:x\n", f"./a:b {A} 0:5:x\n"),
        (f"./a+b {SIGNED_A} 0:5:x+y\n", f"./a+b {A} 0:5:x+y\n"),
        (f". {SIGNED_A} 0:5:\u2028\u0085\n", f". {A} 0:5:\u2028\u0085\n"),
        ("", ""),
    ],
)
def test_only_hints_of_locators_are_cut(text, stripped):
    assert strip_hints(text) == stripped
