"""The tasks of a study, one machine at one point each: what they return is plain, for checkpoints and workers.

The names of these functions stand in checkpoints: see `replica._moved`.
"""

from typing import Any, TypeVar

from rbm_sim.commands.studies.points import Point, patterns, setting

Record = TypeVar("Record")


def retrieval_task(max_sweeps: int, rng: int, task: tuple[Point, int]) -> dict[str, Any]:
    """Run one machine at one point.

    Parameters
    ----------
    max_sweeps, rng : int
        Limit of the dynamics, and seed of the study.
    task : tuple of dict and int
        The point, and the index of the machine.

    Returns
    -------
    dict
        The fields of the `Trial`.
    """
    from rbm_sim.retrieval import capacity

    point, index = task
    N, M = point["N"], patterns(point)
    seed = capacity.seeds(rng, N, M, index + 1)[index]
    return capacity.sample(seed, N=N, M=M, p=point.get("p", 1.0), setting=setting(point, max_sweeps))._asdict()


def load_task(max_sweeps: int, rng: int, highest: float, task: tuple[Point, int]) -> dict[str, Any]:
    """Find the critical load of one machine.

    Parameters
    ----------
    max_sweeps, rng : int
        Limit of the dynamics, and seed of the study.
    highest : float
        Load above which nothing is tried.
    task : tuple of dict and int
        The point, and the index of the machine.

    Returns
    -------
    dict
        The fields of the `CriticalLoad`.
    """
    from rbm_sim.retrieval import critical_load

    point, index = task
    how, p = setting(point, max_sweeps), point.get("p", 1.0)
    return critical_load.sample(index, N=point["N"], p=p, setting=how, rng=rng, highest=highest)._asdict()


def basin_task(max_sweeps: int, rng: int, task: tuple[Point, int]) -> float:
    """Find the edge of the basin of attraction of one machine.

    Parameters
    ----------
    max_sweeps, rng : int
        Limit of the dynamics, and seed of the study.
    task : tuple of dict and int
        The point, and the index of the machine.

    Returns
    -------
    float
        m₀ at the edge; nan if the pattern itself is lost.
    """
    from rbm_sim.retrieval import critical_load

    point, index = task
    how, p = setting(point, max_sweeps), point.get("p", 1.0)
    return critical_load.basin_sample(index, N=point["N"], alpha=point["alpha"], p=p, setting=how, rng=rng)


def record(kind: type[Record], kept: dict[str, Any] | list[Any]) -> Record:
    """The record whose fields a task returned.

    Parameters
    ----------
    kind : type
        `Trial` or `CriticalLoad`.
    kept : dict or list
        Its fields by name; in checkpoints of version 0.1 a list of them in order.

    Returns
    -------
    object
        The record.
    """
    return kind(**kept) if isinstance(kept, dict) else kind(*kept)
