"""Decimation of Ising spins: transfer matrices, sums over the spins that go, and couplings by their definition."""

import itertools
import math

import numpy as np
import pytest

from rbm_sim import exact, renormalisation
from rbm_sim.units import Spin


def spins(N):
    return np.concatenate(list(exact.states(Spin(), N)))


def log_sum(E):
    return float(np.logaddexp.reduce(-E))


def sublattices(kept, summed, seed):
    """Random couplings of either sign between two groups of spins, their indices shuffled."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(kept + summed)
    J = np.zeros((kept + summed, kept + summed))
    J[np.ix_(order[:kept], order[kept:])] = rng.normal(size=(kept, summed))
    return J + J.T, order[:kept]


def test_energies_by_loops():
    J = renormalisation.lattice(2, 3, 0.7)
    for s, E in zip(spins(6), renormalisation.ising_energies(J), strict=True):
        (a, b, c), (d, e, f) = s.reshape(2, 3)
        assert E == pytest.approx(-0.7 * (a * b + b * c + d * e + e * f + a * d + b * e + c * f), abs=1e-13)


@pytest.mark.parametrize(("rows", "columns", "bonds"), [(1, 2, 2), (2, 2, 8), (1, 5, 5), (3, 4, 24), (1, 1, 0)])
def test_bonds_on_a_torus(rows, columns, bonds):
    """Two for each spin in each direction that has other spins; two spins on a ring are neighbours twice."""
    J = renormalisation.lattice(rows, columns, 1.0, periodic=True)
    assert J.sum() == 2 * bonds and not np.diagonal(J).any()


@pytest.mark.parametrize("periodic", [False, True])
def test_lattice_by_its_transfer_matrix(periodic):
    """ln Z of 4 × 3 spins from row to row, each of three spins."""
    K, row = 0.4406868, np.array(list(itertools.product([-1, 1], repeat=3)))
    inside = K * (row[:, 0] * row[:, 1] + row[:, 1] * row[:, 2] + periodic * row[:, 2] * row[:, 0])
    T = np.exp(K * row @ row.T + (inside[:, None] + inside) / 2)
    ends = np.exp(inside / 2)
    log_Z = math.log(np.trace(np.linalg.matrix_power(T, 4)) if periodic else ends @ np.linalg.matrix_power(T, 3) @ ends)
    E = renormalisation.ising_energies(renormalisation.lattice(4, 3, K, periodic=periodic))
    assert log_sum(E) == pytest.approx(log_Z, abs=1e-12)


@pytest.mark.parametrize("K", [0.8, -0.5, 3.0, 12.0])
def test_ring_in_three_layers(K):
    """Couplings by tanh K′ = tanh² K, which is 1 to rounding at K = 12, and by K′ = ½ ln cosh 2K, which is not."""
    J, constants, closed = renormalisation.lattice(1, 16, K, periodic=True), 0.0, K
    log_Z = 16 * math.log(2 * math.cosh(K)) + math.log1p(math.tanh(K) ** 16)
    for N in (16, 8, 4):
        step = renormalisation.decimate(J, np.arange(0, N, 2))
        assert step.rbm.shape == (N, N // 2)
        kept = renormalisation.interactions(step.E_kept)
        if abs(closed) < 5:
            ising = math.atanh(math.tanh(closed) ** 2)
        closed = abs(closed) + math.log1p(math.exp(-4 * abs(closed))) / 2 - math.log(2) / 2
        if abs(closed) < 4:
            assert closed == pytest.approx(ising, rel=1e-9)
        # of the four spins two are left, each the other's neighbour on both sides
        alike = renormalisation.lattice(1, N // 2, closed, periodic=True)
        np.testing.assert_allclose(kept.pairs, alike, atol=1e-11 * (1 + abs(K)))
        assert kept.largest_other < 1e-12 * (1 + abs(K)) and np.abs(kept.fields).max() < 1e-12 * (1 + abs(K))
        left = math.log(2) / 2 + abs(J[0, 1]) + math.log1p(math.exp(-4 * abs(J[0, 1]))) / 2  # ½ ln(4 cosh 2K)
        assert kept.constant == pytest.approx(N / 2 * left, rel=1e-11)
        assert constants + log_sum(step.E_kept) == pytest.approx(log_Z, rel=1e-12)
        J, constants = kept.pairs, constants + kept.constant


@pytest.mark.parametrize("seed", range(3))
def test_any_two_sublattices(seed):
    """The energies of the kept spins are those of a sum over the others, and F(v) is the energy."""
    J, which = sublattices(4, 5, seed)
    E, v = renormalisation.ising_energies(J), spins(9)
    step = renormalisation.decimate(J, which)
    for h, found in zip(spins(4), step.E_kept, strict=True):
        assert found == pytest.approx(-log_sum(E[(v[:, which] == h).all(axis=1)]), abs=1e-12)
    c = renormalisation.compare(E, (step.rbm.free_energy(v) + step.constant)[:, None])
    assert np.abs(c.log_trace).max() < 1e-12 and c.distance < 1e-13
    # and hidden units are the kept spins
    assert (np.tanh(np.abs(v @ step.rbm.weights)) == 1).all()
    np.testing.assert_array_equal(np.sign(v @ step.rbm.weights), v[:, which])


@pytest.mark.parametrize("pin", [0.3, 2.0, 9.0])
def test_a_weak_pin(pin):
    """ln Tr_h e^T = Σ_j ln(1 + e^{−2(b + v_j Σ_i J_ij v_i)}); the law of the kept spins has no b."""
    J, which = sublattices(3, 4, 5)
    v, E = spins(7), renormalisation.ising_energies(J)
    step = renormalisation.decimate(J, which, pin)
    c = renormalisation.compare(E, (step.rbm.free_energy(v) + step.constant)[:, None])
    trace = np.log1p(np.exp(-2 * (pin + v[:, which] * (v @ J)[:, which]))).sum(axis=1)
    np.testing.assert_allclose(c.log_trace, trace, atol=1e-13)
    tight = renormalisation.interactions(renormalisation.decimate(J, which).E_kept)
    weak = renormalisation.interactions(step.E_kept)
    np.testing.assert_allclose(weak.pairs, tight.pairs, atol=1e-13)
    assert weak.constant == pytest.approx(tight.constant + 3 * math.log1p(math.exp(-2 * pin)), abs=1e-12)


def test_couplings_by_their_definition():
    E = np.random.default_rng(0).normal(size=32)
    v, found = spins(5), renormalisation.interactions(E)
    J = {
        group: -np.mean(E * v[:, group].prod(axis=1)) for n in range(6) for group in itertools.combinations(range(5), n)
    }
    assert found.constant == pytest.approx(J[()], abs=1e-14)
    np.testing.assert_allclose(found.fields, [J[(i,)] for i in range(5)], atol=1e-14)
    for i, j in itertools.combinations(range(5), 2):
        assert found.pairs[i, j] == found.pairs[j, i] == pytest.approx(J[i, j], abs=1e-14)
    assert not np.diagonal(found.pairs).any()
    assert found.largest_other == pytest.approx(max(abs(x) for group, x in J.items() if len(group) > 2), abs=1e-14)
    one = renormalisation.interactions([1.0, -3.0])
    assert (one.constant, one.fields[0], one.largest_other) == (1.0, 2.0, 0.0)


def test_a_square_has_couplings_of_four_spins():
    """The middle of four spins: ln 2 cosh K(s₁ + s₂ + s₃ + s₄) = const + J₂ Σ pairs + J₄ s₁s₂s₃s₄."""
    K, J = 0.5, np.zeros((5, 5))
    J[0, 1:] = J[1:, 0] = K
    found = renormalisation.interactions(renormalisation.decimate(J, [1, 2, 3, 4]).E_kept)
    four, two = math.log(math.cosh(4 * K)), math.log(math.cosh(2 * K))
    np.testing.assert_allclose(found.pairs[np.triu_indices(4, 1)], four / 8, atol=1e-14)
    assert found.largest_other == pytest.approx(abs(four - 4 * two) / 8, abs=1e-14)


CHAIN = renormalisation.lattice(1, 4, 1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r.lattice(0, 2, 1.0), "rows = 0"),
        (lambda r: r.lattice(1, 2, math.nan), "K = nan"),
        (lambda r: r.ising_energies([[0.0, 1.0], [2.0, 0.0]]), "symmetric, with diagonal 0"),
        (lambda r: r.ising_energies([[1.0]]), "symmetric, with diagonal 0"),
        (lambda r: r.ising_energies([1.0]), r"J has shape \(1,\)"),
        (lambda r: r.ising_energies(np.zeros((21, 21))), "at most 20 spins"),
        (lambda r: r.decimate(CHAIN, [0, 1]), "spins 0 and 1, both kept"),
        (lambda r: r.decimate(CHAIN, [0]), "spins 1 and 2, both summed over"),
        (lambda r: r.decimate(CHAIN, []), r"kept = \[\]: must be 1 to 3 indices of 4 spins"),
        (lambda r: r.decimate(CHAIN, [0, 0]), "different indices from 0 to 3"),
        (lambda r: r.decimate(CHAIN, [0, 4]), "different indices from 0 to 3"),
        (lambda r: r.decimate(CHAIN, [0.0, 2.0]), "must be 1 to 3 indices"),
        (lambda r: r.decimate(CHAIN, [0, 2], 0.0), "pin = 0"),
        (lambda r: r.decimate(np.zeros((30, 30)), np.arange(21)), "kept has 21 indices"),
        (lambda r: r.interactions([0.0, 1.0, 2.0]), r"E has shape \(3,\)"),
        (lambda r: r.interactions([0.0]), r"E has shape \(1,\)"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call(renormalisation)
