"""Group commit: one leader, every job exactly once, errors to whom they belong."""

import threading

import pytest

from davserver.live.group import GroupCommit


def test_a_lone_job_runs_in_its_own_thread():
    ran_in = []
    group = GroupCommit(lambda batch: [job.run(None) for job in batch])
    group.submit(lambda _context: ran_in.append(threading.get_ident()))
    assert ran_in == [threading.get_ident()]


def submit_eight(run):
    """Submit a job, and seven more when the first one's batch runs; returns what became of them."""
    first_runs, go_on = threading.Event(), threading.Event()

    def stop_once():
        if not first_runs.is_set():
            first_runs.set()
            go_on.wait()

    group = GroupCommit(lambda batch: run(batch, stop_once))
    results = []
    threads = [threading.Thread(target=lambda i=i: results.append(group.submit(lambda c: (c, i)))) for i in range(8)]
    threads[0].start()
    first_runs.wait()
    for thread in threads[1:]:
        thread.start()
    while len(group._waiting) < 7:  # the seven wait for their turn
        pass
    go_on.set()
    for thread in threads:
        thread.join()
    return sorted(results)


def test_jobs_that_come_before_a_batch_begins_join_it():
    batches = []

    def run(batch, stop_once):
        stop_once()
        batches.append([job.run("context") for job in batch])

    assert submit_eight(run) == [("context", i) for i in range(8)]
    assert [len(batch) for batch in batches] == [8]


def test_jobs_that_come_while_a_batch_is_made_durable_share_the_next_one():
    batches = []

    def run(batch, stop_once):
        batches.append([job.run("context") for job in batch])
        stop_once()

    assert submit_eight(run) == [("context", i) for i in range(8)]
    assert [len(batch) for batch in batches] == [1, 7]


def test_a_batch_that_is_run_again_runs_all_of_its_jobs_again():
    ran = []

    def run(batch, stop_once):
        for _attempt in range(2):
            stop_once()
            ran.append(sum(job.run("context") for job in batch))

    assert submit_eight(run) == [("context", i) for i in range(8)]
    assert ran == [8, 8]


def test_an_error_reaches_the_job_that_raised_it_and_no_other():
    group = GroupCommit(lambda batch: [job.run(None) for job in batch])

    def fail(_context):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        group.submit(fail)
    assert group.submit(lambda _context: "fine") == "fine"


def test_a_batch_that_fails_fails_all_of_its_jobs_and_the_next_one_goes_on():
    broken = [True]

    def run(batch):
        for job in batch:
            job.run(None)
        if broken[0]:
            raise OSError("disk")

    group = GroupCommit(run)
    with pytest.raises(OSError, match="disk"):
        group.submit(lambda _context: 1)
    broken[0] = False
    assert group.submit(lambda _context: 2) == 2


def test_many_threads_lose_nothing():
    seen = []
    group = GroupCommit(lambda batch: [job.run(seen) for job in batch], largest_batch=5)
    threads = [
        threading.Thread(target=lambda n=n: [group.submit(lambda s, i=i: s.append((n, i))) for i in range(50)])
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == len(set(seen)) == 400
    for n in range(8):
        assert [i for m, i in seen if m == n] == list(range(50))
