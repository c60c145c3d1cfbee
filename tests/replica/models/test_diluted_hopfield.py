"""The diluted Hopfield model, of which only the free energy is written down, against closed forms and exact limits."""

import math

import numpy as np
import pytest
from mpmath import mp

import replica
from replica.models import Hopfield
from replica.models.diluted_hopfield import DilutedHopfield

DIGITS = 30


def largest_load(c, digits):
    """Capacity: the maximum over y = m/s of α(y) = (m/y)²/r, all else explicit in y."""
    with mp.workdps(2 * digits):
        c = mp.mpf(c)

        def load(y):
            m = mp.erf(y / mp.sqrt(2))
            s = m / y
            C = 2 * mp.npdf(y) / s
            return s * s / (1 / (1 - C) ** 2 + (1 - c) / c)

        rough = max((float(load(mp.mpf(y))), y) for y in np.geomspace(1e-4, 3.0, 400).tolist())[1]
        slope = lambda u: mp.diff(lambda v: mp.log(load(mp.exp(v))), u)  # noqa: E731
        return load(mp.exp(mp.findroot(slope, mp.log(rough))))


@pytest.mark.some(2)
@pytest.mark.parametrize("c", [1.0, 0.5, 0.1, 1e-3, 1e-6, 1e-9])
def test_capacity_is_the_largest_load_of_the_closed_form(c):
    found = replica.spinodal(DilutedHopfield(alpha=None, c=c), along="alpha").value
    assert found == pytest.approx(float(largest_load(c, 20)), rel=1e-14)


@pytest.mark.medium
@pytest.mark.parametrize("c", [0.5, 0.1])
def test_thirty_digits_of_the_capacity(c):
    found = replica.spinodal(DilutedHopfield(alpha=None, c=c), along="alpha", precision=DIGITS).value
    exact = largest_load(c, DIGITS)
    assert abs(found - exact) < mp.mpf(10) ** -DIGITS


def test_weak_dilution_and_strong():
    """c = 1 is Hopfield's model; α_c/c tends to 2/π, slowly."""
    for alpha in (0.02, 0.1, 0.5):
        ours, theirs = (replica.solve_all(cls(alpha=alpha), n_condensed=(1,)) for cls in (DilutedHopfield, Hopfield))
        assert [(s.kind, s.sheet, s.stable) for s in ours] == [(s.kind, s.sheet, s.stable) for s in theirs]
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a.order, b.order, rtol=1e-11, atol=1e-14)
            assert a.free_energy == pytest.approx(b.free_energy, rel=1e-13)
    shares = [float(largest_load(c, 20)) / c for c in (1e-3, 1e-6, 1e-9, 1e-12)]
    assert sorted(shares) == shares
    assert 0 < 2 / math.pi - shares[-1] < 1e-3


def test_without_a_pattern_and_with_weak_couplings_of_it_the_glass_is_that_of_sherrington_and_kirkpatrick():
    glass = replica.solve(DilutedHopfield(alpha=1e-9, c=1e-9), start="spin_glass")
    assert glass.free_energy == pytest.approx(-math.sqrt(2 / math.pi), rel=1e-4)
