"""Random points of further memories, of machines of weights of any law, and of layers of two kinds; biased to edges."""

from __future__ import annotations

import math

from attack.chance import chosen, log_uniform, near
from attack.entries import Entries, Flat, FlatMachine
from attack.equations import Kinds, Levels, Machine, Normal, Rectified
from attack.laws import Law
from attack.memories import Dense, Diluted
from attack.potts import Potts

# Machines from controls.


def diluted(alpha, c):
    """A fraction c of the bonds."""
    return Diluted(alpha, c)


def dense(alpha, body):
    """Interactions of P spins."""
    return Dense(alpha, body)


def potts(alpha, states, T):
    """Units of Q states."""
    return Potts(alpha, states, T)


def sparse_coding(alpha, a, g):
    """0/1 units, Gaussian ones, entries (ξ − a)/√(a(1 − a))."""
    entries = ((math.sqrt((1 - a) / a), a), (-math.sqrt(a / (1 - a)), 1 - a))
    # replica's Newton method has C itself for an unknown, to the last place of 1
    left_out = {"least_overlap": 1e-3, "least_response": 1e-15}
    return Machine(Levels((0.0, 1.0), (0.0, -g)), Normal(), Entries(entries), alpha, **left_out)


def units(given):
    """Units of either layer: (values, energies), a threshold, None for Gaussian units, or a list of (share, unit)."""
    if isinstance(given, list):
        return Kinds(tuple((share, units(unit)) for share, unit in given))
    return Normal() if given is None else Levels(*given) if isinstance(given, tuple) else Rectified(given)


def weighted(visible, hidden, alpha, T, L, weights):
    """Entries of a law that is given by its name and numbers."""
    name, *numbers = weights
    if name == "Uniform":
        law = Flat(math.sqrt(3 * numbers[0]))
        return FlatMachine(units(visible), units(hidden), law, alpha, T, numbers[0], 1)
    if name == "Values":
        law = Entries(tuple(zip(*numbers, strict=True)), L)
    else:
        Omega = numbers[0] if name == "SignNormal" else 0.0
        size = math.sqrt(Omega)
        signs = ((-size, 0.5), (size, 0.5)) if Omega else ((0.0, 1.0),)
        law = Entries(signs, L, 1 - Omega if name == "SignNormal" else numbers[0])
    return Machine(units(visible), units(hidden), law, alpha, T, law.variance, L, L)


def population(visible, hidden, alpha, p, L):
    """Sparse signs, layers of several kinds."""
    return Machine(units(visible), units(hidden), Law(L, p), alpha, 0.0, p, L, L)


MACHINES = {
    "diluted": diluted,
    "dense": dense,
    "potts": potts,
    "sparse-coding": sparse_coding,
    "general-weights": weighted,
    "general-population": population,
}


# Draws.


def _diluted(rng):
    where = chosen(rng, anywhere=6, nearly=2, all=1)
    missing = 1 - log_uniform(rng, 1e-9, 0.1)
    c = {"anywhere": log_uniform(rng, 1e-4, 1.0), "nearly": missing, "all": 1.0}[where]
    alpha = near(rng, Diluted(0.1, c).fold()) if rng.random() < 0.5 else log_uniform(rng, 1e-9, 30.0)
    return {"alpha": alpha, "c": c}


def _dense(rng):
    body = int(rng.choice([3, 4, 5, 6, 7, 8], p=[0.35, 0.25, 0.1, 0.1, 0.1, 0.1]))
    alpha = near(rng, Dense(0.1, body).fold()) if rng.random() < 0.5 else log_uniform(rng, 1e-11, 100.0)
    return {"alpha": alpha, "body": body}


POTTS_CAPACITY = {2: 0.1379, 3: 0.4144, 4: 0.826, 5: 1.37, 6: 2.05, 7: 2.8, 8: 3.8, 9: 4.8, 10: 6.0}
"""Largest loads at T = 0, roughly."""


def _potts(rng):
    Q = int(rng.choice([2, 3, 4, 5, 6, 7, 8, 9, 10], p=[0.15, 0.3, 0.1, 0.1, 0.07, 0.07, 0.07, 0.07, 0.07]))
    alpha = log_uniform(rng, 1e-6, 10.0)
    where = chosen(rng, cold=5, onset=2, anywhere=3)
    if where == "cold":
        if rng.random() < 0.5:
            alpha = near(rng, potts_capacity(Q))
        return {"alpha": alpha, "states": Q, "T": 0.0}
    if where == "onset":
        # where glasses end, T = (Q − 1)(1 + √α), and where states with overlap do at small loads
        T = (Q - 1) * (1 + (log_uniform(rng, 1e-3, 1.0) if rng.random() < 0.6 else -log_uniform(rng, 1e-3, 0.5)))
        return {"alpha": near(rng, (T / (Q - 1) - 1) ** 2), "states": Q, "T": T}
    return {"alpha": alpha, "states": Q, "T": (Q - 1) * log_uniform(rng, 5e-3, 1.6)}


def potts_capacity(Q):
    """Largest load with overlap at T = 0, by bisection between loads with 1 state and with 3."""
    low, high = math.log(POTTS_CAPACITY[Q] / 3), math.log(POTTS_CAPACITY[Q] * 3)
    for _ in range(34):
        middle = (low + high) / 2
        low, high = (middle, high) if len(Potts(math.exp(middle), Q).states()) > 1 else (low, middle)
    return math.exp(low)


def _sparse_coding(rng):
    where = chosen(rng, sparse=6, half=2, many=1.5)
    share = log_uniform(rng, 1e-3, 0.5)
    a = {"sparse": share, "half": 0.5 if rng.random() < 0.3 else near(rng, 0.5), "many": 1 - share}[where]
    a = min(a, 0.999)
    edge = chosen(rng, off=4, on=2, between=3, beyond=1.5)
    part = log_uniform(rng, 1e-6, 0.3)
    inside = {"off": part, "on": 1 - part, "between": float(rng.uniform(0.02, 0.98))}
    if edge == "beyond":
        inside["beyond"] = -part if rng.random() < 0.7 else 1 + part
    g = -(1 - a) + inside[edge]
    gap = min(abs(g + 1 - a), abs(a - g))
    alpha = (gap / log_uniform(rng, 1.0, 40.0)) ** 2 / a
    if rng.random() < 0.25 or alpha < 1e-11:
        alpha = log_uniform(rng, 1e-5, 20.0)
    return {"alpha": alpha, "a": a, "g": g}


def _pair(rng):
    """Units of two values, most often without a field, and a hidden unit."""
    field = 0.0 if rng.random() < 0.5 else float(rng.normal(0, 0.2))
    low = -1.0 if rng.random() < 0.65 else 0.0
    hidden = None if rng.random() < 0.6 else float(rng.uniform(-1.0, 1.2))
    return ((low, 1.0), (-low * field, -field)), hidden


def _weights(rng):
    """A law: its name and numbers."""
    name = chosen(rng, SignNormal=4, Normal=1, Uniform=1.5, Values=3.5)
    if name == "SignNormal":
        near_one = 1 - log_uniform(rng, 1e-3, 0.5)
        return name, near_one if rng.random() < 0.7 else float(rng.uniform(0.02, 0.98))
    scale = 1.0 if rng.random() < 0.5 else log_uniform(rng, 0.1, 10.0)
    if name != "Values":
        return name, scale
    # two values of mean 0, or three
    share, size = float(rng.uniform(0.05, 0.95)), math.sqrt(scale)
    if rng.random() < 0.5:
        up, down = math.sqrt((1 - share) / share) * size, -math.sqrt(share / (1 - share)) * size
        return name, (down, up), (1 - share, share)
    other = float(rng.uniform(0.1, 1.0)) * size
    weight = (1 - share) * size / (size + other)
    # −size with the probability that gives mean 0
    return name, (-size, 0.0, other), ((1 - share) - weight, share, weight)


def _general_weights(rng):
    visible, hidden = _pair(rng)
    weights = _weights(rng)
    L = 1 if weights[0] == "Uniform" or rng.random() < 0.7 else int(rng.choice([2, 3]))
    warm = rng.random() < 0.1 and weights[0] != "Uniform" and visible[0] == (-1.0, 1.0)
    variance = weights[1] if weights[0] in ("Normal", "Uniform") else 1.0
    T = variance * log_uniform(rng, 0.1, 0.8) if warm else 0.0
    hidden = None if warm else hidden
    visible = ((-1.0, 1.0), (0.0, 0.0)) if warm else visible
    alpha = log_uniform(rng, 1e-6, 0.3)
    return {"visible": visible, "hidden": hidden, "alpha": alpha, "T": T, "L": L, "weights": weights}


def _general_population(rng):
    share = float(rng.uniform(0.05, 0.95))
    visible, hidden = _pair(rng)
    if rng.random() < 0.5:
        other = float(rng.normal(0, 0.3))
        low = visible[0][0]
        visible = [(share, visible), (1 - share, ((low, 1.0), (-low * other, -other)))]
    else:
        theta = float(rng.uniform(-1.0, 1.2))
        hidden = [(share, theta), (1 - share, theta + float(rng.normal(0, 0.6)))]
    p = 1.0 if rng.random() < 0.5 else float(rng.uniform(0.2, 1.0))
    L = int(rng.choice([1, 1, 1, 2, 3]))
    return {"visible": visible, "hidden": hidden, "alpha": log_uniform(rng, 1e-4, 0.3), "p": p, "L": L}


DRAWS = {
    "diluted": _diluted,
    "dense": _dense,
    "potts": _potts,
    "sparse-coding": _sparse_coding,
    "general-weights": _general_weights,
    "general-population": _general_population,
}
