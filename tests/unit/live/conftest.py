"""Houses on one data directory; each stands for a process."""

import pytest

from davserver.blocks.memory import MemoryStore
from davserver.catalog.database import open_catalog
from davserver.live.house import House
from davserver.live.settings import LiveSettings


class Neighbourhood:
    """Opens houses that share a catalog and a block store."""

    def __init__(self, directory):
        self.url = f"sqlite:///{directory}/catalog.db"
        self.blocks = MemoryStore(clock=lambda: self.now_s)
        self.houses = []
        self.now_s = 1_000_000.0

    def open(self, *, blocks=None, keeper=None, **settings):
        house = House(
            open_catalog(self.url),
            blocks or self.blocks,
            settings=LiveSettings(**settings),
            clock=lambda: self.now_s,
            keeper=keeper,
        )
        self.houses.append(house)
        return house

    def close(self):
        for house in self.houses:
            house.close()
        self.houses.clear()


@pytest.fixture
def neighbourhood(tmp_path):
    neighbourhood = Neighbourhood(tmp_path)
    yield neighbourhood
    neighbourhood.close()


@pytest.fixture
def house(neighbourhood):
    return neighbourhood.open()


@pytest.fixture
def other(neighbourhood, house):
    return neighbourhood.open()
