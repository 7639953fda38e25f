"""Bits flip, files shrink and vanish under a running server: whoever reads is told, and nobody gets other bytes.

The long form: ``DAVSERVER_FLIPS=1200 scripts/test tests/http/test_damage.py -s``; it prints what it counted.
"""

from __future__ import annotations

import os
import random
import re
import sqlite3
from urllib.parse import quote

import pytest

from davserver.blocks import layout
from davserver.collection.extents import StoredExtent
from davserver.upkeep.importing import import_manifest
from tests.support.flips import MIB, Ask, Shape, answer_of, asks, flipped, run
from tests.support.serving import run as command
from tests.support.site import Client

FLIPS = int(os.environ.get("DAVSERVER_FLIPS", "60"))
CACHED_BYTES = 1 << 18

pytestmark = pytest.mark.timeout(max(120, 3 * FLIPS))


def fill(client: Client) -> dict[str, bytes]:
    """Store files of every shape; returns their content by path."""
    chance = random.Random(7)
    client.expect(201, "MKCOL", "/c/")
    client.expect(201, "MKCOL", "/c/d/")
    contents = {"whole": chance.randbytes(MIB + 300_077), "d/middle": chance.randbytes(400_000)}
    contents |= {f"d/small{number}": chance.randbytes(20_000 + number) for number in range(3)}
    for path, content in contents.items():
        client.expect(201, "PUT", f"/c/{path}", content)
    pieces = [chance.randbytes(size) for size in (MIB, 300_000, MIB + 9, 150_000)]
    contents["many blocks"] = b"".join(pieces)
    offset = 0
    for piece in pieces:
        span = f"bytes {offset}-{offset + len(piece) - 1}/*"
        client.send("PUT", "/c/many%20blocks", piece, {"Content-Range": span})
        offset += len(piece)
    client.expect(201, "COPY", "/c/many%20blocks", Destination=f"http://{client.host}:{client.port}/c/copy")
    return contents


def shapes_of(house, client: Client, contents: dict[str, bytes]) -> list[Shape]:
    """Find the blocks of the files and every URL that leads to them: live, by hash, in history, as a copy."""
    version = house.versions("c")[-1]
    (folder,) = [href for href in client.propfind("/history/c/", "1") if href.count("/") == 4]
    found = []
    for path, content in contents.items():
        node = house.view("c").root
        for name in path.split("/"):
            node = node.get(name)
        blocks = [extent.locator.bare() for extent in node.extents if isinstance(extent, StoredExtent)]
        bases = ["/c/", f"/by_id/{quote(str(version.pdh), safe='')}/", folder]
        paths = [base + quote(path) for base in bases] + (["/c/copy"] if path == "many blocks" else [])
        found.append(Shape(paths, content, blocks))
    return found


def imported(house, client: Client) -> Shape:
    """Import a file that takes pieces out of the middle of two blocks, and of the first one again."""
    chance = random.Random(8)
    first, second = chance.randbytes(500_000), chance.randbytes(700_000)
    names = [house.blocks.put(first), house.blocks.put(second)]
    import_manifest(house, "imported", [f". {names[0]} {names[1]} 1000:900000:mixed 5:400000:mixed\n"])
    joined = first + second
    return Shape(["/imported/mixed"], joined[1000:901000] + joined[5:400005], names)


def test_no_flipped_bit_is_ever_served(site, capsys):
    """In one process, without a cache, so that every block is read: by slices, and by sendfile."""
    contents = fill(site.client)
    site.house.commit("c")
    shapes = [*shapes_of(site.house, site.client, contents), imported(site.house, site.client)]
    tally = run(site.client, site.data / "blocks", shapes, FLIPS, seed=FLIPS)
    with capsys.disabled():
        if FLIPS > 60:
            print(f"\n{tally}")
    assert tally.wrong == []
    assert tally.flips == FLIPS
    assert tally.outcomes["loud"] >= FLIPS


def metric(client: Client, name: str) -> float:
    found = re.findall(rf"^{name}(?:\{{[^}}]*\}})? (\S+)$", client.expect(200, "GET", "/_/metrics").body.decode(), re.M)
    return sum(map(float, found))


@pytest.mark.parametrize("workers", [1, 2])
def test_damage_under_a_real_server_is_loud_counted_and_logged(serve, workers, opened):
    server = serve(None, "--workers", str(workers))
    client = Client(server.host, server.port)
    contents = fill(client)
    client.expect(200, "POST", "/_/api/collections/c/commit", b"")
    house = opened(server.data)
    shapes = [*shapes_of(house, client, contents), imported(house, client)]
    blocks = server.data / "blocks"
    tally = run(client, blocks, shapes, max(6, FLIPS // 10), seed=workers, remembers=CACHED_BYTES)
    assert tally.wrong == []
    assert metric(client, "davserver_damage_total") >= tally.outcomes["loud"] > 0
    damage = [line for line in server.log.splitlines() if "stored data is damaged" in line]
    assert damage
    assert any(block.md5 in damage[0] for shape in shapes for block in shape.blocks)
    assert any(path in damage[0] for shape in shapes for path in shape.paths)
    for shorten in (True, False):
        for shape in [shape for shape in shapes if max(block.size for block in shape.blocks) > CACHED_BYTES]:
            path = layout.path_of(blocks, max(shape.blocks, key=lambda block: block.size).md5)
            path.chmod(0o600)
            if shorten:
                os.truncate(path, path.stat().st_size - 1)
            else:
                path.unlink(missing_ok=True)
            assert answer_of(client, Ask("GET", shape.paths[0])) == "loud"
    found = command("fsck", "--lost-files", data=server.data)
    assert found.returncode == 1
    assert {"c/whole", "c/d/middle", "c/many blocks", "c/copy", "imported/mixed"} <= set(found.stdout.splitlines())
    assert answer_of(client, Ask("HEAD", "/c/whole")) == b"200 %d " % len(contents["whole"])
    client.connection.close()


CATALOG = [
    "UPDATE records SET body = CAST(x'00' || substr(body, 2) AS BLOB)",
    "DELETE FROM records",
    "UPDATE journal SET inline = CAST(x'00' || substr(inline, 2) AS BLOB) WHERE length(inline)",
    "UPDATE journal SET header = CAST(x'00' || substr(header, 2) AS BLOB)",
    "DELETE FROM journal WHERE seq = (SELECT min(seq) FROM journal WHERE collection_id = 1)",
    "UPDATE collections SET head_seq = head_seq + 1",
    "UPDATE collections SET base_root = substr(base_root, 2) || 'f'",
]


@pytest.mark.parametrize("statement", CATALOG)
def test_a_damaged_catalog_is_loud_in_its_collection_and_nowhere_else(site, restaged, statement):
    client = site.client
    for name in ("hit", "well"):
        client.expect(201, "MKCOL", f"/{name}/")
        client.expect(201, "PUT", f"/{name}/committed", b"in a block")
        site.house.commit(name)
        client.expect(201, "PUT", f"/{name}/pending", b"in the journal")
    where = "" if " records" in statement else " AND" if "WHERE" in statement else " WHERE"
    if " records" in statement:
        root = site.house.view("hit").info.base_root
        statement += f" WHERE hash = '{root}'"
    elif " journal" in statement:
        statement += f"{where} collection_id = 1"
    else:
        statement += f"{where} id = 1"
    with sqlite3.connect(site.data / "catalog.db") as connection:
        assert connection.execute(statement).rowcount == 1
    connection.close()
    client = restaged()
    for method, path in [("GET", "/hit/pending"), ("GET", "/hit/committed"), ("HEAD", "/hit/committed")]:
        assert client.send(method, path).status == 500
    assert client.send("PROPFIND", "/hit/", b"", {"Depth": "1"}).status == 500
    assert client.send("PUT", "/hit/new", b"x").status == 500
    assert client.expect(200, "GET", "/well/pending").body == b"in the journal"
    client.expect(201, "PUT", "/well/new", b"x")
    for depth in ("1", "infinity"):
        assert {"/hit/", "/well/"} <= set(client.propfind("/", depth))
    if " records" not in statement:
        (folder,) = [href for href in client.propfind("/history/hit/", "1") if href.count("/") == 4]
        assert client.expect(200, "GET", folder + "committed").body == b"in a block"


def test_a_block_that_changes_while_its_ranges_are_read(site):
    """One process reads a range, the block changes, it reads the next: also when size, mtime and inode are the same."""
    fill(site.client)
    site.house.commit("c")
    (extent,) = site.house.view("c").root.get("whole").extents
    path = layout.path_of(site.data / "blocks", extent.locator.md5)
    assert isinstance(answer_of(site.client, Ask("GET", "/c/whole", "0-9")), bytes)
    before = path.stat()
    with path.open("r+b") as file:
        file.write(b"\0" * 10)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (before.st_size, before.st_mtime_ns, before.st_ino) == (after.st_size, after.st_mtime_ns, after.st_ino)
    for ranges in ("", "0-9", "1000000-1000009", "0-9,20-29"):
        assert answer_of(site.client, Ask("GET", "/c/whole", ranges)) == "loud"


def test_what_was_flipped_while_no_server_ran_is_not_served_and_what_was_not_is(serve, opened):
    """A restart verifies nothing anew, and counts on no file that has changed since it was verified."""
    server = serve()
    client = Client(server.host, server.port)
    contents = {"hit": random.Random(1).randbytes(MIB), "well": random.Random(2).randbytes(MIB)}
    client.expect(201, "MKCOL", "/c/")
    for name, content in contents.items():
        client.expect(201, "PUT", f"/c/{name}", content)
    client.connection.close()
    server.stop()
    (extent,) = opened(server.data).view("c").root.get("hit").extents
    path = layout.path_of(server.data / "blocks", extent.locator.md5)
    with flipped(path, 8 * 500_000, forge_mtime=True):
        server = serve(server.data, "--workers", "2")
        client = Client(server.host, server.port)
        for ranges in ("", "0-9", "900000-900009"):
            assert answer_of(client, Ask("GET", "/c/hit", ranges)) == "loud"
            assert isinstance(answer_of(client, Ask("GET", "/c/well", ranges)), bytes)
        client.connection.close()


def test_requests_that_are_made_up_are_many(site):
    shape = Shape(["/c/a", "/c/b"], bytes(1000), [])
    made = asks(shape, random.Random(1))
    assert [ask.method for ask in made] == ["GET", "GET", "GET", "HEAD"]
    assert made[2].ranges.count(",") == 2
