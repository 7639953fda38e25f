"""Uploads in parts: kept, continued by another process, put together, swept."""

import pytest

from davserver.collection.extents import MemExtent, StoredExtent
from davserver.errors import Exists, Incomplete, InvalidOperation, NotFound, UploadOvertaken
from davserver.live import uploads
from davserver.live.uploads import LIFETIME_S, append, assemble, begin, cancel, finish, put_chunk, receive, take_over


@pytest.fixture
def house(neighbourhood):
    return neighbourhood.open(block_bytes=1000, inline_bytes=100)


def start(house, token="t", principal="p", length=None):
    return house.edit(
        lambda edit: begin(edit, house.settings, token=token, principal=principal, request="", length=length)
    )


def send(house, upload, data):
    return house.edit(lambda edit: append(edit, house.settings, upload, [MemExtent(data)]))


def known(house, token="t"):
    with house.read_catalog() as tables:
        return tables.uploads.get(token)


def content(house, upload):
    node = assemble(house, upload)
    return node.read_at(0, node.size, house.blocks)


def test_another_process_goes_on(neighbourhood, house):
    upload = send(house, start(house), b"one ")
    other = neighbourhood.open()
    again = other.edit(lambda edit: take_over(edit, "t", "p"))
    again = send(other, again, b"two")
    assert (again.received, again.parts) == (7, 2)
    assert content(house, again) == b"one two"
    with pytest.raises(UploadOvertaken):
        send(house, upload, b"late")
    assert known(house) == again


def test_a_request_at_a_wrong_offset_does_not_stop_the_one_that_goes_on(house):
    upload = send(house, start(house), b"all")
    wrong = house.edit(lambda edit: take_over(edit, "t", "p", 0))
    assert wrong.received == 3
    house.edit(lambda edit: finish(edit, upload, remember=True))
    assert known(house).complete


def test_an_upload_belongs_to_who_began_it(house):
    start(house)
    with pytest.raises(Exists):
        start(house, principal="q")
    for attempt in (take_over, cancel):
        with pytest.raises(NotFound):
            house.edit(lambda edit, attempt=attempt: attempt(edit, "t", "q"))


def test_old_uploads_are_swept_when_one_begins(neighbourhood, house):
    send(house, start(house), b"x")
    neighbourhood.now_s += LIFETIME_S - 1
    house.edit(lambda edit: take_over(edit, "t", "p"))
    neighbourhood.now_s += LIFETIME_S - 1
    assert known(house) is not None
    neighbourhood.now_s += 2
    with pytest.raises(NotFound):
        house.edit(lambda edit: take_over(edit, "t", "p"))
    start(house, "u")
    assert known(house) is None
    with house.read_catalog() as tables:
        assert list(tables.uploads.all_parts()) == []


def test_a_body_is_recorded_block_by_block_also_when_it_ends_early(house):
    def body():
        yield from (b"a" * 700, b"b" * 700, b"c" * 700)
        raise Incomplete(9000, 2100)

    nodes = []
    with pytest.raises(Incomplete):
        receive(body(), 9000, house, nodes.append)
    assert [node.size for node in nodes] == [1000, 1000, 100]
    assert all(isinstance(node.extents[0], StoredExtent) for node in nodes[:2])
    whole = b"".join(node.read_at(0, node.size, house.blocks) for node in nodes)
    assert whole == b"a" * 700 + b"b" * 700 + b"c" * 700


def test_a_finished_upload_is_remembered_without_its_parts(house):
    upload = send(house, start(house), b"x")
    house.edit(lambda edit: finish(edit, upload, remember=True))
    assert known(house).complete
    assert content(house, upload) == b""
    with pytest.raises(UploadOvertaken):
        send(house, known(house), b"y")


def test_chunks_come_in_any_order_and_again(house):
    upload = start(house)
    for chunk, data in ((3, b"three"), (1, b"uno "), (2, b"two "), (1, b"one ")):
        house.edit(
            lambda edit, c=chunk, d=data: put_chunk(edit, house.settings, upload, c, [MemExtent(d)], ranged=False)
        )
    assert content(house, upload) == b"one two three"
    assert (known(house).received, known(house).parts) == (13, 3)


@pytest.mark.parametrize(("ranged", "chunks"), [(False, (1, 3)), (True, (1, 2)), (True, (0, 5))])
def test_a_missing_chunk_is_found(house, ranged, chunks):
    upload = start(house)
    for chunk in chunks:
        house.edit(
            lambda edit, c=chunk: put_chunk(edit, house.settings, upload, c, [MemExtent(b"four")], ranged=ranged)
        )
    with pytest.raises(InvalidOperation, match="missing"):
        assemble(house, upload)


def test_small_parts_share_blocks_and_few_bytes_stay_inline(house):
    upload = start(house)
    for number in range(30):
        upload = send(house, upload, bytes([number]) * 10)
    node = assemble(house, upload)
    assert [isinstance(extent, StoredExtent) for extent in node.extents] == [True]
    assert node.size == 300


def test_there_is_a_bound_on_parts(house, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_PARTS", 2)
    upload = send(house, send(house, start(house), b"1"), b"2")
    with pytest.raises(InvalidOperation, match="parts at most"):
        send(house, upload, b"3")
