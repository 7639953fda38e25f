"""Small files are answered again as they were answered, and only as long as it is the same file under the same name."""

import pytest

from davserver.collection.extents import MemExtent
from davserver.collection.filenode import FileNode
from davserver.dav.responses import Response
from davserver.dav.smallfiles import MAX_BYTES, MAX_FILES, Shown, SmallFiles


def shown(file, name="a.txt", *, is_immutable=False, is_head=False):
    return Shown(file, name, 0, ("HEAD" if is_head else "GET", is_immutable))


def test_a_response_is_given_again_and_head_gets_no_body():
    files, file = SmallFiles(), FileNode().freeze()
    headers = [("ETag", '"x"'), ("Content-Length", "7")]
    files.remember(shown(file), Response(200, list(headers), b"content"))
    assert files.find(shown(file, is_head=True)) is None
    files.remember(shown(file, is_head=True), Response(200, list(headers)))
    again, head = files.find(shown(file)), files.find(shown(file, is_head=True))
    assert (again.status, again.headers, again.body) == (200, headers, b"content")
    assert (head.headers, head.body) == (headers, b"")
    with pytest.raises(TypeError):
        again.headers.append(("X", "y"))
    assert files.find(shown(file)).headers == headers


def test_another_file_another_name_and_another_place_are_others():
    files, file = SmallFiles(), FileNode().freeze()
    files.remember(shown(file), Response(200, [], b"content"))
    for other in (shown(FileNode().freeze()), shown(file, "b.txt"), shown(file, is_immutable=True)):
        assert files.find(other) is None


@pytest.mark.parametrize(
    "response", [Response(206, [], b"c"), Response(200, [], bytes(MAX_BYTES + 1)), Response(200, [], iter([b"c"]))]
)
def test_only_whole_small_files_are_remembered(response):
    files, file = SmallFiles(), FileNode().freeze()
    files.remember(shown(file), response)
    assert files.find(shown(file)) is None


def test_a_file_that_is_large_in_memory_is_not_kept_there():
    files, file = SmallFiles(), FileNode((MemExtent(bytes(MAX_BYTES + 1)),)).freeze()
    files.remember(shown(file, is_head=True), Response(200, [], b""))
    assert files.find(shown(file, is_head=True)) is None


def test_the_oldest_makes_room():
    files, nodes = SmallFiles(), [FileNode().freeze() for _ in range(MAX_FILES + 1)]
    for node in nodes:
        files.remember(shown(node), Response(200, [], b"c"))
    assert files.find(shown(nodes[0])) is None
    assert all(files.find(shown(node)) for node in nodes[1:])
