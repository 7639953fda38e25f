"""A right is held against what is shown, also when its name has passed to another collection since it was looked up."""

from __future__ import annotations

import time

import pytest

from davserver.access.guarded_house import GuardedHouse
from davserver.access.held import Held
from davserver.access.principal import Principal
from davserver.access.rights import Rights
from davserver.blocks.memory import MemoryStore
from davserver.catalog.database import open_catalog
from davserver.catalog.model import Right
from davserver.errors import NotFound
from davserver.live.house import House
from tests.support.locks import lock_of


class MayWrite:
    """Grants the right to write one collection."""

    def __init__(self, collection_id):
        self._collection_id = collection_id

    def held(self, principal):
        return Held({self._collection_id: Right.WRITE} if principal.name == "ann" else {}, {})


@pytest.fixture
def house(tmp_path):
    house = House(open_catalog(f"sqlite:///{tmp_path}/catalog.db"), MemoryStore(clock=time.time))
    yield house
    house.close()


@pytest.mark.parametrize(
    "ask",
    [
        lambda house: house.versions("a"),
        lambda house: house.view_version("a", 1),
        lambda house: house.locks("a"),
        lambda house: house.commit("a"),
    ],
    ids=["versions", "view_version", "locks", "commit"],
)
def test_what_one_may_not_see_is_not_shown_under_a_name_that_one_might_see(house, monkeypatch, ask):
    own = house.edit(lambda edit: edit.create_collection("a"))
    secret = house.edit(lambda edit: edit.create_collection("secret"))
    house.edit(lambda edit: edit.add_lock(lock_of(secret.id)))
    house.commit("secret")
    guarded = GuardedHouse(house, Rights(Principal("ann"), MayWrite(own.id), may_ask=True))

    def overtaken(look):
        def look_and_be_overtaken(name):
            found = look(name)
            monkeypatch.undo()
            house.edit(replace)
            return found

        return look_and_be_overtaken

    def replace(edit):
        edit.trash_collection(own.id)
        edit.rename_collection(secret.id, "a")

    for look in ("info", "view"):
        monkeypatch.setattr(house, look, overtaken(getattr(house, look)))
    with pytest.raises(NotFound):
        ask(guarded)
