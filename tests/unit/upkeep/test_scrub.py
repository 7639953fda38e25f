"""Every block is read within the period, slowly, through restarts; damage is told, and healed where it can be."""

import json

import pytest

from davserver.blocks import layout
from davserver.upkeep.repair import repair
from davserver.upkeep.scrub import BUSY_WAIT_S, LONGEST_WAIT_S, Scrub, Turn, load_state
from tests.unit.upkeep.damages import flip

DAY_S = 86_400.0
PERIOD_S = 1.5 * DAY_S


class Time:
    """A clock that only moves when somebody waits."""

    def __init__(self):
        self.now = 1_700_000_000.0
        self.paused = 0.0

    def __call__(self):
        return self.now

    def pause(self, seconds):
        self.paused += seconds
        self.now += seconds


class Told:
    def __init__(self):
        self.blocks = 0
        self.damages = []
        self.rounds = []
        self.troubles = []

    def checked(self, blocks, size):
        self.blocks += blocks

    def damaged(self, locator, reason, places, healed):
        self.damages.append((locator, [place.path for place in places], healed))

    def finished(self, started_s, finished_s, blocks):
        self.rounds.append((started_s, finished_s, blocks))

    def troubled(self, error):
        self.troubles.append(error)


@pytest.fixture
def clock():
    return Time()


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def make(premises, clock, told, tmp_path):
    def make_one(**changes):
        options = {"period_s": PERIOD_S, "bytes_per_s": 1000, "clock": clock, "pause": clock.pause} | changes
        return Scrub(premises.house, Turn(tmp_path / "scrub.lock"), told, **options)

    return make_one


@pytest.fixture
def blocks(premises):
    """Two hundred blocks, of which files of a collection name five."""
    premises.create("photos")
    nodes = [premises.put("photos", f"f{number}", bytes([number]) * 500) for number in range(5)]
    for number in range(195):
        premises.blocks.put(b"another %d" % number * 40)
    return [node.extents[0].locator for node in nodes]


def run_until(scrub, clock, moment):
    """Step until a moment; returns the longest time that one step read without a wait."""
    while clock.now < moment:
        before = clock.now
        wait = scrub.step()
        assert 0 <= wait <= LONGEST_WAIT_S
        assert clock.now - before < 120
        clock.now += max(wait, 0.001)


def test_every_block_is_read_within_the_period_and_again_in_the_next(make, blocks, clock, told):
    start = clock.now
    run_until(make(), clock, start + PERIOD_S)
    assert told.blocks == 200
    ((began, ended, count),) = told.rounds
    assert began == start
    assert count == 200
    assert PERIOD_S * 0.5 < ended - began <= PERIOD_S, "all at once, or too late"
    run_until(make(), clock, start + 2 * PERIOD_S)
    assert len(told.rounds) == 2
    assert told.blocks == 400


def test_reading_is_paced(make, blocks, clock, told):
    run_until(make(), clock, clock.now + PERIOD_S)
    assert clock.paused == pytest.approx(load_state(make()._house).bytes / 1000, rel=0.01)


def test_a_restart_goes_on_where_the_last_process_was(make, blocks, clock, told, premises):
    start = clock.now
    run_until(make(), clock, start + PERIOD_S / 2)
    before = told.blocks
    assert 50 < before < 200, "not in the middle of a round"
    premises.reopen()
    run_until(make(), clock, start + PERIOD_S)
    assert told.blocks == 200


def test_a_process_that_is_killed_in_a_step_repeats_that_step_only(make, blocks, clock, told):
    class Killed(BaseException):
        pass

    def die(_seconds):
        raise Killed

    start = clock.now
    run_until(make(), clock, start + PERIOD_S / 2)
    position = load_state(make()._house).position
    clock.now = start + PERIOD_S * 0.8
    with pytest.raises(Killed):
        make(pause=die).step()
    assert load_state(make()._house).position == position
    run_until(make(), clock, start + PERIOD_S)
    assert told.rounds[0][2] == 200


def test_one_process_at_a_time(make, blocks, tmp_path, told):
    with Turn(tmp_path / "scrub.lock").taken(wait=False) as mine:
        assert mine
        assert make().step() == BUSY_WAIT_S
    assert told.blocks == 0
    assert make().step() != BUSY_WAIT_S


def test_damage_is_told_once_with_the_files_it_hits(make, blocks, clock, told, premises):
    flip(premises.block_file(blocks[3]), 77)
    start = clock.now
    run_until(make(), clock, start + 2 * PERIOD_S)
    assert told.damages == [(str(blocks[3]), ["f3"], None)]
    assert list(load_state(premises.house).damaged) == [str(blocks[3])]
    assert json.dumps(load_state(premises.house).damaged)


def test_damage_is_forgotten_when_it_is_healed(make, blocks, clock, told, premises):
    flip(premises.block_file(blocks[3]), 77)
    start = clock.now
    run_until(make(), clock, start + PERIOD_S)
    assert load_state(premises.house).damaged
    premises.blocks.put(bytes([3]) * 500)
    run_until(make(), clock, start + 2 * PERIOD_S)
    assert load_state(premises.house).damaged == {}


def test_damage_that_was_set_aside_stays_known_while_files_need_it(make, blocks, clock, told, premises):
    flip(premises.block_file(blocks[3]), 77)
    start = clock.now
    run_until(make(), clock, start + PERIOD_S)
    repair(premises.house)
    run_until(make(), clock, start + 2 * PERIOD_S)
    assert list(load_state(premises.house).damaged) == [str(blocks[3])]


def test_a_block_is_healed_from_the_trash(make, blocks, clock, told, premises):
    path = premises.block_file(blocks[1])
    layout.trash_path(premises.block_root, blocks[1].md5, 1_900_000_000).write_bytes(path.read_bytes())
    flip(path, 5)
    run_until(make(), clock, clock.now + PERIOD_S)
    ((locator, _, healed),) = told.damages
    assert locator == str(blocks[1])
    assert healed.endswith(".trash.1900000000")
    premises.blocks.verify(blocks[1])
    assert load_state(premises.house).damaged == {}
    assert load_state(premises.house).healed == 1


def test_a_block_is_healed_from_memory(make, blocks, clock, told, premises):
    assert premises.blocks.get(blocks[2])
    flip(premises.block_file(blocks[2]), 5)
    run_until(make(), clock, clock.now + PERIOD_S)
    assert told.damages == [(str(blocks[2]), ["f2"], "memory")]
    premises.blocks.verify(blocks[2])


def test_a_store_that_cannot_be_read_is_tried_again_and_nothing_is_called_damaged(make, blocks, clock, told, premises):
    make().step()
    clock.now += PERIOD_S / 2
    premises.block_root.rename(premises.block_root.with_name("unmounted"))
    assert make().step() > 0
    assert told.troubles
    assert told.damages == []
    premises.block_root.with_name("unmounted").rename(premises.block_root)
    run_until(make(), clock, clock.now + PERIOD_S)
    assert len(told.rounds) == 1


def test_all_at_once(make, blocks, told, premises):
    flip(premises.block_file(blocks[4]), 1)
    seen = []
    state = make().run(lambda done, total: seen.append((done, total)))
    assert state.blocks == 200
    assert list(state.damaged) == [str(blocks[4])]
    assert seen[0][0] == 0
    assert seen[-1][0] == seen[-1][1] == state.bytes
