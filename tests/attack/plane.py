"""All states at T = 0 of units of two values x₀ ± d with Gaussian or rectified hidden units, weights of any density.

With a = m/s and b = (G + αBx₀)/s, G the field at which a unit turns, everything but the load and G is explicit:

    u = (b + aW + c(x − 1))/√x,  m = 2d⟨WΦ(u)⟩/L,  Q = ⟨x v²⟩,  s = m/a,  C = 2dp⟨√x φ(u)⟩/s,  y = θ/√(pQ)

and r = pQ H2(y)/(1 − C)² with s² = αpr, B = pH0/(1 − C) leave two equations, defined on the whole plane:

    s = 2dp⟨√x φ⟩ + p√(αQH2),    G = s(b − c),  c = αBx₀/s = x₀√α H0/√(QH2)

c enters u in heterogeneous machines only, as a third unknown. Near the step k of the activity the plane is mapped by
b = t − ak. For a > e^5 the steps do not see each other, s is explicit in t, and one coordinate is left; so it is for
a → 0, and at m = 0.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from scipy.special import ndtr

from attack.arithmetic import log_H, normal_density
from attack.entries import thresholds_of
from attack.equations import Machine, State
from attack.search import cells, distinct, newton, scan

QUIET = 38.5
"""Standard deviations beyond which a unit does not feel the noise in a double."""


class Plane:
    """The machine in the coordinates of this file."""

    def __init__(self, machine: Machine):
        (low, high), energies = machine.visible.values, machine.visible.energies
        self.machine = machine
        self.w, self.x, self.P = machine.law.arrays()
        self.mixed = bool((self.x != 1).any())
        self.centre, self.d = (high + low) / 2, (high - low) / 2
        self.G = 0.0 if machine.balanced else -(energies[1] - energies[0]) / (2 * self.d)
        self.pull = 0.0 if machine.balanced else self.centre
        self.thresholds = thresholds_of(machine.hidden)
        self.faintest = -4.5
        """ln a below which sums over W are series."""
        self.p, self.size, self.alpha = machine.p, machine.size, machine.alpha

    # Both layers.

    def hidden(self, on):
        """Ln S, S = s(1 − C) = p√(αQH2), and c, at ⟨xΦ⟩ = on."""
        Q = (self.centre - self.d) ** 2 + 4 * self.centre * self.d * on
        with np.errstate(all="ignore"):
            log_H0 = log_H2 = np.zeros(np.shape(Q))
            if self.thresholds:
                parts = [(math.log(share), theta / np.sqrt(self.p * Q)) for share, theta in self.thresholds]
                log_H0, log_H2 = (np.logaddexp.reduce([log + log_H(k, y) for log, y in parts]) for k in (0, 2))
            half = 0.5 * (np.log(self.alpha) + np.log(Q) + log_H2)
            c = self.pull * self.alpha * np.exp(log_H0 - half)
        return Q, np.log(self.p) + half, c, log_H0

    def visible(self, k, a, t, c):
        """m, ⟨xΦ⟩ and 2dp⟨√xφ⟩ at u = (t + a(W − k) + c(x − 1))/√x; m without cancellation for b > 0, as ⟨W⟩ = 0."""
        near, up, down = slice(None), np.zeros(len(self.w), dtype=bool), np.zeros(len(self.w), dtype=bool)
        if np.ndim(k) == np.ndim(a) == 0:
            # one step: the units of other steps that the noise does not reach are on or off
            reach = (2 * QUIET + float(np.max(np.abs(c), initial=0.0)) * 10) / max(a, 1e-3)
            near, up, down = np.abs(self.w - k) <= reach, self.w - k > reach, k - self.w > reach
        w, x, P, root = self.w[near], self.x[near], self.P[near], np.sqrt(self.x[near])
        k, a, t, c = (np.asarray(v)[..., None] for v in (k, a, t, c))
        u = (t + a * (w - k) + (c * (x - 1) if self.mixed else 0)) / root
        sign = np.where(t - a * k > 0, -1.0, 1.0)
        moments = self.P * self.w
        far = np.where(sign[..., 0] > 0, moments[up].sum(), -moments[down].sum())
        m = (far + (sign * ndtr(sign * u)) @ (P * w)) * (2 * self.d / self.size)
        on = (self.P * self.x)[up].sum() + ndtr(u) @ (P * x)
        return m, on, normal_density(u) @ (P * root) * (2 * self.d * self.p)

    def excess(self, a, b):
        """m/a − 2dpφ, homogeneous, a → 0: the sum of a^n φ^{(n)}(b) [⟨W^{n+2}⟩/(L(n+1)!) − p⟨W^n⟩/n!]."""
        hermite = [1.0 + 0 * b, b, b * b - 1]
        for n in range(2, 8):
            hermite.append(b * hermite[n] - n * hermite[n - 1])
        total = 0.0
        for n in range(1, 7):
            first, second = (self.moment(i) for i in (n + 2, n))
            share = first / (self.size * math.factorial(n + 1)) - self.p * second / math.factorial(n)
            total = total + (-a) ** n * hermite[n] * share
        return 2 * self.d * normal_density(b) * total

    def moment(self, n):
        """⟨W^n⟩; what has cancelled in it is 0."""
        exact = float(self.P @ self.w**n)
        return exact if abs(exact) > 1e-12 * float(self.P @ np.abs(self.w) ** n) else 0.0

    def functions(self, k, v, t, c):
        """The equations, s(b − c) − G over its terms, ln of s over its two terms, and c less its value."""
        a = np.exp(v)
        m, on, density = self.visible(k, a, t, c)
        _, log_S, c_new, _ = self.hidden(on)
        with np.errstate(all="ignore"):
            s, S = m / a, np.exp(log_S)
            field = s * (t - c_new) - k * m - self.G
            scale = s * (1 + np.abs(c_new)) + np.abs(self.G) + np.abs(k) * m
            noise = np.log(s) - np.log(density + S)
            return field / scale, noise, c_new - c

    def state(self, k, v, t, c, frozen=False):
        """Order parameters at one point."""
        a = 0.0 if frozen else math.exp(v)
        m, on, density = (float(value) for value in self.visible(k, a, t, c))
        Q, log_S, _, log_H0 = (float(value) for value in self.hidden(on))
        s = density + math.exp(log_S)
        log_margin = log_S - math.log(s) if s else 0.0
        r = math.exp(min(2 * (log_S - log_margin) - math.log(self.alpha * self.p), 700))
        B = self.p * math.exp(min(log_H0 - log_margin, 700))
        return State(0.0 if frozen else m, Q, r, density / s if s else 0.0, B)

    # Where states are looked for.

    def range_of_c(self):
        """Least and largest ln c, over all activities."""
        c = self.hidden(np.geomspace(1e-14, 1.0, 400))[2]
        return math.log(max(c.min(), 1e-30)), math.log(max(c.max(), 1e-29))

    def settled_c(self, k, a, t, rounds=40):
        """c of a heterogeneous machine at many points, a root of c(on(c)) − c by false position (Illinois) in ln c.

        In a homogeneous machine nothing depends on it: 0.
        """
        if not self.mixed:
            return 0 * t

        def excess(x):
            with np.errstate(divide="ignore"):
                return np.maximum(np.log(self.hidden(self.visible(k, a, t, np.exp(x))[1])[2]), -69.0) - x

        low, high = (np.full(np.shape(t), edge) for edge in self.range_of_c())
        at_low, at_high = excess(low), excess(high)
        x, side = low, np.zeros(np.shape(t))
        for _ in range(rounds):
            with np.errstate(all="ignore"):
                x = np.clip(np.nan_to_num((low * at_high - high * at_low) / (at_high - at_low)), low, high)
            value = excess(x)
            up = value > 0
            at_high = np.where(up & (side > 0), at_high / 2, np.where(up, at_high, value))
            at_low = np.where(~up & (side < 0), at_low / 2, np.where(up, value, at_low))
            low, high = np.where(up, x, low), np.where(up, high, x)
            side = np.where(up, 1.0, -1.0)
        return np.exp(x)

    def iterated_c(self, k, a, t, rounds):
        """The same by iteration from c = 0: another root, where there are several."""
        c = 0 * t
        for _ in range(rounds):
            c = np.minimum(self.hidden(self.visible(k, a, t, c)[1])[2], 1e3)
        return c

    def near(self):
        """Starts (k, v, t, c) on grids: one over all b for a < 4, one along each step for 4 < a < e^5."""
        values = self.machine.law.values()
        reach = 4 * np.abs(values).max() + 14
        v = np.arange(-7.0 if self.mixed else self.faintest - 0.5, 1.5, 0.15)
        charts = [(0.0, v, np.arange(-reach, reach, 0.2))]
        step = np.concatenate([np.arange(-QUIET, -8, 0.9), np.arange(-8, 8, 0.25), np.arange(8, QUIET, 0.9)]) + 0.013
        charts += [(k, np.arange(self.apart(k, values), 5.2, 0.15), step) for k in values]
        found = []
        for k, v, t in charts:
            v, t = np.meshgrid(v, t, indexing="ij")
            for settle in (self.settled_c, self.iterated_c) if self.mixed else (self.settled_c,):
                rows = [
                    self.functions(k, row, at, settle(k, math.exp(row), at, 6))
                    for row, at in zip(v[:, 0], t, strict=True)
                ]
                field, noise, _ = (np.stack(column) for column in zip(*rows, strict=True))
                start = cells([v, t], [field, noise])
                found.append(np.column_stack([np.full(len(start), k), start]))
        return np.concatenate(found)

    def apart(self, k, values):
        """ln a at which the next steps are four standard deviations away; 1.3 for integers."""
        return min(1.3, math.log(4 / max(np.abs(values[values != k] - k).min(initial=1.1), 1.0)))

    def far(self):
        """Starts for a > e^5: along the step k, s = 2dpP_kφ + S, the equation for G is one in t alone."""
        t = np.concatenate([np.arange(-QUIET, -7, 0.1), np.arange(-7, 7, 0.02), np.arange(7, QUIET, 0.1)]) + 0.0013
        found = []
        for k in self.machine.law.values():

            def at(t, k=k):
                # other steps lie 1e150 away
                m, on, density = self.visible(k, 1e150, t, self.settled_c(k, 1e150, t))
                _, log_S, c, _ = self.hidden(on)
                s = density + np.exp(log_S)
                with np.errstate(invalid="ignore"):
                    return s * (t - c) - k * m - self.G, m, s

            for root in scan(lambda t, at=at: at(t)[0], t):
                _, m, s = at(np.array([root]))
                if s[0] > 0 and m[0] / s[0] > 60:
                    found.append((k, math.log(m[0] / s[0]), root))
        return np.array(found).reshape(-1, 3)

    def plateaus(self):
        """States without noise to all digits, between two steps, in closed form: C = 0."""
        w, x, P = self.w, self.x, self.P
        values, states = np.unique(w), []
        for below, k in pairwise(values):
            up = w >= k
            on, m = float((P * x)[up].sum()), 2 * self.d * float((P * w)[up].sum()) / self.size
            if min(on, float((P * x)[~up].sum())) < 1e-13:
                continue
            Q, log_S, c, log_H0 = (float(value) for value in self.hidden(np.array(on)))
            S = math.exp(log_S)
            least = min((self.G + k * m + c * S * value) / math.sqrt(value) for value in set(x))
            most = max((self.G + below * m + c * S * value) / math.sqrt(value) for value in set(x))
            if least > QUIET * S and -most > QUIET * S:
                states.append(self.noiseless(m, Q, log_S, log_H0))
        return states

    def noiseless(self, m, Q, log_S, log_H0):
        """The state C = 0: r = S²/(αp), B = pH0."""
        r = math.exp(2 * log_S - math.log(self.alpha * self.p))
        return State(m, Q, r, 0.0, self.p * math.exp(log_H0))

    def aligned(self):
        """m = 0, all units at one value, whatever the noise; not at 0, where q and the noise vanish."""
        states = []
        for on in (0.0, 1.0):
            Q, log_S, c, log_H0 = (float(value) for value in self.hidden(np.array(on)))
            fields = [(self.G + c * math.exp(log_S) * x) / math.sqrt(x) for x in set(self.x)]
            least = min(fields) if on else -max(fields)
            if Q > 0 and least > QUIET * math.exp(log_S):
                states.append(self.noiseless(0.0, Q, log_S, log_H0))
        return states

    def fields(self):
        """Nodes of b for states of vanishing m; units 0 and 1 with b < −7.6 have q < 1e-13."""
        lowest = -7.6 if self.centre == self.d else -QUIET - 2
        return np.concatenate([np.arange(lowest, 7.6, 0.01), np.arange(7.6, QUIET + 2, 0.05)]) + 0.0007

    def faint(self):
        """Starts for a → 0: m/a − 2dpφ = S on the plane, and the equation for G is one in b alone."""
        if self.mixed:
            return np.zeros((0, 3))

        def at(b):
            _, log_S, c, _ = self.hidden(ndtr(b))
            return (2 * self.d * self.p * normal_density(b) + np.exp(log_S)) * (b - c) - self.G

        found = []
        for root in scan(at, self.fields()):
            least = math.exp(float(self.hidden(ndtr(root))[1]))
            nodes = np.arange(max(-30.0, self.faintest - 20), self.faintest + 0.5, 0.1)
            ratio = lambda v, b=root, S=least: self.excess(np.exp(v), b) / S - 1  # noqa: E731
            found += [(0.0, v, root) for v in scan(ratio, nodes)]
        return np.array(found).reshape(-1, 3)


def states(machine, kind=Plane):
    """All states that are found, with and without overlap."""
    plane = kind(machine)
    found = plane.plateaus() + _overlapping(plane) + _faint(plane)
    return distinct(found) + distinct(_frozen(plane)) + _quiescent(machine)


def _overlapping(plane):
    """Newton's method from all starts, in (v, t), with c where it enters."""
    starts = np.concatenate([plane.near(), plane.far()])
    k, x = starts[:, 0], starts[:, 1:]
    if plane.mixed:
        a = np.exp(x[:, 0])
        both = [plane.settled_c(k, a, x[:, 1], 15), plane.iterated_c(k, a, x[:, 1], 6)]
        k, x = np.tile(k, 2), np.column_stack([np.tile(x, (2, 1)), np.concatenate(both)])

    def residual(x, index):
        c = x[:, 2] if plane.mixed else 0 * x[:, 0]
        return np.stack(plane.functions(k[index], x[:, 0], x[:, 1], c)[: x.shape[1]], axis=-1)

    found = []
    for point, index in zip(*newton(residual, x), strict=True):
        c = point[2] if plane.mixed else 0.0
        found.append(plane.state(k[index], point[0], point[1], c))
    return found


def _faint(plane):
    """Newton's method at a → 0, where m/a − 2dpφ is summed as a series."""

    def residual(x, _):
        a, b = np.exp(x[:, 0]), x[:, 1]
        _, log_S, c, _ = plane.hidden(plane.visible(0.0, a, b, 0 * b)[1])
        E, S = plane.excess(a, b), np.exp(log_S)
        s = plane.visible(0.0, a, b, 0 * b)[2] + S
        return np.stack([(s * (b - c) - plane.G) / (s * (1 + np.abs(c)) + abs(plane.G)), np.log(E / S)], axis=-1)

    points, _ = newton(residual, plane.faint()[:, 1:], longest=0.2)
    found = []
    for v, b in points:
        if v < plane.faintest:
            state = plane.state(0.0, v, b, 0.0)
            # m = a s
            found.append(state._replace(m=math.exp(v) * math.sqrt(plane.alpha * plane.p * state.r)))
    return found


def _frozen(plane):
    """States with m = 0: one equation for b; two for b and c in heterogeneous machines."""

    def at(b, c):
        _, on, density = plane.visible(0.0, 0.0, b, c)
        _, log_S, own, _ = plane.hidden(on)
        s = density + np.exp(log_S)
        with np.errstate(all="ignore"):
            return s * (b - own) - plane.G, s * (1 + own) + abs(plane.G), np.log(own)

    found = plane.aligned()
    if not plane.mixed:
        return found + [
            plane.state(0.0, 0.0, b, 0.0, frozen=True) for b in scan(lambda b: at(b, 0 * b)[0], plane.fields())
        ]

    def residual(x):
        field, scale, log_c = at(x[..., 0], np.exp(x[..., 1]))
        with np.errstate(invalid="ignore"):
            return np.stack([field / scale, log_c - x[..., 1]], axis=-1)

    low, high = plane.range_of_c()
    # c shifts the classes apart: b may lie far beyond the noise
    far = math.exp(min(high, 8.0))
    b = np.unique(np.concatenate([plane.fields()[::12], np.geomspace(QUIET, QUIET + 2 * far, 200)]))
    grids = np.meshgrid(np.concatenate([-b[b > 7.6][::-1], b]), np.linspace(low - 0.01, high + 0.01, 80), indexing="ij")
    values = residual(np.stack(grids, axis=-1))
    start = cells(grids, [values[..., 0], values[..., 1]])
    points, _ = newton(lambda x, _: residual(x), start)
    return found + [plane.state(0.0, 0.0, b, math.exp(log_c), frozen=True) for b, log_c in points]


def _quiescent(machine):
    """v = 0, h = 0: of units 0 and 1 where g < −αBx/2, B = p⟨h'⟩: 1 for each Gaussian hidden unit, 0 and ½ of a
    rectified one below and at its threshold; none where a threshold is negative.
    """
    thresholds = thresholds_of(machine.hidden)
    if machine.visible.values != (0.0, 1.0) or machine.balanced or any(theta < 0 for _, theta in thresholds):
        return []
    g = -machine.visible.energies[1]
    B = machine.p * (sum(share * (theta == 0) / 2 for share, theta in thresholds) if thresholds else 1)
    largest = max(x for x, _ in getattr(machine.law, "classes", ((1.0, 1.0),)))
    return [State(0.0, 0.0, 0.0, 0.0, B)] if g < -machine.alpha * B * largest / 2 else []
