"""Headers that decide whether and where: If, If-Match, Range, Content-Range, X-Update-Range, Destination, targets."""

from __future__ import annotations

from davserver.dav.conditional import Tags
from davserver.dav.destination import raw_path_of
from davserver.dav.faults import BadRequest, OtherServer, RangeNotSatisfiable
from davserver.dav.ifheader import StateList, parse_if, submitted_tokens
from davserver.dav.partial import content_range
from davserver.dav.patch import update_range
from davserver.dav.paths import href_of, parse_address
from davserver.dav.ranges import MAX_RANGES, parse_range
from davserver.errors import NotFound
from fuzz.target import Target, header_text

_SIZE = 40


def check_range(data: bytes) -> bool:
    """Spans are those bytes, all of them and no others, that a reader of the grammar picks one by one."""
    text = header_text(data)
    try:
        spans = parse_range(text, _SIZE)
    except RangeNotSatisfiable:
        assert not _picked(text)
        return False
    if spans is None:
        return False
    covered = [place for start, stop in spans for place in range(start, stop)]
    assert len(covered) == len(set(covered))
    assert set(covered) == _picked(text)
    assert len(spans) <= MAX_RANGES
    return True


def _picked(text: str) -> set[int]:
    """Pick bytes as RFC 9110 section 14.1.2 says, with no thought of speed."""
    places: set[int] = set()
    for item in text.partition("=")[2].split(","):
        first, dash, last = item.strip(" \t").partition("-")
        if not dash:
            continue
        if first:
            places |= {place for place in range(_SIZE) if int(first) <= place <= int(last or _SIZE)}
        else:
            places |= {place for place in range(_SIZE) if place >= _SIZE - int(last)}
    return places


def check_if(data: bytes) -> bool:
    """An If header is refused, or means the same when it is written in one spelling."""
    text = header_text(data)
    try:
        lists = parse_if(text)
    except BadRequest:
        return False
    assert lists
    assert all(state.conditions for state in lists)
    assert parse_if(_written(lists)) == lists
    assert all(f"<{token}>" in text for token in submitted_tokens(lists))
    return True


def _written(lists: tuple[StateList, ...]) -> str:
    return " ".join(
        ("" if state.resource is None else f"<{state.resource}> ")
        + "("
        + " ".join(
            ("Not " if c.negated else "") + (f"<{c.token}>" if c.token else f"[{c.etag}]") for c in state.conditions
        )
        + ")"
        for state in lists
    )


def check_tags(data: bytes) -> bool:
    """Tags are refused or all found; ``*`` alone means anything; a weak tag never matches strongly."""
    text = header_text(data)
    try:
        tags = Tags(text)
    except BadRequest:
        return False
    assert tags.anything == (text == "*")
    for tag in tags.strong:
        assert f'"{tag}"' in text
        assert tags.match_strongly(tag)
    for tag in tags.weak - tags.strong:
        assert not tags.match_strongly(tag)
    again = ", ".join([*(f'"{tag}"' for tag in tags.strong), *(f'W/"{tag}"' for tag in tags.weak)])
    assert tags.anything or (Tags(again).strong, Tags(again).weak) == (tags.strong, tags.weak)
    return True


def check_content_range(data: bytes) -> bool:
    """A Content-Range is refused, or says as many bytes as it has, inside of its total."""
    text = header_text(data)
    try:
        span = content_range(text)
    except BadRequest:
        return False
    assert span.first is not None
    assert span.length is not None
    assert span.length > 0
    total = "*" if span.total is None else span.total
    assert content_range(f"bytes {span.first}-{span.first + span.length - 1}/{total}") == span
    assert span.total is None or span.first + span.length <= span.total
    return True


def check_update_range(data: bytes) -> bool:
    """An X-Update-Range is refused, or lies where it says, or does not fit the file."""
    try:
        span = update_range(header_text(data))
    except BadRequest:
        return False
    try:
        assert span.offset(_SIZE) >= 0
    except RangeNotSatisfiable:
        assert span.suffix > _SIZE
    assert span.length is None or span.length > 0
    return True


def check_path(data: bytes) -> bool:
    """A path is refused, or names a place whose href leads to it; no name of it could leave a folder."""
    raw = data.decode("latin-1")
    try:
        target = parse_address(raw).target
    except (BadRequest, NotFound):
        return False
    for name in target.segments:
        assert name not in {"", ".", ".."}
        assert not {*"/\0"} & {*name}
    href = href_of("", target.segments, folder=False)
    assert href.isascii()
    assert not {*"<>\"&'\\ \r\n"} & {*href}
    assert parse_address(href).target == target
    return True


def check_destination(data: bytes) -> bool:
    """A Destination is refused, or an absolute path of this server below its prefix."""
    text = header_text(data)
    try:
        path = raw_path_of(text, ["h", "other:8080"], prefix="/dav")
    except (BadRequest, OtherServer):
        return False
    assert path.startswith("/")
    assert "/dav" in text
    assert not {*"?# \\"} & {*path}
    if not text.startswith(("/dav", "///")):
        host = text.split("//", 1)[1].split("/", 1)[0].rpartition("@")[2]
        assert host.lower().removesuffix(":80").removesuffix(":443").removesuffix(":") in {"h", "other:8080"}
    return True


_TAGS = (b'"a", W/"b",, "c"', b"*", b'"\xe9"')
_IF = (
    b'(<opaquelocktoken:a> ["b"]) (Not <DAV:no-lock>)',
    b'<http://h/c/f> (Not [W/"e"]) </d> (<urn:uuid:1> not ["x"])',
)
_PATHS = (
    b"/c/a%20b/%C3%A9",
    b"/by_id/" + b"a" * 32 + b"+5/f",
    b"/by_id/abcde-4zz18-0123456789abcde/f",
    b"/history/c/2026-11-22T215900Z-000012/f",
    b"/_/uploads/token",
    b"/remote.php/dav/uploads/u/1/2",
    b"/c/./a//b/",
)

TARGETS = (
    Target("range", check_range, (b"bytes=0-1,5-,-3", b"bytes=4-9 , 7-12"), (b"bytes=", b"-", b","), 200),
    Target("if", check_if, _IF, (b"(", b")", b"<", b">", b'["', b'"]', b"Not ", b"W/"), 400),
    Target("etags", check_tags, _TAGS, (b'W/"', b'"', b", "), 200),
    Target("content-range", check_content_range, (b"bytes 0-4/5", b"bytes 3-4/*"), (b"bytes ", b"/*", b"-"), 80),
    Target("update-range", check_update_range, (b"append", b"bytes=3-4", b"bytes=3-", b"bytes=-3"), (b"bytes=",), 80),
    Target("path", check_path, _PATHS, (b"%2F", b"%2e", b"..", b"%00", b"%c0%af", b"%25", b";", b"\\", b"%5c"), 300),
    Target(
        "destination",
        check_destination,
        (b"http://h:80/dav/c/f", b"/dav/c/a%20b", b"https://u@H/dav/", b"http://other:8080/dav/x"),
        (b"http://", b"//", b"@", b"/dav", b"%2F", b"?", b"#", b"[::1]", b"/../", b"\\"),
        300,
    ),
)
