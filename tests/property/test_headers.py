"""The If header and the Destination for any text: refused in words, or read as it was meant."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from davserver.dav.destination import raw_path_of
from davserver.dav.faults import BadRequest, OtherServer
from davserver.dav.ifheader import Condition, StateList, holds, parse_if, submitted_tokens
from davserver.dav.paths import href_of, parse_address, quote_name

urls = st.text(st.characters(codec="ascii", exclude_characters='<>" ', exclude_categories=["Cc"]), min_size=1)
etags = st.builds(
    "{}{}".format,
    st.sampled_from(["", "W/"]),
    st.text(st.characters(codec="ascii", exclude_characters='"', exclude_categories=["Cc"])).map('"{}"'.format),
)
conditions = st.one_of(
    st.builds(Condition, token=urls, negated=st.booleans()), st.builds(Condition, etag=etags, negated=st.booleans())
)
state_lists = st.lists(
    st.builds(StateList, st.none() | urls, st.lists(conditions, min_size=1, max_size=3).map(tuple)),
    min_size=1,
    max_size=4,
)


def write(lists: list[StateList]) -> str:
    """Write an If header; a list without a tag of its own belongs to the tag before it."""
    return " ".join(
        ("" if state.resource is None else f"<{state.resource}> ")
        + "("
        + " ".join(
            ("Not " if c.negated else "") + (f"<{c.token}>" if c.token else f"[{c.etag}]") for c in state.conditions
        )
        + ")"
        for state in lists
    )


@given(state_lists)
def test_what_is_written_is_read(lists: list[StateList]) -> None:
    expected, tag = [], None
    for state in lists:
        tag = state.resource or tag
        expected.append(StateList(tag, state.conditions))
    assert parse_if(write(lists)) == tuple(expected)


@given(st.text(st.sampled_from('<>()[]"Not aW/:\t')) | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        lists = parse_if(text)
    except BadRequest:
        return
    assert parse_if(write(list(lists))) == lists
    tokens = submitted_tokens(lists)

    class Everything:
        def has_token(self, token: str) -> bool:
            return token in tokens

        def has_etag(self, etag: str) -> bool:
            return True

    positive = any(all(not c.negated for c in state.conditions) for state in lists)
    assert holds(lists, lambda _tag: Everything()) == positive


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1).filter(
    lambda name: name not in {".", ".."}
)


@given(segments=st.lists(names, min_size=1, max_size=3).map(tuple), absolute=st.booleans())
def test_a_destination_names_what_its_href_was_made_of(*, segments: tuple[str, ...], absolute: bool) -> None:
    href = "/" + "/".join(map(quote_name, ("c", *segments)))
    assert href == href_of("", ("c", *segments), folder=False)
    raw = raw_path_of(f"http://h{href}" if absolute else href, ["H:80"])
    assert parse_address(raw).target.segments == ("c", *segments)


@given(st.text(st.sampled_from("http:/#?%2Fé@[] ;.aA0")) | st.text())
def test_any_destination_is_read_or_refused(text: str) -> None:
    try:
        path = raw_path_of(text, ["h"], prefix="/dav")
    except (BadRequest, OtherServer):
        return
    assert path.startswith("/")
