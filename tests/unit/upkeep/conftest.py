"""A house on a real directory of blocks, and ways to damage what it holds."""

import sqlite3

import pytest

from davserver.blocks import layout
from davserver.blocks.open import open_store
from davserver.catalog.database import open_catalog
from davserver.collection.attributes import Attributes
from davserver.collection.change import Put
from davserver.live.house import House
from davserver.live.settings import LiveSettings
from davserver.values import parse_path


class Premises:
    """One data directory: the house on it, and what lies on the disk below."""

    def __init__(self, directory):
        self.catalog_file = directory / "catalog.db"
        self.block_root = directory / "blocks"
        self.house = self.open()

    def open(self):
        self.blocks = open_store(self.block_root)
        self.catalog = open_catalog(f"sqlite:///{self.catalog_file}")
        return House(self.catalog, self.blocks, settings=LiveSettings(inline_bytes=64))

    def close(self):
        self.house.close()
        self.blocks.close()

    def reopen(self):
        self.close()
        self.house = self.open()

    def create(self, name):
        return self.house.edit(lambda edit: edit.create_collection(name))

    def change(self, name, change):
        return self.house.edit(lambda edit: edit.apply(edit.view(name).info.id, change))

    def put(self, name, path, data):
        with self.house.upload(len(data)) as upload:
            upload.write(data)
            node = upload.finish(lambda etag: Attributes(etag=etag))
        self.change(name, Put(parse_path(path), node))
        return node

    def block_file(self, locator):
        return layout.path_of(self.block_root, locator.md5)

    def sql(self, statement, *parameters):
        """Damage the catalog behind the house's back."""
        self.close()
        with sqlite3.connect(self.catalog_file) as connection:
            changed = connection.execute(statement, parameters).rowcount
        connection.close()
        self.house = self.open()
        return changed


@pytest.fixture
def premises(tmp_path):
    premises = Premises(tmp_path)
    yield premises
    premises.close()


@pytest.fixture
def house(premises):
    return premises.house
