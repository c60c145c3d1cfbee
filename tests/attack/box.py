"""States of any machine, T ≥ 0, in the box of q, C and m: the hidden averages at (q, C) give r and B, the visible ones
at (m, r, B) give back m, q and C. Cells of a grid in which all residuals change sign, random starts, Newton's method.

In a machine of two opposite values q = d² − TC/p, and one coordinate is gone.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from attack.arithmetic import log_H, normal_density
from attack.entries import thresholds_of
from attack.equations import Averages, Kinds, Levels, Machine, Normal, Rectified, State
from attack.search import cells, distinct, newton, scan

LARGEST_BLOCK = 2_000_000


# Averages over a unit and its input, for arrays of (mean, noise, c).


def averages(unit, mean, noise, c, T, fine):
    """M, Q and χ of `attack.equations` for arrays; to 1e-4 or so if not fine."""
    shape = np.broadcast_shapes(np.shape(mean), np.shape(noise), np.shape(c))
    flat = [np.broadcast_to(np.asarray(v, dtype=float), shape).ravel() for v in (mean, noise, c)]
    with np.errstate(all="ignore"):
        parts = _of(unit, *flat, T, fine)
    return Averages(*(np.reshape(part, shape) for part in parts[:3]), None)


def _of(unit, mean, noise, c, T, fine):
    if isinstance(unit, Normal):
        g = np.where(c < 1, 1 / (1 - c), np.nan)
        return g * mean, g * g * (mean * mean + noise * noise), g
    if isinstance(unit, Rectified):
        return _rectified(unit.theta, mean, noise, c, T, fine)
    if isinstance(unit, Kinds):
        several = [(share, _of(one, mean, noise, c, T, fine)) for share, one in unit.kinds]
        return [sum(share * parts[i] for share, parts in several) for i in range(3)]
    x, energies = np.array(unit.values), np.array(unit.energies)
    if T == 0:
        return _cold(x, energies, mean, noise, c)
    if len(x) == 2:
        return _two_values(x, energies, mean, noise, c, T)

    def at(I, here):
        exponent = (I[..., None] * x + c[here, None, None] * (x * x / 2) - energies) / T
        weight = np.exp(exponent - exponent.max(-1, keepdims=True))
        weight /= weight.sum(-1, keepdims=True)
        M = weight @ x
        return M, M * M, (weight @ (x * x) - M * M) / T

    return _over_noise(at, lambda: _cold(x, energies, mean, noise, c), mean, noise, 1.4 * T / unit.top, fine)


def _over_noise(at, cold, mean, noise, strip, fine):
    """Averages over mean + noise z by the trapezoid rule; if not fine, T = 0 where its step is small."""
    out = np.full((3, len(mean)), np.nan)
    decay, cut = (37.0, 8.6) if fine else (14.0, 5.3)
    with np.errstate(all="ignore"):
        step = np.minimum(2 * math.pi * strip / noise / decay, math.sqrt(2 * math.pi**2 / decay))
    group = np.ceil(np.log2(1 / np.where(step > 0, step, np.nan)))
    if not fine:
        small = np.isfinite(group) & (group > 6)
        out[:, small] = np.stack(cold())[:, small]
        group[small] = np.nan
    for size in np.unique(group[np.isfinite(group) & (group < 13)]):
        z = np.arange(-cut, cut, 2.0**-size)
        weight = normal_density(z) * 2.0**-size
        rows = np.nonzero(group == size)[0]
        for here in np.array_split(rows, 1 + len(rows) * len(z) // LARGEST_BLOCK):
            values = at(mean[here, None] + noise[here, None] * z, here)
            out[:, here] = [value @ weight for value in values]
    return out


def _rectified(theta, mean, noise, c, T, fine):
    g = np.where(c < 1, 1 / (1 - c), np.nan)
    if T == 0:
        y = (theta - mean) / noise
        H0, H1, H2 = (np.exp(log_H(k, y)) for k in range(3))
        return g * noise * H1, (g * noise) ** 2 * H2, g * H0

    def at(I, here):
        width = np.sqrt(T * g[here, None])
        a = (I - theta) * width / T
        # H1/H0 and H2/H0; where nothing is cut off, mean a + R and variance 1 − R(a + R), R = φ/Φ
        zero = log_H(0, -a)
        first, second = (np.exp(log_H(k, -a) - zero) for k in (1, 2))
        R = normal_density(a) / np.exp(zero)
        M = width * np.where(a > 0, a + R, first)
        variance = np.where(a > 0, 1 - R * (a + R), second - first * first)
        return M, M * M, width * width * variance / T

    return _over_noise(
        at, lambda: _rectified(theta, mean, noise, c, 0.0, fine), mean, noise, 2.8 * np.sqrt(T / g), fine
    )


def _cold(x, energies, mean, noise, c):
    """T = 0: a value is chosen between the highest line crossed on its left and the lowest on its right."""
    cost = energies - c[:, None] * (x * x / 2)
    M, Q, chi = 0 * mean, 0 * mean, 0 * mean
    for j in range(len(x)):
        left = np.full(len(mean), -np.inf)
        right = np.full(len(mean), np.inf)
        for i in range(len(x)):
            if i != j:
                turn = (cost[:, i] - cost[:, j]) / (x[i] - x[j])
                left, right = (np.maximum(left, turn), right) if i < j else (left, np.minimum(right, turn))
        low, high = (left - mean) / noise, (right - mean) / noise
        share = np.where(high > low, np.where(low > 0, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low)), 0.0)
        M, Q = M + x[j] * share, Q + x[j] ** 2 * share
        # dM/d mean
        slope = np.where(high > low, normal_density(low) - normal_density(high), 0.0)
        chi = chi + x[j] * slope / noise
    return M, Q, chi


def _two_values(x, energies, mean, noise, c, T):
    """A spin in the field h + s z: tanh is a step averaged over logistic noise Tu of density ½ sech² u."""
    centre, d = (x[1] + x[0]) / 2, (x[1] - x[0]) / 2
    h = d * mean + c * centre * d - (energies[1] - energies[0]) / 2
    s = d * noise
    tanh, square, response = np.empty((3, len(h)))
    broad = s > 0.5 * T
    u = np.arange(-19.0, 19.01, 0.25)
    weight = 0.125 / np.cosh(u) ** 2
    z = np.arange(-8.6, 8.61, 0.2)
    for here in np.array_split(np.nonzero(broad)[0], 1 + broad.sum() * len(u) // LARGEST_BLOCK):
        v = (h[here, None] - T * u) / s[here, None]
        tanh[here] = (2 * ndtr(v) - 1) @ weight
        response[here] = normal_density(v) @ weight * 2 / s[here]
        square[here] = 1 - T * response[here]
    rest = np.nonzero(~broad)[0]
    for here in np.array_split(rest, 1 + len(rest) * len(z) // LARGEST_BLOCK):
        y = (h[here, None] + s[here, None] * z) / T
        tanh[here], square[here] = (np.tanh(y) ** power @ normal_density(z) * 0.2 for power in (1, 2))
        response[here] = np.cosh(np.clip(y, -350, 350)) ** -2.0 @ normal_density(z) * 0.2 / T
    return centre + d * tanh, centre**2 + 2 * centre * d * tanh + d * d * square, d * d * response


# The box.


class Box:
    """A machine in the coordinates ln m, ln q, and ln(1 − C) or, between bounded hidden units, ln C."""

    def __init__(self, machine: Machine):
        self.machine = machine
        self.w, _, self.P = machine.law.arrays()
        self.top = machine.visible.size(machine.T)
        values = getattr(machine.visible, "values", ())
        self.opposite = len(values) == 2 and values[0] == -values[1]
        self.stiff = not machine.hidden.bounded
        self.weak = False
        """Of opposite values: ln q in place of C, for q → 0, where q = d² − TC/p cancels."""

    def unpacked(self, x, frozen):
        """m, q and C at points (P, n)."""
        columns = list(np.moveaxis(x, -1, 0))
        m = 0 * columns[0] if frozen else np.exp(columns.pop(0))
        if self.opposite and self.weak:
            q = np.exp(columns[0])
            return m, q, (self.top**2 - q) * self.machine.p / self.machine.T
        C = -np.expm1(columns[-1]) if self.stiff else np.exp(columns[-1])
        q = self.top**2 - self.machine.T * C / self.machine.p if self.opposite else np.exp(columns[0])
        return m, np.where(q > 0, q, np.nan), C

    def layers(self, x, frozen, fine):
        """m, q, C and what the averages make of them: r, B, m, q, C."""
        machine = self.machine
        m, q, C = self.unpacked(x, frozen)
        h = averages(machine.hidden, 0.0, np.sqrt(machine.p * q), C, machine.T, fine)
        r, B = h.Q, machine.p * h.chi
        noise, c = np.sqrt(machine.alpha * machine.p * r), machine.alpha * B
        w, P = (np.zeros(1), np.ones(1)) if frozen else (self.w, self.P)
        spread = float(machine.law.spread)
        noise = np.sqrt(noise * noise + spread * m * m)
        v = averages(machine.visible, m[..., None] * w, noise[..., None], c[..., None], machine.T, fine)
        overlap = (v.M @ (P * w) + spread * m * (v.chi @ P)) / (machine.size * machine.hidden.stiffness)
        return (m, q, C), (r, B, overlap, v.Q @ P, machine.p * (v.chi @ P))

    def residual(self, x, frozen, fine=True):
        """ln of the ratios for m and q, C against 1 − C (or ln)."""
        (m, q, C), (_, _, overlap, Q, own) = self.layers(x, frozen, fine)
        with np.errstate(all="ignore"):
            parts = [] if frozen else [np.log(np.where(overlap > 0, overlap, 1e-300) / m)]
            if self.weak:
                parts.append(np.where(C < 1, np.log(Q / q), np.nan) if self.stiff else np.log(Q / q))
                return np.stack(parts, axis=-1)
            parts += [] if self.opposite else [np.log(Q / q)]
            parts.append((own - C) / (1 - C) if self.stiff else np.log(own / C))
        return np.stack(parts, axis=-1)

    def state(self, point, frozen):
        """Order parameters at one point."""
        (m, q, C), (r, B, *_) = self.layers(point[None], frozen, True)
        return State(*(abs(float(v[0])) for v in (m, q, r, C, B)))

    def axes(self, frozen):
        """Nodes of the grid."""
        many = self.opposite or frozen
        few, lots = (1, 2) if not many else (3, 3)
        m = np.concatenate([np.geomspace(1e-6, 0.09, 9 * few, endpoint=False), np.linspace(0.09, 1.004, 15 * lots)])
        q = np.concatenate([np.geomspace(1e-8, 0.1, 12 * few, endpoint=False), np.linspace(0.1, 1.0, 12 * lots)])
        if not self.machine.visible.bounded:
            m, q = np.geomspace(1e-3, 1e3, 24), np.geomspace(1e-11, 1e9, 50 * lots if frozen else 30)
        strong = self.machine.size * self.machine.hidden.stiffness
        reach = self.top * float(self.P @ np.abs(self.w)) / strong if self.stiff else 1.0
        margin = np.concatenate([np.linspace(0, -1, 10 * lots, endpoint=False), np.linspace(-1, -16, 12 * lots)])
        C = margin if self.stiff else np.linspace(math.log(1e-6), math.log(1e6), 25 * lots)
        axes = [] if frozen else [np.log(reach * m)]
        if self.weak:
            return [*axes, np.linspace(math.log(1e-14 * self.top**2), math.log(0.9 * self.top**2), 80)]
        axes += [] if self.opposite else [np.log(self.top**2 * q)]
        return [*axes, C]


def states(machine):
    """All states that are found."""
    box = Box(machine)
    found = []
    for frozen in [False, True] if _carries_overlap(machine) else [True]:
        once = _search(box, frozen)
        if box.opposite and machine.T > 0:
            box.weak = True
            once += _search(box, frozen)
            box.weak = False
        found += distinct(once)
    return found + _quiet(box)


def _carries_overlap(machine):
    """Whether there may be states with m > 0: not where hidden units are bounded, nor where ⟨v⟩ is linear or convex.

    ⟨W⟨v⟩⟩ = Lp χm for Gaussian units, and at most that for rectified ones with θ ≥ 0: C < 1 excludes m > 0.
    """
    visible = machine.visible
    flat = isinstance(visible, Normal) or (isinstance(visible, Rectified) and visible.theta >= 0)
    return not (machine.hidden.bounded or flat)


def _search(box, frozen):
    """States with overlap, or without."""
    axes = box.axes(frozen)
    if len(axes) == 1:
        first = axes[0][0] if box.weak or not box.stiff else 0.0
        nodes = np.linspace(first, axes[0][-1], 2000) - 1e-7
        points = scan(lambda t: box.residual(t[:, None], frozen)[:, 0], nodes)[:, None]
        return [box.state(point, frozen) for point in points]
    grids = np.meshgrid(*axes, indexing="ij")
    values = box.residual(np.stack(grids, axis=-1).reshape(-1, len(axes)), frozen, fine=False)
    start = cells(grids, [values[:, i].reshape(grids[0].shape) for i in range(len(axes))])
    if not box.opposite:
        # coarse averages first: the fine ones are dear
        rough, _ = newton(lambda x, _: box.residual(x, frozen, fine=False), start, longest=0.5)
        left = np.abs(box.residual(start, frozen, fine=False)).max(-1)
        apart = np.unique(np.round(rough, 5), axis=0)
        start = np.concatenate([apart, start[np.argsort(left)[:40]]])
    points, _ = newton(lambda x, _: box.residual(x, frozen), start, longest=0.5)
    return [box.state(point, frozen) for point in points]


def _quiet(box):
    """m = q = r = 0 between units whose mean vanishes without input: C = pχ(αB), B = pχ_h(C) there."""
    machine = box.machine
    v, hidden = machine.visible, machine.hidden
    if machine.T == 0 and isinstance(v, (Kinds, Levels)):
        return _quiet_cold(box)
    if not (meanless(v, machine.T) and meanless(hidden, machine.T)):
        return []
    if isinstance(v, Rectified):
        return [State(0.0, 0.0, 0.0, 0.0, machine.p * float(variance(hidden, np.array(0.0), machine.T)))]

    def excess(x):
        C = -np.expm1(x) if box.stiff else np.exp(x)
        B = machine.p * variance(hidden, C, machine.T)
        return machine.p * variance(v, machine.alpha * B, machine.T) - C

    nodes = np.linspace(-1e-7, -30.0, 1500) if box.stiff else np.linspace(-14.0, 14.0, 1500)
    found = []
    for root in scan(excess, nodes):
        C = -math.expm1(root) if box.stiff else math.exp(root)
        found.append(State(0.0, 0.0, 0.0, C, machine.p * float(variance(hidden, np.array(C), machine.T))))
    return found


def _quiet_cold(box):
    """T = 0: units of all kinds that rest at 0, with C = 0, and B = p between Gaussian units, 0 below thresholds."""
    machine = box.machine
    kinds = machine.visible.kinds if isinstance(machine.visible, Kinds) else ((1.0, machine.visible),)
    thresholds = [theta for _, theta in thresholds_of(machine.hidden)]
    if machine.hidden.bounded or any(theta <= 0 for theta in thresholds):
        return []
    B = 0.0 if thresholds else machine.p
    rests = all(_rests(unit, machine.alpha * B) for _, unit in kinds)
    return [State(0.0, 0.0, 0.0, 0.0, B)] if rests else []


def _rests(unit, c):
    """Whether a unit of a few values is at 0 without input, and not by a tie."""
    if 0.0 not in unit.values:
        return False
    cost = [e - c * x * x / 2 for x, e in zip(unit.values, unit.energies, strict=True)]
    return min(cost) == cost[unit.values.index(0.0)] and sorted(cost)[1] > min(cost)


def meanless(unit, T):
    """Whether the mean vanishes without input; units of a few values: at T > 0."""
    if isinstance(unit, Rectified):
        return T == 0 and unit.theta > 0
    return isinstance(unit, Normal) or (T > 0 and even(unit))


def even(unit):
    """Whether a unit of a few values does not tell x from −x."""
    pairs = zip(unit.values, reversed(unit.values), strict=True)
    return all(a == -b for a, b in pairs) and tuple(unit.energies) == tuple(reversed(unit.energies))


def variance(unit, c, T):
    """β var x without input; 0 for rectified units, which are at T = 0 below their threshold."""
    if isinstance(unit, Normal):
        return np.where(c < 1, 1 / (1 - c), np.nan)
    if isinstance(unit, Rectified):
        return 0 * c
    x, energies = np.array(unit.values), np.array(unit.energies)
    exponent = (np.asarray(c)[..., None] * (x * x / 2) - energies) / T
    weight = np.exp(exponent - exponent.max(-1, keepdims=True))
    return (weight @ (x * x)) / weight.sum(-1) / T
