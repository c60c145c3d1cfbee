"""Maximum likelihood of small machines: bars and stripes to their bound, gradients by differences."""

import math

import numpy as np
import pytest

from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin
from rbm_sim.learning import datasets
from rbm_sim.learning.maximum_likelihood import fit, gradient
from rbm_sim.partition import exact

BOUND = -36.94680261461  # 14 ln(1/14)
HIDDEN = [Bernoulli(0.2), Spin(-0.1), Gaussian(), ReLU(0.3)]


@pytest.mark.parametrize("hidden", [Bernoulli(), Spin(), Gaussian(), ReLU()])
def test_bars_and_stripes_reach_their_bound_from_below(hidden):
    """3 x 3, ten hidden units: Σ ln P within 0.1 of 14 ln(1/14), never above it, never falling."""
    assert 14 * math.log(1 / 14) == pytest.approx(BOUND, abs=1e-10)
    data = datasets.bars_and_stripes(3).images
    found = fit(data, visible=Bernoulli(), hidden=hidden, units=10, iterations=400, rng=0)
    total = 14 * found.log_likelihood
    assert BOUND - 0.1 < total[-1] < BOUND + 1e-9
    assert total.max() < BOUND + 1e-9
    assert np.diff(total).min() > -1e-9
    assert total[0] < BOUND - 40
    assert exact.log_likelihood(found.rbm, data) == pytest.approx(found.log_likelihood[-1], abs=1e-12)
    # the law itself: every image has its share, and the rest next to nothing
    v, P = exact.visible_distribution(found.rbm)
    images = {tuple(row) for row in data.tolist()}
    share = np.array([tuple(row) in images for row in v.astype(int).tolist()])
    assert P[share].sum() > 0.99
    np.testing.assert_allclose(P[share], 1 / 14, rtol=0.3)


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("visible", [Bernoulli(0.1), Spin(0.2)])
def test_gradients_by_differences(hidden, visible):
    rng = np.random.default_rng(1)
    w, data = rng.normal(size=(4, 3)), np.where(rng.random((6, 4)) < 0.5, 1.0, visible.low)

    def likelihood(w, b, c):
        return exact.log_likelihood(RBM(w, visible=visible._with_offset(b), hidden=hidden._with_offset(c)), data)

    rbm = RBM(w, visible=visible, hidden=hidden)
    values = [w, np.asarray(rbm.visible.offset), np.broadcast_to(rbm.hidden.offset, (3,))]
    for index, slope in enumerate(gradient(rbm, data).arrays()):
        for where in [(0,) * slope.ndim, tuple(n - 1 for n in slope.shape)]:
            shifted = []
            for step in (1e-5, -1e-5):
                changed = [x.copy() for x in values]
                changed[index][where] += step
                shifted.append(likelihood(*changed))
            assert (shifted[0] - shifted[1]) / 2e-5 == pytest.approx(slope[where], abs=1e-8)


def test_spin_visible_units_and_bad_arguments():
    data = 2 * datasets.bars_and_stripes(2).images.astype(int) - 1
    found = fit(data, visible=Spin(), hidden=Spin(), units=4, rng=0)
    assert 6 * found.log_likelihood[-1] > 6 * math.log(1 / 6) - 0.1
    with pytest.raises(ValueError, match="iterations = 0"):
        fit(data, visible=Spin(), hidden=Spin(), units=4, iterations=0)
    with pytest.raises(ValueError, match="Bernoulli units take values"):
        fit(data, visible=Bernoulli(), hidden=Spin(), units=4)
