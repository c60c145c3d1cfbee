"""The free energy at one step of replica-symmetry breaking for any two potentials: its limits, by plain quadrature."""

import math

import numpy as np
import pytest
from scipy.special import log_ndtr, logsumexp

ALPHA, P, T = 0.7, 0.4, 0.8
BETA = 1 / T
NODE, WEIGHT = np.polynomial.hermite_e.hermegauss(120)
WEIGHT = WEIGHT / WEIGHT.sum()
ROUNDING = 1e-13


# Logarithm of the trace over a unit with field h and self-field a, exp β{−U + h x + a x²/2}.


def bernoulli(h, a):
    return np.logaddexp(0.0, BETA * (h - 0.1 + a / 2))


def spin(h, a):
    return np.logaddexp(BETA * h, -BETA * h) + BETA * a / 2


def gaussian(h, a):
    return BETA * h**2 / (2 * (1 - a)) + math.log(2 * math.pi * T / (1 - a)) / 2


def relu(h, a):
    x = (h - 0.2) / (1 - a)
    return (
        BETA * (1 - a) * x * x / 2 + math.log(2 * math.pi * T / (1 - a)) / 2 + log_ndtr(x * math.sqrt(BETA * (1 - a)))
    )


def symmetric(visible, hidden, m, q, r, C, B):
    """THEORY of the symmetric state: L = 1, W = ±1 with probability p/2, p_i = p."""
    f = m * m / 2 + ALPHA / 2 * (r * C + B * q + B * C * T / P)
    for W, share in ((-1, P / 2), (0, 1 - P), (1, P / 2)):
        f -= T * share * (WEIGHT @ visible(m * W + math.sqrt(ALPHA * P * r) * NODE, ALPHA * B))
    return f - ALPHA * T * (WEIGHT @ hidden(math.sqrt(P * q) * NODE, C))


def broken(visible, hidden, m, q1, q0, r1, r0, C, B, x):
    mu = BETA * x
    f = m * m / 2 + ALPHA / 2 * (r1 * C + B * q1 + B * C * T / P + mu * P * (q1 * r1 - q0 * r0))
    z, y = NODE[:, None], NODE
    for W, share in ((-1, P / 2), (0, 1 - P), (1, P / 2)):
        field = m * W + math.sqrt(ALPHA * P * r0) * z + math.sqrt(ALPHA * P * (r1 - r0)) * y
        f -= share / mu * (WEIGHT @ logsumexp(x * visible(field, ALPHA * B), b=WEIGHT, axis=1))
    field = math.sqrt(P * q0) * z + math.sqrt(P * (q1 - q0)) * y
    return f - ALPHA / mu * (WEIGHT @ logsumexp(x * hidden(field, C), b=WEIGHT, axis=1))


PAIRS = [(bernoulli, relu), (spin, gaussian), (spin, relu), (bernoulli, gaussian), (bernoulli, spin)]
each_pair = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: "-".join(f.__name__ for f in pair))
M, Q1, Q0, R1, R0, C, B = 0.2, 0.5, 0.3, 0.6, 0.25, 0.15, 0.2


@each_pair
def test_equal_overlaps_are_no_breaking(pair):
    expected = symmetric(*pair, M, Q0, R0, C, B)
    for x in (0.2, 0.9):
        assert broken(*pair, M, Q0, Q0, R0, R0, C, B, x) == pytest.approx(expected, abs=ROUNDING)


@each_pair
def test_clusters_of_all_replicas_are_no_breaking(pair):
    """x = 1: only the overlaps between clusters count, those within are responses."""
    expected = symmetric(*pair, M, Q0, R0, C + BETA * P * (Q1 - Q0), B + BETA * P * (R1 - R0))
    assert broken(*pair, M, Q1, Q0, R1, R0, C, B, 1.0) == pytest.approx(expected, abs=1e-12)


@each_pair
def test_clusters_of_no_replicas_are_no_breaking(pair):
    """x → 0, linearly: only the overlaps within clusters count."""
    expected = symmetric(*pair, M, Q1, R1, C, B)
    near, far = (broken(*pair, M, Q1, Q0, R1, R0, C, B, x) - expected for x in (1e-4, 2e-4))
    assert abs(far) > 1e-8
    assert 2 * near - far == pytest.approx(0, abs=1e-8)


def test_spins_and_gaussian_units_are_the_hopfield_model():
    """At C = βp(1 − q1), whatever B; the measure of the hidden units taken off."""
    for x, own in ((0.3, 0.0), (0.7, 0.4)):
        mu, within = BETA * x, BETA * P * (1 - Q1)
        D = 1 - within - mu * P * (Q1 - Q0)
        pair = T * math.log(1 - within) + math.log(D / (1 - within)) / mu - P * Q0 / D
        expected = M * M / 2 + ALPHA / 2 * (pair + R1 * within + mu * P * (R1 * Q1 - R0 * Q0))
        for W, share in ((-1, P / 2), (0, 1 - P), (1, P / 2)):
            z, y = NODE[:, None], NODE
            h = M * W + math.sqrt(ALPHA * P * R0) * z + math.sqrt(ALPHA * P * (R1 - R0)) * y
            inner = logsumexp(x * np.log(2 * np.cosh(BETA * h)), b=WEIGHT, axis=1)
            expected -= share / mu * (WEIGHT @ inner)
        expected -= ALPHA * T / 2 * math.log(2 * math.pi * T)
        found = broken(spin, gaussian, M, Q1, Q0, R1, R0, within, own, x)
        assert found == pytest.approx(expected, abs=1e-12)


@each_pair
def test_stationary_overlaps_are_moments(pair):
    """∂f/∂C and ∂f/∂B at any order parameters: ½α(r_d − the mean of h²), and the visible layer likewise."""
    visible, hidden = pair
    x, step = 0.4, 1e-4
    args = (M, Q1, Q0, R1, R0)
    by_C, by_B = (
        (broken(*pair, *args, C + a, B + b, x) - broken(*pair, *args, C - a, B - b, x)) / (2 * step)
        for a, b in ((step, 0), (0, step))
    )
    z, y = NODE[:, None], NODE

    def mean_square(log_trace, field, own):
        """⟨x²⟩ of the unit in the law tilted by the x-th power of its trace."""
        square = 2 * T * (log_trace(field, own + step) - log_trace(field, own - step)) / (2 * step)
        power = x * log_trace(field, own)
        law = WEIGHT * np.exp(power - power.max(axis=1, keepdims=True))
        return WEIGHT @ ((law * square).sum(axis=1) / law.sum(axis=1))

    within = mean_square(hidden, math.sqrt(P * Q0) * z + math.sqrt(P * (Q1 - Q0)) * y, C)
    assert by_C == pytest.approx(ALPHA / 2 * (R1 + T * B / P - within), abs=1e-7)
    noise = math.sqrt(ALPHA * P * R0) * z + math.sqrt(ALPHA * P * (R1 - R0)) * y
    squares = [s * mean_square(visible, M * W + noise, ALPHA * B) for W, s in ((-1, P / 2), (0, 1 - P), (1, P / 2))]
    assert by_B == pytest.approx(ALPHA / 2 * (Q1 + T * C / P - sum(squares)), abs=1e-7)
