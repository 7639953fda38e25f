"""Whatever a request asks for, it is understood or refused: nothing else."""

import io
import json
from contextlib import suppress

from hypothesis import example, given
from hypothesis import strategies as st

from davserver.errors import DavserverError
from davserver.web.asking import Query, json_object

NAMES = ("path", "before", "limit", "fold")
PARTS = st.sampled_from([*NAMES, "=", "&", "%", "%ff", "%2F", "..", "/", "1", "0", "-1", "\u00ff", "+", ";", "\x00"])


@given(st.one_of(st.lists(PARTS, max_size=12).map("".join), st.text(max_size=30)))
@example("path=%ff")
@example("limit=\u0663")
def test_a_query(text):
    with suppress(DavserverError):
        query = Query({"QUERY_STRING": text}, NAMES)
        assert all(isinstance(name, str) and name for name in query.path("path"))
        assert (query.number("before") or 1) >= 1
        assert 1 <= query.limit() <= 1000
        assert query.flag("fold") in {True, False}


@given(
    st.one_of(
        st.binary(max_size=60),
        st.recursive(st.none() | st.floats() | st.text(), lambda inner: st.dictionaries(st.text(), inner)).map(
            lambda value: json.dumps(value).encode()
        ),
    ),
    st.integers(0, 70),
)
@example(b"[" * 60_000, 60_000)
@example(b'{"a": 1e999}', 12)
def test_a_body(body, length):
    environ = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(length), "wsgi.input": io.BytesIO(body)}
    with suppress(DavserverError):
        assert isinstance(json_object(environ, {"a", "b"}), dict)
