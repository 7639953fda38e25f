"""The order of a run: round, workload, peer, so that what is compared was measured within the same minute.

Who is first is another one in each round. Each sample has a server of its own, started for it; no other runs. Before it
the disk is synced, and a fixed piece of work is timed, which tells whether the machine was quiet.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException
from subprocess import SubprocessError

from benchmarks.grounds import Grounds
from benchmarks.load.wire import WrongAnswer
from benchmarks.machine import noise_s
from benchmarks.peers.peer import Peer
from benchmarks.peers.running import NotServing, Running
from benchmarks.results import Sample
from benchmarks.stage import Stage
from benchmarks.workloads.workload import Workload

Tell = Callable[[str], None]


def rounds(
    count: int, workloads: Sequence[Workload], peers: Sequence[Peer], grounds: Grounds, tell: Tell
) -> Iterator[Sample]:
    """Yield a sample of each workload by each of its peers, ``count`` times; ``tell`` hears what comes next."""
    for number, workload in itertools.product(range(count), workloads):
        asked = [peer for peer in peers if peer.name in (*workload.peers, *workload.ours)]
        first = number * len(asked) // count
        for peer in asked[first:] + asked[:first]:
            tell(f"round {number + 1} of {count}: {workload.title}, {peer.title}")
            yield sample(number, workload, peer, grounds)


def count_of(count: int, workloads: Sequence[Workload], peers: Sequence[Peer]) -> int:
    """Return how many samples there will be."""
    return count * sum(peer.name in (*workload.peers, *workload.ours) for workload in workloads for peer in peers)


def sample(number: int, workload: Workload, peer: Peer, grounds: Grounds) -> Sample:
    """Measure once. A wrong answer is a failure of its peer, and does not end the run."""
    site = (grounds.copy if workload.spends else grounds.site)(peer, workload.ground)
    os.sync()
    noise = noise_s()
    try:
        with Running(peer, site) as running:
            figures = workload.act(Stage(running, grounds.material))
    except (WrongAnswer, NotServing, OSError, HTTPException, SubprocessError) as failure:
        return Sample(number, workload.name, peer.name, failure=f"{type(failure).__name__}: {failure}"[:300])
    finally:
        if workload.spends:
            grounds.drop_large(site)
    return Sample(number, workload.name, peer.name, figures | {"noise_s": noise})
