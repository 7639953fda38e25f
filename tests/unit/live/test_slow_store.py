"""A block store that hangs holds up those who need it, and nobody else."""

import threading

from davserver.blocks.memory import MemoryStore
from davserver.blocks.wrapper import Wrapper
from tests.support.operations import begin, content, picture, put

HANGING = 8


class Hanging(Wrapper):
    """A store that takes no block until it is told to."""

    def __init__(self):
        super().__init__(MemoryStore(clock=lambda: 0.0))
        self.asked = threading.Semaphore(0)
        self.go_on = threading.Event()

    def put(self, data, known=None):
        self.asked.release()
        assert self.go_on.wait(60)
        return super().put(data)


def test_while_large_uploads_hang_small_files_are_stored_and_read(neighbourhood):
    blocks = Hanging()
    house = neighbourhood.open(blocks=blocks, block_bytes=1000, inline_bytes=64, memory_bytes=1 << 20)
    begin(house)
    uploads = [
        threading.Thread(target=put, args=(house, f"large{number}", content(number, 1500))) for number in range(HANGING)
    ]
    for thread in uploads:
        thread.start()
    assert all(blocks.asked.acquire(timeout=60) for _ in range(4))  # as many as store at the same time
    put(house, "small", b"small")
    assert picture(house)["trees"]["c"] == {"small": b"small"}
    assert house.trouble() == {}
    blocks.go_on.set()
    for thread in uploads:
        thread.join(60)
    assert set(picture(house)["trees"]["c"]) == {"small", *(f"large{number}" for number in range(HANGING))}
