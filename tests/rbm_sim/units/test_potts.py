"""Potts units: law, sampling of machines against enumeration, gauges, likelihoods, missing and held units."""

import itertools
import math

import mpmath as mp
import numpy as np
import pytest
from scipy import stats

from rbm_sim import RBM, Bernoulli, DReLU, Gaussian, Mixture, Potts, ReLU, Spin, ais, conditional, exact, likelihood
from rbm_sim._support import blas
from rbm_sim.machine.gauge import in_gauge

Z_MAX, P_MIN = 5.0, 1e-4
HIDDEN = [Bernoulli([0.3, -0.2]), Spin([0.1, -0.4]), Gaussian(), ReLU([-0.3, 0.2]), DReLU(1.5, 1.0, [0.4, -0.2], -0.3)]
FIELDS = np.array([[0.3, -0.5, 0.1], [0.0, 0.8, -0.2], [-0.4, 0.2, 0.6]])
WEIGHTS = np.random.default_rng(5).normal(size=(3, 3, 2)) * 0.6


@pytest.fixture(autouse=True)
def one_thread():
    with blas.one_thread():
        yield


def machine(hidden, visible=Potts, dtype=np.float64):
    return RBM(WEIGHTS.astype(dtype), visible=visible(3, FIELDS), hidden=hidden)


def by_hand(rbm, T):
    """States of three units of three states, −F(v)/T and inputs, from the definition of the energy."""
    a = np.array(list(itertools.product(range(3), repeat=3)))
    I = sum(WEIGHTS[i, a[:, i]] for i in range(3))
    field = sum(FIELDS[i, a[:, i]] for i in range(3))
    return a, field / T + rbm.hidden.log_partition(I, T).sum(axis=1), I


@pytest.mark.parametrize("T", [1.0, 0.4])
def test_the_law_of_a_unit_in_many_digits(T):
    unit = Potts(3, [0.2, -1.0, 0.5])
    for I in ([0.3, -0.2, 0.1], [-40.0, 3.0, 2.0], [700.0, -700.0, 0.0]):
        I = np.array(I)
        with mp.workdps(900):
            w = [mp.exp(mp.mpf(float(x)) / T) for x in I + unit.g]
            P = [x / sum(w) for x in w]
            wanted = {1: P, 2: [p * (1 - p) for p in P], 3: [p * (1 - p) * (1 - 2 * p) for p in P]}
            assert float(unit.log_partition(I, T)[0]) == pytest.approx(float(mp.log(sum(w))), rel=1e-14)
            for order, kappa in wanted.items():
                assert unit.cumulant(I, order, T) == pytest.approx([float(k) for k in kappa], rel=1e-11, abs=1e-300)
            assert unit.cdf(np.zeros(3), I, T) == pytest.approx([float(1 - p) for p in P], rel=1e-13)
        assert unit.mode(I).tolist() == np.eye(3)[(I + unit.g).argmax()].tolist()
        assert unit.ground(I).tolist() == [(I + unit.g).max()]
        assert unit.mean_potential(I, T).sum() == pytest.approx(
            float(-sum(p * float(g) for p, g in zip(P, unit.g, strict=True)))
        )


def test_two_states_are_a_spin():
    """One of two states, in the fields ±g of either and with weights ±w, is a spin."""
    rng = np.random.default_rng(0)
    w, g = rng.normal(size=(4, 2)), rng.normal(size=4)
    one = RBM(np.stack([w, -w], axis=1), visible=Potts(2, np.stack([g, -g], axis=1)), hidden=ReLU(0.1))
    other = RBM(w, visible=Spin(g), hidden=ReLU(0.1))
    assert exact.log_partition(one, 0.7) == pytest.approx(exact.log_partition(other, 0.7), rel=1e-14)
    assert exact.energy(one) == pytest.approx(exact.energy(other), rel=1e-13)
    s = np.array([[1.0, -1, -1, 1], [1, 1, -1, 1]])
    v = Potts(2).one_hot(s < 0)
    assert one.free_energy(v) == pytest.approx(other.free_energy(s), rel=1e-14)
    assert one.energy(v, [1.0, 2.0]) == pytest.approx(other.energy(s, [1.0, 2.0]), rel=1e-14)
    found = likelihood.pseudo_log_likelihoods(one, v, 0.7)
    assert found == pytest.approx(likelihood.pseudo_log_likelihoods(other, s, 0.7), rel=1e-12)


@pytest.mark.parametrize("hidden", HIDDEN)
def test_enumeration_by_hand(hidden):
    for T in (1.0, 0.5):
        rbm = machine(hidden)
        a, log_p, I = by_hand(rbm, T)
        log_Z = np.logaddexp.reduce(log_p)
        P, v = np.exp(log_p - log_Z), np.eye(3)[a].reshape(-1, 9)
        assert exact.log_partition(rbm, T) == pytest.approx(log_Z, rel=1e-13)
        h = rbm.hidden.mean(I, T)
        found = exact.moments(rbm, T)
        assert found.v == pytest.approx(P @ v, abs=1e-14)
        assert found.vv == pytest.approx((v.T * P) @ v, abs=1e-14)
        assert found.vh == pytest.approx((v.T * P) @ h, abs=1e-13)
        hh = (h.T * P) @ h + np.diag(P @ rbm.hidden.variance(I, T))
        assert found.hh == pytest.approx(hh, abs=1e-13)
        states, law = exact.visible_distribution(rbm, T)
        assert states.shape == (27, 3, 3)
        order = np.lexsort(Potts(3).states_of(states).T[::-1])
        assert law[order] == pytest.approx(P, abs=1e-14)
        assert likelihood.log_likelihood(rbm, states[:5], T=T).mean == pytest.approx(np.log(law[:5]).mean(), rel=1e-13)
        step = 1e-5 * T
        slope = (exact.log_partition(rbm, T + step) - exact.log_partition(rbm, T - step)) / (2 * step)
        assert exact.energy(rbm, T) == pytest.approx(T**2 * slope, rel=1e-7)


def deviation(hidden, T, dtype=np.float64, visible=Potts, rng=1):
    """Largest |z| of mean values of first and second order, least p of χ² of the visible law, of 200 000 chains.

    They start from the exact law, as some of the machines have wells that chains do not leave in hundreds of sweeps.
    """
    n = 200_000
    rbm = machine(hidden)
    states, law = exact.visible_distribution(rbm, T)
    start = states[np.random.default_rng([rng, 1]).choice(len(law), size=n, p=law)]
    v, h = machine(hidden, visible, dtype).sample(n, 12, T=T, rng=rng, start=start)
    v, h = v.reshape(n, 9).astype(float), h.astype(float)
    mean = exact.moments(rbm, T)
    z = 0.0
    for x, y, wanted in ((v, np.ones((n, 1)), mean.v[:, None]), (h, np.ones((n, 1)), mean.h[:, None])):
        z = max(z, largest_z(x, y, wanted))
    for x, y, wanted in ((v, h, mean.vh), (v, v, mean.vv), (h, h, mean.hh)):
        z = max(z, largest_z(x, y, wanted))
    code = v.reshape(n, 3, 3).argmax(axis=2) @ 3 ** np.arange(3)
    law = exact.visible_distribution(rbm, T)[1]
    counts, expected = np.bincount(code, minlength=27), law * n
    rare = expected < 30
    observed = np.append(counts[~rare], counts[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    used = expected > 0
    return z, stats.chi2.sf(((observed - expected)[used] ** 2 / expected[used]).sum(), used.sum() - 1)


def largest_z(x, y, expected):
    difference = x.T @ y / len(x) - expected
    variance = (x**2).T @ y**2 / len(x) - expected**2
    return np.abs(difference / (np.sqrt(np.maximum(variance, 0) / len(x)) + 1e-12)).max()


@pytest.mark.medium
@pytest.mark.some(1)
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize(("T", "dtype"), [(1.0, np.float64), (0.5, np.float64), (1.0, np.float32)])
def test_sample_has_the_exact_law(hidden, T, dtype):
    z, p = deviation(hidden, T, dtype)
    assert z < Z_MAX
    assert p > P_MIN


class OnePercentOff(Potts):
    """The state 0 is drawn once more in a hundred."""

    def _draw(self, y, rng, T):
        x = super()._draw(y, rng, T)
        parts = x.reshape(-1, self.states)
        parts[rng.random(len(parts)) < 0.01] = np.eye(self.states)[0]
        return x


@pytest.mark.medium
def test_a_unit_one_percent_off_is_noticed():
    z, p = deviation(HIDDEN[0], 1.0, visible=OnePercentOff)
    assert z > Z_MAX
    assert p < P_MIN


@pytest.mark.parametrize("hidden", [*HIDDEN, Mixture(0.3)])
@pytest.mark.parametrize("gauge", ["zero-sum", "lattice-gas"])
def test_gauges_have_one_law(hidden, gauge):
    rbm = machine(hidden)
    if isinstance(hidden, Mixture):  # takes no offset, and is no Gaussian
        with pytest.raises(ValueError, match="no field from outside"):
            in_gauge(rbm, gauge)
        return
    other = in_gauge(rbm, gauge)
    assert exact.visible_distribution(other)[1] == pytest.approx(exact.visible_distribution(rbm)[1], abs=1e-15)
    w, g = other.weights.reshape(3, 3, 2), other.visible.g.reshape(3, 3)
    for x in (w, g):
        assert (x.sum(axis=1) if gauge == "zero-sum" else x[:, 0]) == pytest.approx(0, abs=1e-15)


def test_gauge_messages():
    with pytest.raises(ValueError, match=r"rbm\.visible is Spin: must be Potts"):
        in_gauge(RBM([[0.1]], visible=Spin(), hidden=Spin()))
    with pytest.raises(ValueError, match="gauge = 'Potts': must be one of 'zero-sum', 'lattice-gas'"):
        in_gauge(machine(Spin()), "Potts")


@pytest.mark.some(3)
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("base", [False, True])
def test_annealing_from_both_sides_against_enumeration(hidden, base):
    T, rbm = 0.8, machine(hidden)
    v = rbm.sample(200, 100, T=T, rng=3).v
    given = {"base": v} if base else {}
    want = exact.log_partition(rbm, T)
    found = ais.log_partition(rbm, T=T, n_temperatures=300, rng=1, **given)
    assert found.reliable
    assert abs(found.value - want) < 4 * found.stderr < 0.1
    found = ais.reverse_log_partition(rbm, v, T=T, n_temperatures=300, rng=1, **given)
    assert abs(found.value - want) < 4 * found.stderr < 0.1


def test_base_given_as_probabilities():
    rbm, P = machine(Spin()), np.array([[0.2, 0.3, 0.5]] * 3)
    found = ais.log_partition(rbm, n_temperatures=300, rng=1, base=P)
    assert abs(found.value - exact.log_partition(rbm)) < 4 * found.stderr < 0.1
    with pytest.raises(ValueError, match=r"base has entries in \[0.3, 0.6\]: probabilities of states must be > 0"):
        ais.log_partition(rbm, n_temperatures=3, rng=1, base=P + 0.1)


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("T", [1.0, 0.5])
def test_pseudo_likelihood_by_all_alternatives(hidden, T):
    rbm = machine(hidden)
    v = rbm.sample(4, 10, rng=0).v
    want = []
    for x in v:
        total = 0.0
        for i in range(3):
            others = np.repeat(x[None], 3, axis=0)
            others[:, i] = np.eye(3)
            total += -rbm.free_energy(x, T) / T - np.logaddexp.reduce(-rbm.free_energy(others, T) / T)
        want.append(total)
    assert likelihood.pseudo_log_likelihoods(rbm, v, T) == pytest.approx(np.array(want), rel=1e-12)


@pytest.mark.some(2)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_missing_units_by_sums(hidden):
    """⟨v_i | v_known⟩ by enumeration of the missing units, of the hidden ones if that is less, and by chains."""
    rbm = machine(hidden)
    v = np.full((3, 3), np.nan)
    v[1] = [0, 0, 1]
    states, P = exact.visible_distribution(rbm)
    fits = states[:, 1, 2] == 1
    want = np.einsum("k,kia->ia", P[fits] / P[fits].sum(), states[fits])
    assert exact.conditional_mean(rbm, v) == pytest.approx(want, abs=1e-13)
    found = conditional.conditional_mean(rbm, v, n_chains=100, steps=150, burn_in=20, rng=1)
    assert np.abs((found.mean - want) / (found.stderr + 1e-12))[[0, 2]].max() < Z_MAX
    assert found.mean[1].tolist() == [0, 0, 1]
    held = rbm.sample(5_000, 20, rng=1, values=v).v
    assert (held[:, 1] == [0, 0, 1]).all()
    error = np.sqrt(want * (1 - want) / 5_000) + 1e-12
    assert np.abs((held.mean(axis=0) - want) / error).max() < Z_MAX
    same = rbm.sample(5_000, 20, rng=1, clamp=[False, True, False], values=np.nan_to_num(v)).v
    assert np.array_equal(held, same)


def test_flat_and_grouped_configurations_are_the_same():
    rbm = machine(ReLU(0.1))
    v = rbm.sample(5, 3, rng=0).v
    assert v.shape == (5, 3, 3)
    flat = v.reshape(5, 9)
    assert np.array_equal(rbm.free_energy(v), rbm.free_energy(flat))
    assert np.array_equal(rbm.inputs(v[0]), rbm.inputs(flat[0]))
    assert Potts(3).states_of(v).tolist() == Potts(3).states_of(flat).tolist()
    assert np.array_equal(Potts(3).one_hot(Potts(3).states_of(v)), v)
    back = RBM(rbm.weights, visible=rbm.visible, hidden=rbm.hidden)
    assert np.array_equal(back.free_energy(v), rbm.free_energy(v))
    assert rbm.transposed().sample(4, 2, rng=0).h.shape == (4, 3, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Potts(1), "states = 1: must be a whole number >= 2"),
        (lambda: Potts(3, [1.0, 2.0]), r"g has shape \(2,\): must be a number, \(3,\) or \(units, 3\)"),
        (lambda: Potts(3, math.nan), "g has the entry nan"),
        (
            lambda: Potts(3).one_hot([0, 3]),
            r"data has entries in \[0, 3\]: states of Potts units are whole",
        ),
        (
            lambda: RBM(WEIGHTS, visible=Potts(4), hidden=Spin()),
            r"weights has shape \(3, 3, 2\): the units have 4",
        ),
        (
            lambda: RBM(np.zeros((7, 2)), visible=Potts(3), hidden=Spin()),
            "visible: a layer of 7 entries holds no",
        ),
        (lambda: RBM(WEIGHTS, visible=Potts(3, np.zeros((2, 3))), hidden=Spin()), "Potts has fields of 2 units"),
        (
            lambda: machine(Spin()).free_energy(np.ones((2, 4))),
            r"v has shape \(2, 4\): the last axes must have",
        ),
        (
            lambda: machine(Spin()).free_energy(np.ones((3, 3))),
            "Potts units take values in {0, 1}, a single 1 in",
        ),
        (
            lambda: machine(Spin()).free_energy(np.zeros((3, 3))),
            "Potts units take values in {0, 1}, a single 1 in",
        ),
        (
            lambda: machine(Spin()).sample(2, 1, values=[[0, np.nan, 0]] * 3),
            "values names some states of unit 0",
        ),
        (
            lambda: exact.marginal_cdf(machine(Spin()), 0.0, "visible", 1),
            "an entry of a Potts unit has no law",
        ),
        (
            lambda: (
                RBM(np.zeros((60, 30)), visible=Potts(3), hidden=ReLU())
                and exact.log_partition(RBM(np.zeros((60, 30)), visible=Potts(3), hidden=ReLU()))
            ),
            "exact sums need a layer of at most 24 Bernoulli",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
