"""Many points, one task: in order, on any executor, with the same result bit for bit on all of them.

What is computed and where it runs know nothing of each other. A point that fails is a result too.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import Any

GRACE = 1.0
"""Seconds that idle workers get to leave by themselves."""


def sweep(
    task: Callable[[Any], Any], points: Iterable[Any], *, executor: Executor | None = None
) -> Iterator[tuple[int, Any]]:
    """Apply a task to every point, in order.

    Parameters
    ----------
    task : callable
        Function of one point. For a pool of processes it must be importable: at the top of a module other
        than `__main__`, or a `functools.partial` of such a function.
    points : iterable
        The points, in tasks of a size fixed by the caller: random numbers come from the index of a task,
        never from the worker.
    executor : concurrent.futures.Executor, optional
        Where to run: processes, threads, `dask.distributed.Client.get_executor()`; None runs here.

    Yields
    ------
    tuple of int and object
        Index of the point, and what the task returned or the exception it raised. If a worker dies, each
        point left unfinished yields a `concurrent.futures.BrokenExecutor`.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, with the points not yet begun cancelled; what was yielded stays valid (see `collect`).
    """
    single = functools.partial(run_alone, task)
    if executor is None:
        for index, point in enumerate(points):
            yield index, _outcome(functools.partial(single, point))
        return
    futures = [_submit(executor, single, point) for point in points]
    try:
        for index, future in enumerate(futures):
            yield index, _outcome(future.result) if isinstance(future, Future) else future
            futures[index] = None
    finally:
        for future in futures:
            if isinstance(future, Future):
                future.cancel()


def collect(results: Iterable[tuple[int, Any]]) -> tuple[list[tuple[int, Any]], bool]:
    """All results of a sweep, or those finished before Ctrl-C.

    Parameters
    ----------
    results : iterable
        From `sweep`, perhaps through `replica.cli.progress`.

    Returns
    -------
    tuple of list and bool
        Pairs of index and outcome, and whether the sweep was interrupted.
    """
    finished: list[tuple[int, Any]] = []
    try:
        for result in results:
            finished.append(result)  # extend() need not keep what came before an interrupt
    except KeyboardInterrupt:
        return finished, True
    return finished, False


@contextlib.contextmanager
def executor(jobs: int) -> Iterator[Executor | None]:
    """Worker processes for `sweep`; none that is still busy at the end outlives the block.

    Parameters
    ----------
    jobs : int
        How many. They are spawned, not forked: no state of this process leaks into them.

    Yields
    ------
    concurrent.futures.ProcessPoolExecutor or None
        None for one job: a process of its own would only cost time.
    """
    if jobs == 1:
        yield None
        return
    context = multiprocessing.get_context("spawn")
    before = set(multiprocessing.active_children())
    # Ctrl-C reaches every process of the terminal; only this one shall answer it.
    pool = ProcessPoolExecutor(jobs, context, signal.signal, (signal.SIGINT, signal.SIG_IGN))
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        # Whatever still runs was given up by the block: waiting for it could take hours.
        end = time.monotonic() + GRACE
        for process in set(multiprocessing.active_children()) - before:
            process.join(max(0.0, end - time.monotonic()))
            process.terminate()
            process.join()


def run_alone(task: Callable[[Any], Any], point: Any) -> Any:
    """One task with its linear algebra on a single thread.

    Parameters
    ----------
    task : callable
        Function of one point.
    point : object
        The point.

    Returns
    -------
    object
        What the task returns.
    """
    # Threads would compete with the other workers, and change the order of sums with the number of cores.
    with _libraries().limit(limits=1):
        return task(point)


@functools.cache
def _libraries() -> Any:
    # Only libraries already loaded can be limited, and these two bring them in.
    import numpy  # noqa: F401
    import scipy.linalg  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _submit(executor: Executor, task: Callable[[Any], Any], point: Any) -> Any:
    try:
        return executor.submit(task, point)
    except RuntimeError as error:  # the pool broke before this point was sent
        return error


def _outcome(compute: Callable[[], Any]) -> Any:
    try:
        return compute()
    except Exception as error:
        return error
