"""Manifest text, line by line and whole."""

from __future__ import annotations

from davserver.collection.dirnode import DirNode
from davserver.collection.load import load_manifest
from davserver.collection.marshal import manifest_text
from davserver.errors import ManifestError
from davserver.manifest.complaint import line_complaint
from davserver.manifest.parse import parse_stream
from davserver.manifest.write import format_stream
from fuzz.target import Target
from tests.support.strict_manifest import is_strict

_A = b"a" * 32
_LINES = (
    b". " + _A + b"+5 0:5:f\n",
    b"./d\\040e " + _A + b"+10+Ahint " + b"b" * 32 + b"+3 0:4:g 4:9:h/i 0:0:\\056\n",
    b"./\xc3\xa9 " + _A + b"+0 0:0:\\303\\251\n",
)
_WORDS = (b"0:0:.", b"0:0:\\056", b"\\134", b"\\000", b"\\057", b"/./", b"/../", b"//", b" " + _A + b"+1", b"+K@z")


def check_line(data: bytes) -> bool:
    """Three readers judge a line alike: the one in bulk, the one token by token, the strict one of the tests."""
    line = data.decode("utf-8", "surrogateescape")
    try:
        stream = parse_stream(line, 1)
    except ManifestError:
        stream = None
    assert (line_complaint(line) is None) == (stream is not None)
    if line.count("\n") == 1 and max(line) < "\udc80":
        assert is_strict(line) == (stream is not None)
    if stream is not None:
        assert parse_stream(format_stream(*stream), 1) == stream
    return stream is not None


def check_text(data: bytes) -> bool:
    """What loads is marshalled to a text that loads to the same tree, and is marshalled to itself."""
    try:
        text = data.decode()
        root = load_manifest(text)
    except (ManifestError, UnicodeDecodeError):
        return False
    normal = "".join(manifest_text(root))
    assert is_strict(normal)
    again = load_manifest(normal)
    assert "".join(manifest_text(again)) == normal
    assert _files(again) == _files(root)
    return True


def _files(root: DirNode) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    stack = [("", root)]
    while stack:
        path, directory = stack.pop()
        for name, node in directory.items():
            if isinstance(node, DirNode):
                stack.append((f"{path}/{name}", node))
            else:
                found.append((f"{path}/{name}", node.size))
    return sorted(found)


TARGETS = (
    Target("manifest-line", check_line, _LINES, _WORDS),
    Target("manifest-text", check_text, (*_LINES, b"".join(_LINES)), _WORDS),
)
