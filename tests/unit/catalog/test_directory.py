"""A catalog in a directory of its own lasts no longer than the names that lead to it."""

from davserver.blocks.fs import RealFs
from davserver.catalog.sqlite import Files


class NotingFs(RealFs):
    """The real file system; knows which names have been synced."""

    def __init__(self):
        self.durable = set()

    def sync_directory(self, path):
        super().sync_directory(path)
        self.durable |= set(path.iterdir())


def test_the_directories_that_are_made_for_a_catalog_are_synced(tmp_path):
    fs = NotingFs()
    Files(tmp_path / "above" / "catalog" / "catalog.db", fs)
    assert fs.durable >= {tmp_path / "above", tmp_path / "above" / "catalog"}
