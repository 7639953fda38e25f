"""The scrub of a serving process: begins by itself, tells log, counts and health, and stops inside a block."""

import json
import time

import pytest
from structlog.testing import capture_logs

from davserver.blocks import layout
from davserver.config import Settings
from davserver.server.opening import open_house
from davserver.server.scrubbing import Scrubber
from davserver.upkeep.scrub import load_state
from davserver.web.degraded import ready_or_degraded
from davserver.web.metrics import Metrics
from tests.support.process import until

DEADLINE_S = 30


@pytest.fixture
def settings(tmp_path):
    return Settings(data=tmp_path / "data", scrub_period_days=0.000001)


@pytest.fixture
def house(settings):
    house = open_house(settings)
    yield house
    house.close()
    house.blocks.close()


def test_damage_is_found_counted_and_shown_and_healed_by_the_same_content(settings, house):
    data = bytes(3 << 20)
    locator = house.blocks.put(data)
    house.blocks.put(b"another block")
    path = layout.path_of(settings.data / "blocks", locator.md5)
    path.write_bytes(data[:-1] + b"!")
    metrics = Metrics(shared=False)
    assert json.loads(ready_or_degraded(house).body) == {"status": "ok"}
    scrubber = Scrubber(settings, house, metrics, first_wait_s=0.0)
    with capture_logs() as logs:
        scrubber.start()
        until(lambda: load_state(house).damaged, limit_s=DEADLINE_S)
        scrubber.stop()
    lines = [line for line in logs if line["event"] == "a block is damaged"]
    assert lines[0]["block"] == str(locator)
    assert b'davserver_scrub_damage_total{healed="no"} 1.0' in metrics.answer().body
    answer = ready_or_degraded(house)
    assert answer.status == 200
    assert json.loads(answer.body)["status"] == "degraded"
    assert json.loads(answer.body)["damaged_blocks"] == 1
    assert locator.md5.encode() not in answer.body
    house.blocks.put(data)
    scrubber = Scrubber(settings, house, metrics, first_wait_s=0.0)
    scrubber.start()
    until(lambda: not load_state(house).damaged, limit_s=DEADLINE_S)
    scrubber.stop()
    assert json.loads(ready_or_degraded(house).body) == {"status": "ok"}


def test_it_stops_in_the_middle_of_a_block(tmp_path, house):
    house.blocks.put(bytes(8 << 20))
    slow = Settings(data=tmp_path / "data", scrub_bytes_per_s=1 << 16)
    scrubber = Scrubber(slow, house, Metrics(shared=False), first_wait_s=0.0)
    scrubber.start()
    until(lambda: load_state(house).started_s, limit_s=DEADLINE_S)
    began = time.monotonic()
    scrubber.stop()
    assert time.monotonic() - began < DEADLINE_S / 2, "it would have read for two minutes"
    assert load_state(house).position == ""
