"""From a setting to a store."""

import pytest

from davserver.blocks.memory import MemoryStore
from davserver.blocks.open import DRIVERS, open_store
from davserver.blocks.store import ServesFiles
from davserver.blocks.verified import VerifiedStore
from davserver.errors import BlockCorrupt, ConfigError, StoreUnavailable


@pytest.mark.parametrize("form", ["{}", "file://{}", "file://localhost{}"])
def test_a_path_or_a_file_url_is_a_directory(tmp_path, form):
    place = tmp_path / "a b" / "blocks"
    store = open_store(form.format(place).replace(" ", "%20") if "://" in form else place)
    store.put(b"foo")
    assert (place / "acb" / "acbd18db4cc2f85cedef654fccc4a4d8").read_bytes() == b"foo"
    store.close()


def test_memory_is_a_new_store_each_time():
    first, second = open_store("memory://"), open_store("memory://")
    first.put(b"foo")
    assert list(second.index()) == []


@pytest.mark.parametrize(
    "location", ["gopher://blocks", "s3:/x://y", "memory://name", "file://host/blocks", "file://", "file:///x?y=1", ""]
)
def test_a_location_that_cannot_be_meant_is_a_setting_to_correct(location):
    with pytest.raises(ConfigError) as caught:
        open_store(location)
    assert caught.value.key == "blocks"


def test_an_unknown_scheme_names_the_known_ones():
    with pytest.raises(ConfigError) as caught:
        open_store("gopher://blocks")
    assert "gopher" in caught.value.message
    assert caught.value.hint == "known schemes: " + ", ".join(sorted(DRIVERS))


def test_a_file_in_the_way_is_an_unusable_store(tmp_path):
    (tmp_path / "blocks").write_bytes(b"")
    with pytest.raises(StoreUnavailable):
        open_store(tmp_path / "blocks")


def test_a_driver_can_be_added():
    drivers = {**DRIVERS, "test": lambda _, world: VerifiedStore(MemoryStore(clock=world.clock), clock=world.clock)}
    store = open_store("test://anything", drivers=drivers)
    assert store.get(store.put(b"foo")) == b"foo"


def test_what_is_opened_verifies_and_serves_files(tmp_path):
    store = open_store(tmp_path)
    locator = store.put(bytes(1 << 20))
    assert isinstance(store, ServesFiles)
    (tmp_path / locator.md5[:3] / locator.md5).write_bytes(b"\1" * (1 << 20))
    with pytest.raises(BlockCorrupt):
        store.read(locator, 0, 10)
    store.close()
