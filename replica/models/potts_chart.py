"""Where the states of the Potts–Hopfield model are: its curves at fixed temperature, on which the load is explicit.

With y = Qm/ŝ given, the overlap is one root in the noise, Q⟨P_1⟩ − 1 = yŝ/Q; all else is explicit, α = ŝ²(1 − C)²/(Qq).
For T < Q − 1 the left side is larger at small ŝ and smaller at large ones. From T = Q − 1 on, states with overlap lie
between two values of a = Qm/T at which ŝ = 0, and a is the coordinate: ⟨P_1⟩ falls with the noise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from replica.averages.largest import largest_averages
from replica.models.base import Chart, ExactState, Order, overlap_nodes
from replica.numerics.rootfinding import find_roots

__all__ = ["potts_branches"]

SMALLEST = 1e-9
"""Noise, in the largest that there can be, down to which roots are looked for."""
LEAST_MARGIN = 1e-150
FAINT = 5e-3
"""ŝ/T below which q = Q − 1 − TC of a glass, of the order of its square, is better known from its series."""


def potts_branches(model: Any, n_condensed: tuple[int, ...]) -> list[Chart | ExactState]:
    """Charts of the states with overlap and without, and the paramagnet."""
    T, Q = _couplings(model)
    charts = [(_nodes, _point)] if np.any(T < Q - 1) else []
    charts += [(_hot_nodes, _hot_point)] if np.any(T >= Q - 1) else []
    retrieval = Chart("retrieval", 1, *(charts[0] if len(charts) == 1 else (_all_nodes, _either_point)))
    glass = Chart("spin_glass", 0, _glass_nodes, _glass_point, zero_noise=-1, folded=False)
    return [*([retrieval] if 1 in n_condensed else []), glass, ExactState("paramagnet", 0, _paramagnet)]


# States with overlap.


def _nodes(model: Any, lowest: float) -> NDArray:
    """Nodes in ln y; α ~ y² as m → 0, and y⁴ for two states only."""
    return overlap_nodes(model, lowest if np.all(np.asarray(model.states) == 2) else 2 * lowest)


def _point(model: Any, u: NDArray) -> tuple[NDArray, Order]:
    """Ln α and the order parameters at u = ln(Qm/ŝ)."""
    y, T, Q = np.broadcast_arrays(np.exp(u), *_couplings(model))
    exists = T < Q - 1
    T = np.where(exists, T, 0.0)
    return _at(np.where(exists, _noise(y, T, Q), np.nan), y, T, Q)


def _noise(y: NDArray, T: NDArray, Q: NDArray) -> NDArray:
    """The root ŝ of Q⟨P_1⟩ − 1 = yŝ/Q."""
    flat_y, flat_T, flat_Q = y.ravel(), T.ravel(), Q.ravel()

    def excess(log_s: NDArray, i: NDArray) -> NDArray:
        s = np.exp(log_s)
        first = largest_averages(flat_y[i] * s, s, flat_T[i], flat_Q[i])[1]
        return (flat_Q[i] * first - 1) / (flat_y[i] * s) - 1 / flat_Q[i]

    # beyond m = Q − 1, which m comes to all digits where y is large
    high = np.log(flat_Q * (flat_Q - 1) / flat_y) + 1e-3
    low, every = high + np.log(SMALLEST), np.arange(len(flat_y))
    return np.exp(find_roots(excess, low, high, excess(low, every), excess(high, every))).reshape(y.shape)


def _hot_nodes(model: Any, lowest: float) -> NDArray:
    return np.linspace(-5.0, 3.5, 96)


def _hot_point(model: Any, u: NDArray) -> tuple[NDArray, Order]:
    """Ln α and the order parameters at u = ln(Qm/T)."""
    a, T, Q = np.broadcast_arrays(np.exp(u), *_couplings(model))
    flat_a, flat_T, flat_Q = a.ravel(), T.ravel(), Q.ravel()

    def excess(log_b: NDArray, i: NDArray) -> NDArray:
        first = largest_averages(flat_a[i], np.exp(log_b), np.ones(len(i)), flat_Q[i])[1]
        return flat_Q[i] * first - 1 - flat_T[i] * flat_a[i] / flat_Q[i]

    low, high, every = np.full(a.size, -18.0), np.full(a.size, 4.0), np.arange(a.size)
    at_low = excess(low, every)
    inside = at_low > 0
    b = np.full(a.size, np.nan)
    index = np.nonzero(inside)[0]
    if len(index):
        root = find_roots(
            lambda x, i: excess(x, index[i]), low[index], high[index], at_low[index], excess(high[index], index)
        )
        b[index] = np.exp(root)
    s = b.reshape(a.shape) * T
    with np.errstate(invalid="ignore"):
        return _at(s, a * T / s, T, Q)


APART = 1000.0
"""What is added to the coordinate at T ≥ Q − 1 where both charts are needed."""


def _all_nodes(model: Any, lowest: float) -> NDArray:
    return np.concatenate([_nodes(model, lowest), APART + _hot_nodes(model, lowest)])


def _either_point(model: Any, u: NDArray) -> tuple[NDArray, Order]:
    """The chart that is right at each point: the first half of the coordinates below T = Q − 1, else the second."""
    T, Q, u = np.broadcast_arrays(*_couplings(model), u)
    load, members = np.full(u.shape, -np.inf), [np.full(u.shape, np.nan) for _ in Order._fields]
    for hot, point in ((False, _point), (True, _hot_point)):
        mine = ((T >= Q - 1) == hot) & ((u > APART / 2) == hot)
        if not mine.any():
            continue
        here = model.unchecked(T=T[mine], states=Q[mine], alpha=np.ones(mine.sum()))
        load[mine], order = point(here, u[mine] - APART * hot)
        for member, values in zip(members, order, strict=True):
            member[mine] = values
    return load, Order(*members)


def _at(s: NDArray, y: NDArray, T: NDArray, Q: NDArray) -> tuple[NDArray, Order]:
    """Everything at a noise and an overlap, m = yŝ/Q."""
    noise = np.where(np.isfinite(s), s, 1.0)
    _, _, pull = largest_averages(y * noise, noise, T, Q)
    return _loaded(y * noise / Q, noise, Q * pull / noise, T, Q, np.isfinite(s))


def _loaded(m: NDArray, s: NDArray, C: NDArray, T: NDArray, Q: NDArray, exists: NDArray) -> tuple[NDArray, Order]:
    """α = ŝ²(1 − C)²/(Qq), −∞ where there is no state."""
    return _at_order(m, s, C, Q - 1 - T * C, 1 - C, Q, exists)


def _at_order(m: NDArray, s: NDArray, C: NDArray, q: NDArray, margin: NDArray, Q: NDArray, exists: Any) -> Any:
    """The same with q and 1 − C as they are best known."""
    inside = exists & (margin > LEAST_MARGIN) & (q > 0)
    margin = np.where(inside, margin, 1.0)
    with np.errstate(all="ignore"):
        load = np.where(inside, 2 * np.log(s * margin) - np.log(Q * q), -np.inf)
    return load, Order(m, q, q / margin**2, C, 1 / margin)


# States without.


def _glass_nodes(model: Any, lowest: float) -> NDArray:
    """Nodes in ln(ŝ − ŝ_min)."""
    return np.concatenate([np.arange(min(-18.0, lowest / 2 - 2), 8, 0.5), np.geomspace(8, 350, 20)])


def _glass_point(model: Any, u: NDArray) -> tuple[NDArray, Order]:
    """Ln α and the order parameters at u = ln(ŝ − ŝ_min), m = 0."""
    least, excess, T, Q = np.broadcast_arrays(_least_noise(model), np.exp(u), *_couplings(model))
    s = least + excess
    C = Q * largest_averages(0 * s, s, T, Q)[2] / s
    q = _faint_overlap(s, T, Q)
    q = np.where(np.isnan(q), Q - 1 - T * C, q)
    with np.errstate(divide="ignore", invalid="ignore"):
        C, margin = np.where(T > 0, (Q - 1 - q) / T, C), np.where(T > 0, (T - (Q - 1) + q) / T, excess / s)
    return _at_order(np.zeros(s.shape), s, C, q, margin, Q, np.ones(s.shape, dtype=bool))


def _faint_overlap(s: NDArray, T: NDArray, Q: NDArray) -> NDArray:
    """q = QΣ⟨P²⟩ − 1 = (Q − 1)[b²/Q + (Q − 6)b⁴/2Q²] + O(b⁶) for little noise, b = ŝ/T; else NaN."""
    with np.errstate(all="ignore"):
        b2 = (s / T) ** 2
        series = (Q - 1) * b2 * (1 + (Q - 6) * b2 / (2 * Q)) / Q
    return np.where((T > 0) & (b2 < FAINT**2), series, np.nan)


def _least_noise(model: Any) -> NDArray:
    """Noise at which C = 1 for m = 0; 0 for T ≥ Q − 1."""
    T, Q = np.broadcast_arrays(*_couplings(model))
    below = np.where(T < Q - 1, T, 0.0).ravel()
    flat = Q.ravel()

    def excess(log_s: NDArray, i: NDArray) -> NDArray:
        s = np.exp(log_s)
        return flat[i] * largest_averages(0 * s, s, below[i], flat[i])[2] / s - 1

    low, high, every = np.full(flat.size, -20.0), np.log(4.0 * flat), np.arange(flat.size)
    root = np.exp(find_roots(excess, low, high, excess(low, every), excess(high, every)))
    return np.where(T < Q - 1, root.reshape(T.shape), 0.0)


def _paramagnet(model: Any) -> tuple[NDArray, Order]:
    """m = q = r = 0, C = (Q − 1)/T: inside the domain C < 1 for T > Q − 1."""
    T, Q = np.broadcast_arrays(*_couplings(model))
    exists = T > Q - 1
    C = (Q - 1) / np.where(exists, T, 2 * Q)
    zero = np.zeros(T.shape)
    shape = np.broadcast_shapes(T.shape, model.shape)
    members = (np.broadcast_to(v, shape) for v in (zero, zero, zero, C, 1 / (1 - C)))
    return np.broadcast_to(exists, shape), Order(*members)


def _couplings(model: Any) -> tuple[NDArray, NDArray]:
    return np.asarray(model.T, dtype=float), np.asarray(model.states, dtype=float)
