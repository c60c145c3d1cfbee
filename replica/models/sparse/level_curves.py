"""All curves of solutions at a fixed field g, as level curves of the chart and of what lies beyond it.

On the chart g and ln α are explicit functions of two coordinates. The level g = const is traced on a grid, which meets
every component that passes between two nodes; those within a cell go round an extremum of g, which gets a node. The
vertices are moved onto the level, and along each curve ln α is then treated as on any chart: extrema are folds, and
between two of them each load is crossed at most once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.models.sparse.arcs import End, flips, plateaus
from replica.models.sparse.chains import Piece, chained
from replica.models.sparse.chart import Couplings, at, onto_level
from replica.models.sparse.curve import Curve
from replica.models.sparse.grid import STEP_KAPPA, STEP_V, Grid, unresolved_flips
from replica.models.sparse.sharp import LEAST_ACTIVITY, Sharp, least_activity
from replica.models.sparse.vertices import smoothed, with_folds
from replica.numerics.rootfinding import find_roots

__all__ = ["Curve", "curves", "zero_noise_states"]

REFINEMENTS = 3
"""Times that the level is traced, at the most, with more nodes where units flip."""


def curves(couplings: Couplings, g: float, lowest: float) -> list[Curve]:
    """All curves with this g on the part of the chart that holds the loads above e^lowest.

    Parameters
    ----------
    couplings : Couplings
        Law of W, L, p and θ as numbers.
    g : float
        Field on the visible units.
    lowest : float
        Logarithm of the lowest load of interest.

    Returns
    -------
    list of Curve
        Components of the level, those outside the domain C < 1 left out.
    """
    sharp = Sharp(couplings, g)
    arcs = [*flips(sharp), *plateaus(sharp, lowest)]
    dense: set[float] = set()
    for _ in range(REFINEMENTS):
        grid = Grid.of(sharp, couplings, arcs, dense)
        pieces = [piece for line in grid.lines(g) for piece in _pieces(couplings, g, line, grid)]
        coarse = {w for piece in pieces for w in unresolved_flips(couplings, sharp, *piece.vertices.T)} - dense
        if not coarse:
            break
        dense |= coarse
    return [with_folds(smoothed(curve)) for curve in chained(couplings, sharp, pieces, arcs)]


class ZeroNoise(NamedTuple):
    """A state v = Θ(g + mW) without noise, (k − 1) m < |g| < k m: on are W ≥ k for g < 0, W > −k for g > 0."""

    k: int
    m: float
    """E[W; W ≥ k]/L, for either sign of g."""
    q: float
    """P(W ≥ k), or P(W > −k)."""


def zero_noise_states(couplings: Couplings, g: float) -> list[ZeroNoise]:
    """Zero-noise states at the field g.

    Parameters
    ----------
    couplings : Couplings
        Law of W, L, p and θ as numbers.
    g : float
        Field on the visible units.

    Returns
    -------
    list of ZeroNoise
        In the order of k; none for g = 0.
    """
    law, size, _, _ = couplings
    found = []
    for k in range(1, int(law.w[-1]) + 1):
        far = law.w >= k
        m, q = float((law.weight * law.w)[far].sum() / size), float(law.weight[far].sum())
        if m > 0 and g != 0 and (k - 1) * m <= abs(g) < k * m:
            found.append(ZeroNoise(k, m, q if g < 0 else 1 - q))
    return found


FEWEST = 8
"""Vertices of a piece, at the least."""


def _pieces(couplings: Couplings, g: float, line: NDArray, grid: Grid) -> list[Piece]:
    """Put a polyline onto the level, and cut it where it leaves the domain."""
    v, kappa = _on_level(couplings, g, line, grid.v, grid.kappa)
    closed = bool(np.hypot(*(line[0] - line[-1])) < 1e-12)
    v, kappa = v[np.isfinite(v)], kappa[np.isfinite(v)]
    apart = np.concatenate([[True], np.hypot(np.diff(v), np.diff(kappa)) > 1e-8])
    v, kappa = v[apart[: len(v)]], kappa[apart[: len(v)]]
    load = at(couplings, v, kappa).log_alpha
    valid = np.isfinite(load)
    if len(v) < 2:
        return []
    if closed and valid.all():
        return [Piece(np.stack([v, kappa], axis=-1), 0, load, (End("closed"), End("closed")))]
    if closed:
        # begin outside the domain
        order = np.roll(np.arange(len(v) - 1), -int(np.argmin(valid[:-1])))
        order = np.append(order, order[0])
        v, kappa, load, valid = v[order], kappa[order], load[order], valid[order]
    inside = np.nonzero(valid)[0]
    runs = np.split(inside, np.nonzero(np.diff(inside) > 1)[0] + 1)
    cuts = [slice(max(0, run[0] - 1), run[-1] + 2) for run in runs if len(run)]
    return [_piece(couplings, g, grid, v[cut], kappa[cut], load[cut]) for cut in cuts]


def _piece(couplings: Couplings, g: float, grid: Grid, v: NDArray, kappa: NDArray, load: NDArray) -> Piece:
    """A stretch of a polyline on the level, with its ends, finer if it is short."""
    while len(v) < FEWEST:
        half = np.stack([(x[1:] + x[:-1]) / 2 for x in (v, kappa)])
        middle = np.stack(onto_level(couplings, g, *half)[:2])
        # no further off than the ends are apart: elsewhere lies another curve
        if (np.hypot(*(middle - half)) > np.hypot(np.diff(v), np.diff(kappa))).any():
            break
        cells = np.arange(1, len(v))
        v, kappa = (np.insert(x, cells, y) for x, y in zip((v, kappa), middle, strict=True))
        load = at(couplings, v, kappa).log_alpha
    first, last = (_chart_end(couplings, grid, v[k], kappa[k], load[k]) for k in (0, -1))
    return Piece(np.stack([v, kappa], axis=-1), 0, load, (first, last))


def _chart_end(couplings: Couplings, grid: Grid, v: float, kappa: float, load: float) -> End:
    """What the end of a polyline is: the way out to small noise, C = 1, vanishing activity, or the window."""
    if not np.isfinite(load):
        return End("C = 1")
    # it may stop a cell before the activity vanishes
    steps = np.array([[0, 0], [0, -1], [0, 1], [-1, 0], [1, 0]]) * (STEP_V, STEP_KAPPA)
    q = at(couplings, v + steps[:, 0], kappa + steps[:, 1]).q
    on_rim, least = v > grid.v[-1] - 1e-6, least_activity(couplings)
    if q[0] < least or (q.min() < least and not on_rim):
        return End("all off")
    if 1 - q[0] < LEAST_ACTIVITY or (1 - q.max() < LEAST_ACTIVITY and not on_rim):
        return End("all on")
    if on_rim:
        return End("chart", place=kappa)
    if v < grid.v[0] + 1e-6:
        return End("no overlap")
    return End("window")


def _on_level(
    couplings: Couplings, g: float, line: NDArray, v_nodes: NDArray, kappa_nodes: NDArray
) -> tuple[NDArray, NDArray]:
    """Vertices at the root on their own edge of the grid, which brackets it however steep the field is.

    Those on the rim of what is masked have no such edge, and are moved along the gradient; nan where that leads away.
    """
    row, column = (_cell(nodes, x) for nodes, x in ((v_nodes, line[:, 0]), (kappa_nodes, line[:, 1])))
    along_kappa = np.abs(line[:, 0] - _nearest(v_nodes, line[:, 0])) < 1e-9
    along_v = ~along_kappa & (np.abs(line[:, 1] - _nearest(kappa_nodes, line[:, 1])) < 1e-12)
    low, high = line.copy(), line.copy()
    low[along_kappa, 1], high[along_kappa, 1] = kappa_nodes[column[along_kappa]], kappa_nodes[column[along_kappa] + 1]
    low[along_v, 0], high[along_v, 0] = v_nodes[row[along_v]], v_nodes[row[along_v] + 1]

    def excess(t: NDArray, i: NDArray) -> NDArray:
        x = low[i] + t[:, None] * (high[i] - low[i])
        return at(couplings, x[:, 0], x[:, 1]).g - g

    every, ones = np.arange(len(line)), np.ones(len(line))
    at_low, at_high = excess(0 * ones, every), excess(ones, every)
    edge = np.nonzero(np.isfinite(at_low) & np.isfinite(at_high) & ((at_low > 0) != (at_high > 0)))[0]
    share = find_roots(
        lambda t, i: excess(t, edge[i]), 0 * ones[edge], ones[edge], at_low[edge], at_high[edge], rtol=1e-15
    )
    *places, rested = onto_level(couplings, g, line[:, 0], line[:, 1])
    placed = np.stack(places, axis=-1)
    # what is not on an edge must not have gone over to another curve
    placed[~rested | (np.hypot(*(placed - line).T) > STEP_V + STEP_KAPPA)] = np.nan
    placed[edge] = low[edge] + share[:, None] * (high[edge] - low[edge])
    return placed[:, 0], placed[:, 1]


def _cell(nodes: NDArray, x: NDArray) -> NDArray:
    return np.clip(np.searchsorted(nodes, x, side="right") - 1, 0, len(nodes) - 2)


def _nearest(nodes: NDArray, x: NDArray) -> NDArray:
    i = _cell(nodes, x)
    return np.where(x - nodes[i] < nodes[i + 1] - x, nodes[i], nodes[i + 1])
