"""Where the tasks of a sweep run: worker processes of this machine, or a running Dask cluster."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from importlib import metadata
from typing import Any

from replica.errors import UsageError
from replica.table.provenance import DEPENDENCIES, DISTRIBUTION

__all__ = ["Cluster", "Pool", "executor"]

GRACE = 1.0
"""Seconds that idle workers get to leave by themselves."""
ANSWER = 5.0
"""Seconds that a scheduler gets to answer."""


@contextlib.contextmanager
def executor(workers: int | str) -> Iterator[Executor | None]:
    """Workers for `replica.sweep.run`; no process that is still busy at the end outlives the block.

    Parameters
    ----------
    workers : int or str
        How many processes, or the address of a Dask scheduler.

    Yields
    ------
    concurrent.futures.Executor or None
        None for one process: a process of its own would only cost time.

    Raises
    ------
    UsageError
        dask.distributed is not installed, the address is none, or the cluster is not fit for this package.
    ConnectionError
        No scheduler answers at the address.
    """
    if isinstance(workers, str):
        with _cluster(workers) as cluster:
            yield cluster
    elif workers == 1:
        yield None
    else:
        pool = Pool(workers)
        try:
            yield pool
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


class Pool(Executor):
    """Worker processes that can be replaced when one of them dies.

    They are spawned, not forked: no state of this process leaks into them. They end with this process, however
    it ends.

    Parameters
    ----------
    jobs : int
        How many.
    """

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._others = set(multiprocessing.active_children())
        self._pool = self._new()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **options: Any) -> Future:
        """Run a call in a worker, as any executor does."""
        return self._pool.submit(fn, *args, **options)

    def renew(self) -> None:
        """End all workers, and begin again with new ones."""
        self.shutdown(wait=False, cancel_futures=True)
        self._pool = self._new()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers.

        Parameters
        ----------
        wait : bool
            Let them finish; otherwise those still busy are terminated.
        cancel_futures : bool
            Drop what has not begun.
        """
        self._pool.shutdown(wait, cancel_futures=cancel_futures)
        # Whatever still runs was given up: waiting for it could take hours.
        end = time.monotonic() + GRACE
        for process in self.processes():
            process.join(max(0.0, end - time.monotonic()))
            process.terminate()
            process.join()

    def processes(self) -> list[Any]:
        """The workers that are alive."""
        return [process for process in multiprocessing.active_children() if process not in self._others]

    def _new(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.jobs, multiprocessing.get_context("spawn"), _begin)


def _begin() -> None:
    # Ctrl-C reaches every process of the terminal; only the parent shall answer it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # A worker waits for work on a pipe that it holds open itself: it would never notice.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class Cluster(Executor):
    """A Dask cluster that can be asked whether it is still there: its client waits for ever.

    Parameters
    ----------
    client : dask.distributed.Client
        Connected to the scheduler.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        # Impure: the same call twice is two calls, so that one that failed can be tried again.
        self._executor = client.get_executor(pure=False)
        self._seen = time.monotonic()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **options: Any) -> Future:
        """Run a call on the cluster, as any executor does."""
        return self._executor.submit(fn, *args, **options)

    def alive(self) -> bool:
        """Whether the scheduler is there, or was a few seconds ago."""
        if self._client.status == "running":
            self._seen = time.monotonic()
        return time.monotonic() - self._seen < ANSWER


@contextlib.contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    try:
        from dask.distributed import Client
    except ImportError:
        raise UsageError(f"--scheduler needs dask.distributed: pip install '{DISTRIBUTION}[distributed]'") from None
    try:
        # A client that cannot connect takes its time, and leaves threads behind.
        asyncio.run(_knock(address))
    except ValueError as error:
        raise UsageError(f"--scheduler: {address!r} is no address such as tcp://host:8786: {error}") from None
    except Exception:  # of a server of another kind, nearly any
        raise ConnectionError(f"--scheduler: no Dask scheduler answers at {address} within {ANSWER:g} s") from None
    client = Client(address, timeout=ANSWER, set_as_default=False)
    try:
        _check_versions(client, address)
        yield Cluster(client)
    finally:
        client.close(ANSWER)


async def _knock(address: str) -> None:
    from distributed import Security
    from distributed.comm import connect

    comm = await connect(address, timeout=ANSWER, **Security().get_connection_args("client"))
    comm.abort()


def versions() -> dict[str, str]:
    """Versions of what decides the bits of a result, in this process."""
    return {name: metadata.version(name) for name in (DISTRIBUTION, *DEPENDENCIES)}


def _check_versions(client: Any, address: str) -> None:
    """Refuse a cluster whose workers would compute something else."""
    here = versions()
    try:
        there = client.run(versions)
    except (ImportError, AttributeError, metadata.PackageNotFoundError):
        raise UsageError(f"--scheduler: the workers of {address} need {DISTRIBUTION} to be installed") from None
    for worker, found in there.items():
        for name in here:
            if found[name] != here[name]:
                raise UsageError(
                    f"--scheduler: worker {worker} has {name} {found[name]}, here it is {here[name]}; "
                    "equal results need equal versions"
                )
