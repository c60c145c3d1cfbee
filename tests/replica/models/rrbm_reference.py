"""The R-RBM written down a second time, for the tests: equations, a Newton solver, folds, minima.

It uses no part of `replica`. Tubiana & Monasson, PRL 118, 138301 (2017), eq. (2), and Manzan's slides (2021). A machine
is a law of W, a list of (w, x, probability) with x = p_i/p, together with L, p, θ and g; the compositional limit is
p = 1, L = ℓ, m = m̃/2 and the Skellam law. Unknowns are (m, q, C): r and B follow.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy import optimize, special


class Machine(NamedTuple):
    w: np.ndarray
    x: np.ndarray
    weight: np.ndarray
    size: float
    p: float
    theta: float
    g: float


def binomial_law(L, p):
    """P(W = w) = Σ_k C(L, k) p^k (1 − p)^{L−k} C(k, (k + w)/2)/2^k, through logarithms."""
    w, k = np.arange(-L, L + 1.0)[:, None], np.arange(L + 1.0)
    up = (k + w) / 2
    possible = (np.abs(w) <= k) & (up == np.round(up))
    up = np.where(possible, up, 0)
    signs = special.gammaln(k + 1) - special.gammaln(up + 1) - special.gammaln(k - up + 1) - k * math.log(2)
    entries = special.gammaln(L + 1) - special.gammaln(k + 1) - special.gammaln(L - k + 1)
    log_p = k * math.log(p) + special.xlog1py(L - k, -p)
    return w[:, 0], np.where(possible, np.exp(signs + entries + log_p), 0).sum(axis=1)


def skellam_law(ell):
    w = np.arange(-60.0, 61.0)
    return w, special.ive(np.abs(w), ell)


def machine(*, L, p, theta, g):
    w, weight = binomial_law(L, p)
    return Machine(w, np.ones(len(w)), weight, L, p, theta, g)


def compositional(*, ell, theta, g, x=(1.0,)):
    """Compositional limit; x are equally frequent values of p_i/p."""
    laws = [skellam_law(ell * value) for value in x]
    return Machine(
        np.concatenate([w for w, _ in laws]),
        np.repeat(np.array(x, dtype=float), 121),
        np.concatenate([weight for _, weight in laws]) / len(x),
        ell,
        1.0,
        theta,
        g,
    )


def density(u):
    return np.exp(-0.5 * u * u) / math.sqrt(2 * math.pi)


def H2(y):
    """∫_y^∞ Dz (z − y)² = 2 e^{−y²/4} D_{−3}(y)/√(2π)."""
    return 2 * math.exp(-0.25 * y * y) * float(special.pbdv(-3, y)[0]) / math.sqrt(2 * math.pi)


def hidden(m, alpha, q, C):
    """r and B of the weakly activated hidden units."""
    y = m.theta / math.sqrt(m.p * q)
    return m.p * q * H2(y) / (1 - C) ** 2, m.p * float(special.ndtr(-y)) / (1 - C)


def field(mach, alpha, m, q, C):
    r, B = hidden(mach, alpha, q, C)
    s = math.sqrt(alpha * mach.p * r)
    return s, (mach.g + m * mach.w + alpha * B * mach.x / 2) / (s * np.sqrt(mach.x))


def mapped(mach, alpha, m, q, C):
    """Right-hand sides of m, q and C."""
    s, u = field(mach, alpha, m, q, C)
    on = mach.weight * special.ndtr(u)
    return np.array(
        [
            on @ mach.w / mach.size,
            on @ mach.x,
            mach.p / s * (mach.weight @ (np.sqrt(mach.x) * density(u))),
        ]
    )


def residual(mach, alpha, x):
    """Residuals at x = (m/√p, ln q, C), of order one each."""
    m, q, C = x[0] * math.sqrt(mach.p), math.exp(x[1]), x[2]
    new = mapped(mach, alpha, m, q, C)
    return np.array([(new[0] - m) / math.sqrt(mach.p), new[1] / q - 1, new[2] - C])


def free_energy(mach, alpha, m, q, C):
    """The functional itself, not its value on the saddle."""
    r, B = hidden(mach, alpha, q, C)
    s, u = field(mach, alpha, m, q, C)
    work = density(u) + u * special.ndtr(u)
    visible = s * (mach.weight @ (np.sqrt(mach.x) * work))
    last = alpha * mach.p * q * H2(mach.theta / math.sqrt(mach.p * q)) / (2 * (1 - C))
    return mach.size * m * m / 2 + alpha / 2 * (r * C + B * q) - visible - last


def five_residuals(mach, alpha, order):
    """All five equations at (m, q, r, C, B), r and B relative to their size."""
    m, q, r, C, B = order
    new_r, new_B = hidden(mach, alpha, q, C)
    s = math.sqrt(alpha * mach.p * r)
    u = (mach.g + m * mach.w + alpha * B * mach.x / 2) / (s * np.sqrt(mach.x))
    on = mach.weight * special.ndtr(u)
    new_C = mach.p / s * (mach.weight @ (np.sqrt(mach.x) * density(u)))
    return np.array([on @ mach.w / mach.size - m, on @ mach.x - q, new_r / r - 1, new_C - C, new_B / B - 1])


def jacobian(function, x, h=1e-6):
    return np.stack([(function(x + h * e) - function(x - h * e)) / (2 * h) for e in np.eye(len(x))], axis=1)


def newton(function, x, steps=50, tolerance=1e-12):
    for _ in range(steps):
        step = np.linalg.solve(jacobian(function, x), function(x))
        step = step / max(1.0, np.abs(step).max() / 0.3)
        x = x - step
        if np.abs(step).max() < tolerance:
            return x
    raise ArithmeticError("no root")


def zero_noise(mach, k=1):
    """m and q of v = 1[W ≥ k]."""
    on = mach.weight * (mach.w >= k)
    return on @ mach.w / mach.size, on @ mach.x


def state(mach, alpha, k=1):
    """(m, q, C) of the state that descends from v = 1[W ≥ k], by Newton's method from there."""
    m, q = zero_noise(mach, k)
    x = newton(lambda x: residual(mach, alpha, x), np.array([m / math.sqrt(mach.p), math.log(q), 0.0]))
    return x[0] * math.sqrt(mach.p), math.exp(x[1]), x[2]


def first_fold(mach, start=1e-3, k=1):
    """Load and (m, q, C) at the first fold: the zero-noise state is followed in ln α by arclength, then the fold is
    a root of the equations together with a vanishing determinant.
    """
    m, q = zero_noise(mach, k)

    def system(y):
        return residual(mach, math.exp(y[3]), y[:3])

    def tangent(y, last):
        _, _, rows = np.linalg.svd(jacobian(system, y))
        return rows[-1] * (1 if rows[-1] @ last >= 0 else -1)

    y = np.array([m / math.sqrt(mach.p), math.log(q), 0.0, math.log(start)])
    x = newton(lambda x: residual(mach, start, x), y[:3])
    y = np.append(x, y[3])
    direction, step = tangent(y, np.array([0, 0, 0, 1.0])), 0.05
    for _ in range(3000):
        guess = y + step * direction
        try:
            new = newton(lambda z, guess=guess, d=direction: np.append(system(z), d @ (z - guess)), guess, steps=12)
        except (ArithmeticError, np.linalg.LinAlgError, ValueError, OverflowError):
            step /= 2
            continue
        turned = tangent(new, direction)
        if turned @ direction < 0.98 and step > 1e-5:
            step /= 2
            continue
        if turned[3] <= 0:
            break
        y, direction, step = new, turned, min(0.05, 1.3 * step)
    else:
        raise ArithmeticError("no fold")

    def extended(z):
        return np.append(system(z), np.linalg.det(jacobian(system, z)[:, :3]))

    # from the nearer of the last two points
    fold = optimize.root(extended, y, method="hybr", options={"xtol": 1e-11})
    assert np.abs(extended(fold.x)).max() < 1e-8
    return math.exp(fold.x[3]), (fold.x[0] * math.sqrt(mach.p), math.exp(fold.x[1]), fold.x[2])


def best_ell(alpha, theta, g, *, bracket, x=(1.0,)):
    """ℓ*, f̃ and (m̃, q, C) by minimising f̃(ℓ) of the retrieval state, each ℓ solved from its zero-noise state."""

    def energy(ell):
        here = compositional(ell=ell, theta=theta, g=g, x=x)
        return free_energy(here, alpha, *state(here, alpha))

    found = optimize.minimize_scalar(energy, bounds=bracket, method="bounded", options={"xatol": 1e-9})
    ell = float(found.x)
    m, q, C = state(compositional(ell=ell, theta=theta, g=g, x=x), alpha)
    return ell, float(found.fun), (2 * m, q, C)


def glass_states(mach, alpha):
    """Every (q, C) with m = 0: at given q = Φ(b) all else is explicit, and g(b) is solved for by a dense search."""

    def excess(b):
        q = float(special.ndtr(b))
        y = mach.theta / math.sqrt(mach.p * q)
        spread = math.sqrt(alpha * q * H2(y))
        s = mach.p * (density(b) + spread)
        C = mach.p * density(b) / s
        B = mach.p * float(special.ndtr(-y)) / (1 - C) if C < 1 else math.inf
        return b * s - alpha * B / 2 - mach.g, q, C

    # below, H2 underflows
    lowest = float(special.ndtri(min(0.4, (abs(mach.theta) / 30) ** 2 / mach.p))) if mach.theta > 0 else -8.0
    grid = np.linspace(max(-8.0, lowest), 8.0, 4001)
    values = np.array([excess(b)[0] for b in grid])
    roots = []
    for i in np.nonzero(np.isfinite(values[1:] + values[:-1]) & (np.sign(values[1:]) != np.sign(values[:-1])))[0]:
        b = optimize.brentq(lambda b: excess(b)[0], grid[i], grid[i + 1], xtol=1e-14)
        roots.append(excess(b)[1:])
    return roots


def glass_level(mach, alpha):
    """Lowest free energy of the states with m = 0."""
    return min((free_energy(mach, alpha, 0.0, q, C) for q, C in glass_states(mach, alpha)), default=math.inf)
