from __future__ import annotations

import pytest

from davserver.dav.faults import BadRequest
from davserver.dav.ifheader import Condition, StateList, holds, parse_if, submitted_tokens

TOKEN = "urn:uuid:181d4fae-7d8c-11d0-a765-00a0c91e6bf2"


class State:
    def __init__(self, tokens=(), etags=()):
        self.tokens, self.etags = set(tokens), set(etags)

    def has_token(self, token):
        return token in self.tokens

    def has_etag(self, etag):
        return etag in self.etags


def evaluate(header, own, others=None):
    others = others or {}
    return holds(parse_if(header), lambda tag: own if tag is None else others.get(tag, State()))


@pytest.mark.parametrize(
    ("header", "lists"),
    [
        (f"(<{TOKEN}>)", [StateList(None, (Condition(token=TOKEN),))]),
        ('(["I am an ETag"])', [StateList(None, (Condition(etag='"I am an ETag"'),))]),
        ('([W/"weak"])', [StateList(None, (Condition(etag='W/"weak"'),))]),
        ('(["a]b(c)<d>"])', [StateList(None, (Condition(etag='"a]b(c)<d>"'),))]),
        (
            '(<urn:a> ["x"])\t(Not <urn:b>)',
            [
                StateList(None, (Condition(token="urn:a"), Condition(etag='"x"'))),
                StateList(None, (Condition(token="urn:b", negated=True),)),
            ],
        ),
        (
            '</specs/> (<urn:a>) (not<urn:b>) <http://h/x> (NOT ["y"])',
            [
                StateList("/specs/", (Condition(token="urn:a"),)),
                StateList("/specs/", (Condition(token="urn:b", negated=True),)),
                StateList("http://h/x", (Condition(etag='"y"', negated=True),)),
            ],
        ),
        ("(<a>)(<b>)", [StateList(None, (Condition(token="a"),)), StateList(None, (Condition(token="b"),))]),
    ],
)
def test_parse(header, lists):
    assert parse_if(header) == tuple(lists)


@pytest.mark.parametrize(
    "header",
    [
        "", " ", "()", "(", "(<a>", "<a>", "<a> <b>", "(Not)", "(Not Not <a>)", "(<>)", "(a)", "<a> ()", "([a])",
        '(["a)', "(<a>))", "(<a b>)", "(Notx<a>)", "[\"a\"]", "(<a>) trailing", "(" * 4000, "(<" + "a" * 9000 + ">)",
    ],
)  # fmt: skip
def test_malformed_is_refused(header):
    with pytest.raises(BadRequest):
        parse_if(header)


def test_the_error_names_the_place():
    with pytest.raises(BadRequest, match="character 7"):
        parse_if("(<a>) trailing")


def test_any_list_suffices_and_within_a_list_all_must_hold():
    own = State(tokens=["urn:a"], etags=['"1"'])
    assert evaluate('(<urn:a> ["1"])', own)
    assert not evaluate('(<urn:a> ["2"])', own)
    assert evaluate('(<urn:a> ["2"]) (["1"])', own)
    assert not evaluate("(<DAV:no-lock>)", own)
    assert evaluate("(Not <DAV:no-lock>)", own)
    assert not evaluate("(Not <urn:a>)", own)


def test_a_tag_sends_the_lists_to_its_resource():
    others = {"/b": State(tokens=["urn:b"])}
    assert evaluate("</b> (<urn:b>)", State(), others)
    assert not evaluate("</b> (<urn:b>)", State(tokens=["urn:b"]))
    assert evaluate("</x> (<urn:b>) (Not <urn:b>)", State(), others)


def test_every_token_counts_as_submitted():
    lists = parse_if('(<urn:a> ["1"]) (Not <urn:b>) </c> (<urn:c>)')
    assert submitted_tokens(lists) == {"urn:a", "urn:b", "urn:c"}
