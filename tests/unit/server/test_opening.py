"""The data directory lasts: its name is synced, whoever made it."""

import pytest

from davserver.blocks.fs import RealFs
from davserver.config import Settings
from davserver.server.opening import ensure_data, open_house


class NotingFs(RealFs):
    """The real file system; knows which names have been synced."""

    def __init__(self):
        self.durable = set()

    def sync_directory(self, path):
        super().sync_directory(path)
        self.durable |= set(path.iterdir())


@pytest.mark.parametrize("made_before", ["", "above", "above/data"])
def test_the_name_of_the_data_directory_is_synced_and_those_that_lead_to_it(tmp_path, made_before):
    (tmp_path / made_before).mkdir(parents=True, exist_ok=True)
    fs = NotingFs()
    ensure_data(tmp_path / "above" / "data", fs)
    assert tmp_path / "above" / "data" in fs.durable
    assert tmp_path / "above" in fs.durable or made_before


def test_what_a_killed_process_left_in_the_data_directory_is_synced(tmp_path):
    (tmp_path / "data" / "blocks").mkdir(parents=True)
    fs = NotingFs()
    ensure_data(tmp_path / "data", fs)
    assert tmp_path / "data" / "blocks" in fs.durable


def test_the_data_directory_is_its_owners_alone(tmp_path):
    ensure_data(tmp_path / "data", RealFs())
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_the_catalog_is_its_owners_alone_whatever_directory_it_lies_in(tmp_path):
    """Others may look into a directory that the operator made: the catalog holds hashes of passwords and tokens."""
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    data.chmod(0o755)
    house = open_house(Settings(data=data))
    house.edit(lambda edit: edit.create_collection("c"))
    try:
        found = {path.name: path.stat().st_mode & 0o077 for path in data.glob("catalog.db*")}
        assert found.keys() >= {"catalog.db", "catalog.db-wal"}
        assert set(found.values()) == {0}
    finally:
        house.close()
