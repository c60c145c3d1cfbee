"""All states of teacher and student, in m and C: q = 1 − TC, h = γδm/(1 − C), s = √(γr), r = (q + δm²)/(1 − C)²."""

from __future__ import annotations

import math

import numpy as np

from attack.box import averages
from attack.equations import Levels, Planted, State
from attack.search import cells, distinct, newton, scan

SPIN = Levels((-1.0, 1.0), (0.0, 0.0))


def states(machine: Planted):
    """States that have learned, glasses, and the paramagnet."""
    learned, frozen = [], []
    for weak in (False, True) if machine.T > 0 else (False,):
        nodes = np.linspace(-36, -0.01, 3000) if weak else np.linspace(0, -25, 3000) - 1e-7
        learned += [_state(machine, *point, weak) for point in _learned(machine, weak)]
        roots = scan(lambda x, weak=weak: _residual(machine, np.column_stack([0 * x - np.inf, x]), weak)[:, 1], nodes)
        frozen += [_state(machine, -math.inf, x, weak) for x in roots]
    found = distinct(learned) + distinct(frozen)
    if machine.T > 1:
        found.append(State(0.0, 0.0, 0.0, 1 / machine.T, machine.T / (machine.T - 1)))
    return found


def _learned(machine, weak):
    """Points (ln m, ln(1 − C)), or (ln m, ln q) where q is small, of the states with m > 0."""
    m = np.concatenate(
        [np.geomspace(1e-6, 0.1, 50, endpoint=False), np.linspace(0.1, 1.0, 60), 1 - np.geomspace(0.1, 1e-9, 30)]
    )
    margin = np.concatenate([np.linspace(1e-9, -1, 40, endpoint=False), np.linspace(-1, -25, 70)])
    second = np.linspace(-33, -0.1, 90) if weak else margin
    grids = np.meshgrid(np.log(np.unique(m)), second, indexing="ij")
    values = _residual(machine, np.stack(grids, axis=-1).reshape(-1, 2), weak)
    start = cells(grids, [values[:, i].reshape(grids[0].shape) for i in range(2)])
    return newton(lambda x, _: _residual(machine, x, weak), start, longest=0.5)[0]


def _fields(machine, x, weak):
    """m, q, r, C, and the mean and width of the fields."""
    gamma, delta = machine.gamma, machine.beta_teacher / (1 - machine.beta_teacher)
    m, q = np.exp(x[..., 0]), np.exp(x[..., 1])
    C = (1 - q) / machine.T if weak else 1 - q
    q = q if weak else 1 - machine.T * C
    r = np.where(q + delta * m * m > 0, (q + delta * m * m) / (1 - C) ** 2, np.nan)
    return m, q, r, C, gamma * delta * m / (1 - C), np.sqrt(gamma * r)


def _residual(machine, x, weak):
    """ln of the ratio for m, and C against 1 − C, or ln of the ratio for q."""
    m, q, _, C, h, s = _fields(machine, x, weak)
    spin = averages(SPIN, h, s, 0.0, machine.T, True)
    with np.errstate(all="ignore"):
        second = np.log(spin.Q / q) if weak else (spin.chi - C) / (1 - C)
        return np.stack([np.log(spin.M / m), np.where((q > 0) & (C < 1), second, np.nan)], axis=-1)


def _state(machine, log_m, second, weak):
    m, q, r, C, *_ = _fields(machine, np.array([log_m, second]), weak)
    return State(float(m), float(q), float(r), float(C), float(1 / (1 - C)))
