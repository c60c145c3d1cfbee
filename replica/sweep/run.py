"""Many points, one task: in order, on any executor, with the same result bit for bit on all of them.

What is computed and where it runs know nothing of each other. A point that fails is a result too; a worker that
dies is replaced; with a checkpoint, a sweep that was stopped goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from replica.sweep.workers import executor

__all__ = ["collect", "executor", "in_turn", "run_alone", "sweep"]

Outcome = tuple[int, Any]

TOGETHER = 2
"""Dead workers after which a point runs alone, to find out whether it is the one that kills them."""
ATTEMPTS = 4
"""Dead workers after which a point has failed."""
LOOK = 1.0
"""Seconds between looks at whether the workers are still there."""
GONE = "the workers went away"
BARREN = 8
"""Deaths in a row, with no point finished in between, after which the sweep gives up."""


def sweep(
    task: Callable[[Any], Any],
    points: Iterable[Any],
    *,
    executor: Executor | None = None,
    checkpoint: str | Path | None = None,
) -> Iterator[Outcome]:
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
    checkpoint : str or Path, optional
        File to which each result is appended as soon as it is there, and whose results are not computed again.
        The file stays; what failed is not in it. See `replica.sweep.checkpoint` for what a result may be.

    Yields
    ------
    tuple of int and object
        Index of the point, and what the task returned or the exception it raised. If a worker of
        `replica.sweep.workers.executor` dies, its points are tried again by new ones; a point whose workers keep dying,
        or die in another executor, yields a `concurrent.futures.BrokenExecutor`.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, when all that was finished has been yielded; points not yet begun are cancelled.
    OSError
        If the checkpoint cannot be written, likewise.
    UsageError
        If the checkpoint is of another sweep.
    """
    points = list(points)
    single = functools.partial(run_alone, task)
    with contextlib.ExitStack() as stack:
        book = None
        if checkpoint is not None:
            from replica.sweep.checkpoint import Checkpoint

            book = stack.enter_context(Checkpoint(checkpoint, task, points))
        ready = {} if book is None else book.finished
        todo = [index for index in range(len(points)) if index not in ready]
        computed: Generator[Outcome, None, None]
        if executor is None:
            computed = ((index, _outcome(functools.partial(single, points[index]))) for index in todo)
        else:
            # Threads of this process may not be able to set the limit for themselves.
            stack.enter_context(_libraries().limit(limits=1))
            computed = _computed(single, points, todo, executor)
        stack.enter_context(contextlib.closing(computed))
        try:
            for following in range(len(points)):
                while following not in ready:
                    index, outcome = next(computed)
                    ready[index] = outcome
                    if book is not None and not isinstance(outcome, Exception):
                        book.save(index, outcome)
                yield following, ready.pop(following)
        except (KeyboardInterrupt, OSError):
            yield from sorted(ready.items())
            raise


def collect(results: Iterable[Outcome]) -> tuple[list[Outcome], bool]:
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
    finished: list[Outcome] = []
    try:
        for result in results:
            finished.append(result)  # extend() need not keep what came before an interrupt
    except KeyboardInterrupt:
        return finished, True
    return finished, False


_counting = threading.Lock()
_turn = threading.RLock()
_running: list[Any] = []
"""For each task that runs in this process, the limit on threads that it brought."""


def run_alone(task: Callable[[Any], Any], point: Any) -> Any:
    """Run one task with its linear algebra on a single thread.

    Parameters
    ----------
    task : callable
        Function of one point.
    point : object
        The point.

    Returns
    -------
    object
        Whatever the task returns for this point.
    """
    # Threads would compete with the other workers, and change the order of sums with the number of cores.
    with _counting:
        _running.append(_libraries().limit(limits=1))
    try:
        return task(point)
    finally:
        with _counting:
            # The first one knows what it was before, and the last task to end takes it.
            limit = _running.pop()
            if not _running:
                limit.restore_original_limits()


def in_turn(task: Callable[[Any], Any], point: Any) -> Any:
    """Run one task of those that share a state of the process, such as the precision of mpmath: never two at once.

    Parameters
    ----------
    task : callable
        Function of one point.
    point : object
        The point.

    Returns
    -------
    object
        Whatever the task returns for this point.
    """
    with _turn:
        return task(point)


@functools.cache
def _libraries() -> Any:
    # Only libraries already loaded can be limited, and these two bring them in.
    import numpy  # noqa: F401
    import scipy.linalg  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _computed(
    task: Callable[[Any], Any], points: Sequence[Any], todo: list[int], executor: Executor
) -> Generator[Outcome, None, None]:
    """Outcomes as they come; points whose workers died are tried again where workers can be replaced."""
    renew = getattr(executor, "renew", None)
    deaths: Counter[int] = Counter()
    barren = 0
    while todo:
        alone = [index for index in todo if deaths[index] >= TOGETHER][:1]
        lost = set()
        for index, outcome in _batch(task, points, alone or todo, executor):
            if renew is not None and isinstance(outcome, BrokenExecutor):
                lost.add(index)
            else:
                barren = 0
                yield index, outcome
        todo = [index for index in todo if index in lost or (alone and index not in alone)]
        if renew is None or not lost:
            continue
        renew()
        barren += 1
        # Workers take points in order: those they had are the first that are left.
        deaths.update(alone or todo[: executor.jobs])  # type: ignore[attr-defined]
        for index in [i for i in todo if deaths[i] >= ATTEMPTS or barren >= BARREN]:
            todo.remove(index)
            yield index, BrokenExecutor(_death(deaths[index]))


def _death(times: int) -> str:
    if times >= ATTEMPTS:
        return f"its worker died {times} times (killed, or out of memory)"
    return f"given up after {BARREN} dead workers in a row (killed, or out of memory)"


def _batch(
    task: Callable[[Any], Any], points: Sequence[Any], indices: Iterable[int], executor: Executor
) -> Generator[Outcome, None, None]:
    """Outcomes as they come."""
    finished: SimpleQueue[Future] = SimpleQueue()
    flying: dict[Future, int] = {}
    alive = getattr(executor, "alive", lambda: True)
    try:
        for index in indices:
            try:
                future = executor.submit(task, points[index])
            except RuntimeError as error:  # the workers broke before this point was sent
                yield index, error
                continue
            flying[future] = index
            future.add_done_callback(finished.put)
        while flying:
            try:
                future = finished.get(timeout=LOOK)
            except Empty:
                if alive():
                    continue
                yield from ((index, BrokenExecutor(GONE)) for index in flying.values())
                return
            yield flying.pop(future), _outcome(future.result)
    finally:
        for future in flying:
            future.cancel()


def _outcome(compute: Callable[[], Any]) -> Any:
    try:
        return compute()
    except CancelledError:
        return BrokenExecutor(GONE)
    except Exception as error:
        return error
