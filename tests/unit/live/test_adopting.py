"""A house whose commits are made elsewhere: its trees stay true, and its memory is let go without a request."""

import threading

import pytest

from davserver.collection.attributes import Attributes
from davserver.collection.change import Mkdir, Put, Remove
from davserver.errors import StoreUnavailable
from davserver.live.following import Follower
from davserver.live.keeper import Troubles
from davserver.live.settings import CommitPolicy
from tests.support.process import until

NEVER = CommitPolicy(idle_s=0.1, age_s=0.1)  # the follower looks often, and nobody commits by itself


class Elsewhere:
    """A keeper that the tests play by ``other.commit``."""

    def hurry(self):
        """Nothing to do."""

    def troubles(self):
        return Troubles()


def put(house, path, data):
    with house.upload(len(data)) as upload:
        upload.write(data)
        node = upload.finish(lambda etag: Attributes(etag=etag))
    house.edit(lambda edit: edit.apply(edit.view("photos").info.id, Put(path, node)))


def change(house, what):
    house.edit(lambda edit: edit.apply(edit.view("photos").info.id, what))


def live_root(house):
    """Return the tree in memory, without a look at the catalog."""
    [live] = house._registry._open.values()
    return live.state.root


@pytest.fixture
def served(neighbourhood):
    """Return a house with two folders, a committed file in each, and one that is not committed."""
    house = neighbourhood.open(keeper=Elsewhere(), policy=NEVER)
    house.edit(lambda edit: edit.create_collection("photos"))
    for folder in ("still", "busy"):
        change(house, Mkdir((folder,)))
        put(house, (folder, "first"), folder.encode())
    house.commit("photos")
    put(house, ("busy", "second"), b"waits in memory")
    return house


def test_a_commit_elsewhere_costs_a_reader_nothing(served, other):
    before = served.view("photos")
    other.commit("photos")
    after = served.view("photos")
    assert after.info.version == before.info.version + 1
    assert after.root is before.root


def test_its_content_leaves_memory_without_a_request(served, other):
    served.start()
    other.commit("photos")
    until(lambda: live_root(served).mem_bytes == 0)
    assert live_root(served).get("busy").get("second").read_at(0, 100, served.blocks) == b"waits in memory"


def test_what_was_in_memory_and_did_not_change_stays(served, other):
    entries = served.view("photos").root.get("still").entries
    served.start()
    other.commit("photos")
    until(lambda: live_root(served).mem_bytes == 0)
    assert live_root(served).get("still").entries is entries


def test_a_commit_here_after_one_elsewhere_makes_no_version(served, other):
    theirs = other.commit("photos")
    assert served.commit("photos") == theirs


def test_what_arrived_since_is_kept_and_what_went_stays_away(served, other):
    other.commit("photos")
    change(served, Remove(("busy", "second")))
    put(served, ("busy", "third"), b"new")
    served.start()
    until(lambda: live_root(served).mem_bytes == len(b"new"))
    assert sorted(name for name, _ in live_root(served).get("busy").items()) == ["first", "third"]
    assert served.commit("photos").root == other.commit("photos").root


def test_a_house_that_slept_through_several_commits_wakes_up_well(served, other):
    for number in range(3):
        put(other, ("busy", f"other-{number}"), b"theirs")
        other.commit("photos")
    served.start()
    until(lambda: live_root(served).mem_bytes == 0)
    assert len(live_root(served).get("busy")) == 5


def test_writers_in_both_and_commits_all_the_time_lose_nothing(served, other):
    served.start()
    done = threading.Event()

    def commit():
        while not done.is_set():
            other.commit("photos")

    def write(house, who):
        for number in range(60):
            put(house, ("busy", f"{who}-{number}"), who.encode())

    committing = threading.Thread(target=commit)
    committing.start()
    writers = [threading.Thread(target=write, args=pair) for pair in ((served, "a"), (served, "b"), (other, "c"))]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    done.set()
    committing.join(60)
    names = {"first", "second", *(f"{who}-{number}" for who in "abc" for number in range(60))}
    assert {name for name, _ in served.view("photos").root.get("busy").items()} == names
    assert served.commit("photos").root == other.commit("photos").root
    until(lambda: live_root(served).mem_bytes == 0)


def test_a_collection_that_cannot_be_adopted_keeps_no_other_in_memory(served, other):
    served.edit(lambda edit: edit.create_collection("films"))
    with served.upload(4) as upload:
        upload.write(b"film")
        node = upload.finish(lambda etag: Attributes(etag=etag))
    served.edit(lambda edit: edit.apply(edit.view("films").info.id, Put(("film",), node)))
    other.commit("photos")
    other.commit("films")
    adopt = served._follower._adopt

    def adopt_films(live, rest):
        if live.state.row.name == "photos":
            raise StoreUnavailable("not now")
        return adopt(live, rest)

    follower = Follower(
        served._registry, adopt_films, Elsewhere(), memory_bytes=1 << 30, patience_s=1.0, poll_s=0.01, retry_s=0.01
    )
    photos, films = served._registry._open.values()
    follower.start()
    until(lambda: not films.state.root.mem_bytes)
    follower.stop()
    assert photos.state.root.mem_bytes


def test_an_edit_does_not_take_a_tree_off_the_checkpoint_it_stands_on(served, other):
    other.commit("photos")
    served._follower._adopt(served._registry.view("photos"))
    put(served, ("busy", "third"), b"new")
    assert served._registry.unsettled() == []
