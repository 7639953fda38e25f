"""Sync tokens: what a client brings back is one of ours, or none."""

from __future__ import annotations

import base64
import json

import pytest

from davserver.dav.synctoken import Piece, SyncToken

UUID = "abcde-4zz18-0123456789abcde"


def packed(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return f"davserver:{UUID}/{base64.urlsafe_b64encode(text.encode()).decode()}"


@pytest.mark.parametrize("pieces", [(Piece(None, 0),), (Piece(("a", "b"), 7), Piece(None, -1))])
def test_a_token_is_read_as_it_was_written(pieces: tuple[Piece, ...]) -> None:
    token = SyncToken(UUID, pieces)
    assert SyncToken.parse(str(token)) == token


@pytest.mark.parametrize(
    "text",
    [
        "",
        "davserver:",
        f"davserver:{UUID}",
        f"davserver:{UUID}/",
        f"davserver:{UUID}/-2",
        f"davserver:{UUID}/" + "9" * 19,
        packed([]),
        packed([[["a"], 1]]),
        packed([[None, True]]),
        packed([[None, -2]]),
        packed([[None, 10**18]]),
        packed([[[], 1], [None, 1]]),
        packed([[[1], 1], [None, 1]]),
        packed([["ab", 1], [None, 1]]),
        packed("[" * 5000),
        packed("9" * 5000),
        f"davserver:{UUID}/é",
    ],
)
def test_what_never_was_a_token_is_none(text: str) -> None:
    assert SyncToken.parse(text) is None
