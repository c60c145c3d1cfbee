"""Sweeps: order, failures, dead workers, threads."""

import math
import os
import signal
import sys
import time
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from functools import partial

import pytest
from threadpoolctl import threadpool_info

from replica.sweep import collect, executor, sweep

TASKS = """
import os, signal, time
from threadpoolctl import threadpool_info
import numpy as np

def threads(point):
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

def norm(seed):
    a = np.random.default_rng(seed).normal(size=(300, 300))
    return float((a @ a).sum())

def die(point):
    if point == 2:
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGKILL)
    return point
"""


@pytest.fixture
def tasks(tmp_path, monkeypatch):
    """A module that spawned workers can import too."""
    (tmp_path / "plumbing_tasks.py").write_text(TASKS)
    monkeypatch.syspath_prepend(tmp_path)
    import plumbing_tasks

    yield plumbing_tasks
    del sys.modules["plumbing_tasks"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_in_order_and_failures_among_them(jobs):
    with executor(jobs) as pool:
        results = list(sweep(math.sqrt, [4.0, -1.0, 9.0], executor=pool))
    assert [index for index, _ in results] == [0, 1, 2]
    assert results[0][1] == 2.0
    assert isinstance(results[1][1], ValueError)
    assert results[2][1] == 3.0


def test_any_executor():
    with ThreadPoolExecutor(2) as pool:
        assert list(sweep(abs, range(-3, 0), executor=pool)) == [(0, 3), (1, 2), (2, 1)]


def test_one_thread_inside_tasks_only(tasks):
    before = threadpool_info()
    assert [found for _, found in sweep(tasks.threads, range(2))] == [{1}, {1}]
    assert threadpool_info() == before
    with executor(2) as pool:
        assert [found for _, found in sweep(tasks.threads, range(2), executor=pool)] == [{1}, {1}]


def test_same_bits_whatever_the_number_of_workers(tasks):
    alone = list(sweep(tasks.norm, range(6)))
    with executor(2) as pool:
        assert list(sweep(tasks.norm, range(6), executor=pool)) == alone


def test_a_dead_worker_is_an_error_of_the_points_it_leaves(tasks):
    with executor(2) as pool:
        results = list(sweep(tasks.die, range(5), executor=pool))
    assert len(results) == 5
    assert [outcome for _, outcome in results[:2]] == [0, 1]
    assert isinstance(results[2][1], BrokenExecutor)
    with executor(2) as pool:
        list(sweep(tasks.die, [2], executor=pool))
        assert isinstance(next(sweep(tasks.die, [0], executor=pool))[1], BrokenExecutor)


def test_collect_keeps_what_was_finished():
    def results():
        yield 0, "a"
        raise KeyboardInterrupt

    assert collect(results()) == ([(0, "a")], True)
    assert collect([(0, "a")]) == ([(0, "a")], False)


def test_ctrl_c_while_waiting_and_no_worker_outlives_the_block():
    def interrupt(number, frame):
        raise KeyboardInterrupt

    old = signal.signal(signal.SIGALRM, interrupt)
    start = time.monotonic()
    try:
        with executor(2) as pool:
            # A quick task first: the workers are up when the alarm is set.
            assert list(sweep(abs, [-1], executor=pool)) == [(0, 1)]
            signal.setitimer(signal.ITIMER_REAL, 0.5)
            results, interrupted = collect(sweep(time.sleep, [0.0, 100.0, 100.0, 100.0], executor=pool))
            workers = list(pool._processes)
    finally:
        signal.signal(signal.SIGALRM, old)
    assert interrupted
    assert results == [(0, None)]
    assert time.monotonic() - start < 30
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)


def test_leaving_early_cancels_the_rest():
    with ThreadPoolExecutor(1) as pool:
        results = sweep(partial(time.sleep), [0.0, 0.2] + [100.0] * 50, executor=pool)
        assert next(results) == (0, None)
        results.close()
