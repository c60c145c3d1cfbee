"""Sweeps: order, failures, dead workers, threads."""

import math
import multiprocessing
import os
import signal
import sys
import time
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
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

def die_at_once(point):
    os.kill(os.getpid(), signal.SIGKILL)

def die_once(mark, point):
    if point == 2 and not os.path.exists(mark):
        open(mark, "w").close()
        die(point)
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


@pytest.mark.slow
def test_a_point_that_kills_its_workers_fails_alone(tasks):
    with executor(2) as pool:
        results = list(sweep(tasks.die, range(5), executor=pool))
        assert [index for index, _ in results] == list(range(5))
        assert [outcome for _, outcome in results if not isinstance(outcome, Exception)] == [0, 1, 3, 4]
        assert isinstance(results[2][1], BrokenExecutor)
        assert "died 4 times" in str(results[2][1])
        assert list(sweep(tasks.die, [0], executor=pool)) == [(0, 0)]


def test_a_worker_killed_once_costs_nothing(tasks, tmp_path):
    with executor(2) as pool:
        task = partial(tasks.die_once, str(tmp_path / "mark"))
        assert list(sweep(task, range(5), executor=pool)) == [(i, i) for i in range(5)]


def test_workers_that_always_die_end_the_sweep(tasks, monkeypatch):
    monkeypatch.setattr("replica.sweep.run.BARREN", 2)
    with executor(2) as pool:
        results = list(sweep(tasks.die_at_once, range(20), executor=pool))
    assert all("given up" in str(outcome) for _, outcome in results)


def test_a_dead_worker_of_a_foreign_pool_is_an_error_of_the_points_it_leaves(tasks):
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        results = list(sweep(tasks.die, range(5), executor=pool))
        assert [outcome for _, outcome in results[:2]] == [0, 1]
        assert isinstance(results[2][1], BrokenExecutor)
        assert isinstance(next(sweep(tasks.die, [0], executor=pool))[1], BrokenExecutor)


def test_threads_share_the_limit_on_threads(tasks):
    import scipy.linalg  # noqa: F401 - a library that a task loads would be one more afterwards

    before = threadpool_info()
    with ThreadPoolExecutor(3) as pool:
        assert [found for _, found in sweep(tasks.threads, range(30), executor=pool)] == [{1}] * 30
    assert threadpool_info() == before


def test_ctrl_c_yields_what_was_finished_out_of_order():
    def interrupt(number, frame):
        raise KeyboardInterrupt

    old = signal.signal(signal.SIGALRM, interrupt)
    try:
        with ThreadPoolExecutor(2) as pool:
            signal.setitimer(signal.ITIMER_REAL, 0.5)
            results = collect(sweep(time.sleep, [1.0, 0.0, 0.0, 1.0], executor=pool))
    finally:
        signal.signal(signal.SIGALRM, old)
    assert results == ([(1, None), (2, None)], True)


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
            workers = [process.pid for process in pool.processes()]
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
