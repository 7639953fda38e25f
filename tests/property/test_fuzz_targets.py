"""The fuzz targets for a moment each, on injured seeds; ``python -m fuzz`` runs them for hours, guided by coverage."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.registry import TARGETS
from fuzz.target import Target
from fuzz.targets import application

EXAMPLES = 40


@pytest.fixture(scope="module", autouse=True)
def stage() -> Iterator[None]:
    """Let go of the house that the requests of ``application`` met."""
    yield
    application.STAGE.close()


@st.composite
def injured(draw: st.DrawFn, target: Target) -> bytes:
    """Take a seed, and insert, replace or remove in a few places."""
    data = bytearray(draw(st.sampled_from(target.seeds)))
    pieces = st.sampled_from(target.words) if target.words else st.nothing()
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 8))] = draw(st.binary(max_size=4) | pieces)
    return bytes(data[: target.longest])


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_keeps_its_promise(name: str) -> None:
    target = TARGETS[name]
    for seed in target.seeds:
        assert target.check(seed), seed

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(injured(target) | st.binary(max_size=64))
    def check(data: bytes) -> None:
        target.check(data)

    check()
