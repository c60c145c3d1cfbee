"""Rows of the tables of capacity, basin and retrieve, from what the machines gave."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from rbm_sim.commands.studies.points import Point

if TYPE_CHECKING:
    from rbm_sim.retrieval.critical_load import CriticalLoad
    from rbm_sim.retrieval.results import Retrieval
    from rbm_sim.statistics.estimates import Estimate

Row = dict[str, Any]
Group = list[tuple[Point, "list[CriticalLoad]"]]
T = TypeVar("T")


def kept_row(result: "Retrieval") -> Row:
    """Columns of the command capacity at given loads.

    Parameters
    ----------
    result : Retrieval
        The machines of one point.

    Returns
    -------
    dict
        Column to value.
    """
    from rbm_sim.statistics.estimates import fraction_error

    n = len(result.m)
    kept = 1 - result.lost_fraction
    row: Row = {"samples": n, "kept": kept, "kept_err": fraction_error(round(kept * n), n)}
    for name in ("m", "q", "r"):
        row |= _with_error(name, result.estimate(name))
    row |= _with_error("m_all", result.estimate("m", of="all"))
    return row | {"lost": result.lost_fraction, "g": result.estimate("g", of="all").mean}


def state_row(result: "Retrieval") -> Row:
    """Columns of the command retrieve: of one machine the numbers themselves, of several means and errors.

    Parameters
    ----------
    result : Retrieval
        The machines of one point.

    Returns
    -------
    dict
        Column to value.
    """
    names = ("m", "m_tilde", "q", "r", "L_hat")
    if len(result.m) == 1:
        row = {name: getattr(result, name)[0].item() for name in (*names, "g", "sweeps", "moves", "converged")}
        return row | {"dynamics": result.dynamics}
    row = {"samples": len(result.m), "lost": result.lost_fraction}
    for name in names:
        row |= _with_error(name, result.estimate(name))
    row |= _with_error("m_tilde_all", result.estimate("m_tilde", of="all"))
    return row | {"sweeps": float(result.sweeps.mean()), "dynamics": result.dynamics}


def edge_row(edges: Sequence[float]) -> Row:
    """Columns of the command basin.

    Parameters
    ----------
    edges : sequence of float
        m₀ at the edge, of each machine of one point; nan if it loses the pattern itself.

    Returns
    -------
    dict
        Column to value.
    """
    from rbm_sim.statistics.estimates import estimate

    kept = [edge for edge in edges if not math.isnan(edge)]
    edge = estimate(kept)
    row = {"samples": len(edges), "lost": 1 - len(kept) / len(edges)} | _with_error("m0_edge", edge)
    return row | {"width": edge.stderr * math.sqrt(max(1, edge.n))}


def _with_error(name: str, found: "Estimate") -> Row:
    return {name: found.mean, f"{name}_err": found.stderr}


def by_other_columns(
    results: Sequence[tuple[Point, list[T]]], shown: Sequence[str]
) -> list[list[tuple[Point, list[T]]]]:
    """Points that differ in their size alone, together.

    Parameters
    ----------
    results : sequence of tuple of dict and list
        Points, and what their machines gave.
    shown : sequence of str
        Columns that tell the points apart.

    Returns
    -------
    list of list of tuple
        The groups.
    """
    groups: dict[tuple, list[tuple[Point, list[T]]]] = {}
    for point, found in results:
        groups.setdefault(tuple(point.get(name) for name in shown if name != "N"), []).append((point, found))
    return list(groups.values())


def size_rows(group: Group, shown: Sequence[str]) -> Iterator[Row]:
    """Rows of the command capacity, one for each size: median, mean, width, crossing with the smallest, and the limit.

    Parameters
    ----------
    group : list of tuple of dict and list
        Points that differ in their size alone, and the `CriticalLoad` of each of their machines.
    shown : sequence of str
        Columns that tell the points apart.

    Yields
    ------
    dict
        Column to value.
    """
    import numpy as np

    from rbm_sim.statistics.finite_size import crossing

    group = sorted(group, key=lambda item: item[0]["N"])
    loads = [[machine.alpha for machine in found] for _, found in group]
    means = [_mean(x) for x in loads]
    limit = _limit([point["N"] for point, _ in group], means)
    for k, (point, found) in enumerate(group):
        n, mean = len(found), means[k]
        comparable = k and mean is not None and mean.mean and means[0] is not None and means[0].mean
        cross = crossing(loads[0], loads[k]) if comparable else None
        yield {name: point[name] for name in shown} | {
            "samples": n,
            "alpha_half": float(np.median(loads[k])),
            "alpha_mean": None if mean is None else mean.mean,
            "alpha_mean_err": None if mean is None else mean.stderr,
            "width": None if mean is None else mean.stderr * math.sqrt(n),
            "crossing": None if cross is None else cross.mean,
            "crossing_err": None if cross is None else cross.stderr,
            "never_lost": sum(map(math.isinf, loads[k])) / n,
            "g": sum(machine.g for machine in found) / n,
            "m_tilde": sum(machine.m_tilde for machine in found) / n,
            **limit,
        }


def _mean(loads: list[float]) -> "Estimate | None":
    """Mean and error; none if some machines never lose their pattern."""
    from rbm_sim.statistics.estimates import estimate

    return None if math.inf in loads else estimate(loads)


def _limit(sizes: list[int], means: "list[Estimate | None]") -> Row:
    """Extrapolation over the sizes that have an error; empty columns if there are fewer than two."""
    from rbm_sim.statistics.finite_size import extrapolate

    usable = [(N, mean) for N, mean in zip(sizes, means, strict=True) if mean is not None and mean.stderr > 0]
    if len(usable) < 2:
        return dict.fromkeys(("alpha_c", "alpha_c_err", "alpha_c_syst"))
    found = extrapolate([N for N, _ in usable], [mean.mean for _, mean in usable], [mean.stderr for _, mean in usable])
    return {"alpha_c": found.value, "alpha_c_err": found.stderr, "alpha_c_syst": found.systematic}
