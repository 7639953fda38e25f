"""How the files of one directory lie in its stream."""

import pytest

from davserver.collection.extents import StoredExtent
from davserver.collection.filenode import FileNode
from davserver.collection.layout import body_of, cut
from davserver.manifest.parse import FileToken, parse_files
from davserver.values import Locator

X = Locator.parse("9336ebf25087d91c818ee6e9ec29f8c1+2")
Y = Locator.parse("f0a4058fd33489695d53df156b77c724+3")
E = Locator.parse("d41d8cd98f00b204e9800998ecf8427e+0")
X_ELSEWHERE = Locator(X.md5, X.size, ("K@zzzzz",))


def stored(*pieces):
    return FileNode([StoredExtent(*piece) for piece in pieces]).freeze()


@pytest.mark.parametrize(
    ("files", "body"),
    [
        ({}, ""),
        ({"a": stored()}, f"{E} 0:0:a"),
        ({"a": stored((X, 0, 2))}, f"{X} 0:2:a"),
        # A block that is used again is not written again: the spec's form, and the Python client's.
        ({"a": stored((X, 0, 2)), "b": stored((Y, 0, 3)), "c": stored((X, 0, 2))}, f"{X} {Y} 0:2:a 2:3:b 0:2:c"),
        # Pieces that touch in the stream are one token, also over the border of two blocks ...
        ({"a": stored((X, 0, 2), (Y, 0, 3))}, f"{X} {Y} 0:5:a"),
        ({"a": stored((X, 1, 1), (Y, 0, 2))}, f"{X} {Y} 1:3:a"),
        # ... and others are not.
        ({"a": stored((X, 0, 1), (Y, 0, 3))}, f"{X} {Y} 0:1:a 2:3:a"),
        ({"a": stored((Y, 0, 3), (X, 0, 2)), "b": stored((X, 0, 2), (Y, 0, 3))}, f"{Y} {X} 0:5:a 3:2:b 0:3:b"),
        ({"a": stored((X, 0, 2), (X, 0, 2), (X, 0, 1))}, f"{X} 0:2:a 0:2:a 0:1:a"),
        ({"a": stored(), "b": stored((X, 1, 1)), "c": stored()}, f"{X} 0:0:a 1:1:b 0:0:c"),
        # Another hint is another way to the block, so both stay.
        ({"a": stored((X, 0, 2), (X_ELSEWHERE, 0, 1))}, f"{X} {X_ELSEWHERE} 0:3:a"),
        ({"a b:c": stored((X, 0, 2)), "é\\": stored((X, 0, 2))}, f"{X} 0:2:a\\040b\\072c 0:2:é\\134"),
    ],
)
def test_files_are_laid_out_in_normal_form_and_cut_back(files, body):
    assert body_of(files.items()) == body
    locators, tokens = parse_files(body)
    assert body_of(files_of(locators, tokens).items()) == body
    assert {name: list(node.extents) for name, node in files_of(locators, tokens).items()} == {
        name: list(node.extents) for name, node in files.items()
    }


def files_of(locators, tokens):
    pieces = {}
    for token, extents in zip(tokens, cut(locators, tokens), strict=True):
        pieces.setdefault(token.path, []).extend(extents)
    return {name: FileNode(extents).freeze() for name, extents in pieces.items()}


@pytest.mark.parametrize(
    ("position", "size", "expected"),
    [
        (0, 2, [(X, 0, 2)]),
        (1, 1, [(X, 1, 1)]),
        (2, 3, [(Y, 0, 3)]),
        (1, 2, [(X, 1, 1), (Y, 0, 1)]),
        (0, 7, [(X, 0, 2), (Y, 0, 3), (X, 0, 2)]),
        (5, 2, [(X, 0, 2)]),
        (7, 0, []),
        (2, 0, []),
        (0, 0, []),
    ],
)
def test_a_range_is_cut_at_the_borders_of_blocks_and_skips_empty_ones(position, size, expected):
    locators = (X, E, Y, E, E, X, E)
    far = FileToken(0, 2, "before"), FileToken(position, size, "a"), FileToken(6, 1, "behind")
    for tokens in ([far[1]], [far[0], far[1]], [far[2], far[1]], [far[0], FileToken(1, 5, "across"), far[1]]):
        assert [tuple(extent) for extent in list(cut(locators, tokens))[-1]] == expected
