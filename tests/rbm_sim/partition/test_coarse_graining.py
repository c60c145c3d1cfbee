"""A learned step of renormalisation: its gradient, its bookkeeping, and that it finds decimation where it is exact."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from rbm_sim import exact, renormalisation
from rbm_sim.partition.coarse_graining import _Law
from rbm_sim.units import Spin

PAGE = Path(__file__).resolve().parents[3] / "docs" / "renormalisation.md"


def chain(N, K):
    return renormalisation.ising_energies(renormalisation.lattice(1, N, K))


def states(N):
    return np.concatenate(list(exact.states(Spin(), N)))


@pytest.mark.parametrize("even", [False, True])
@pytest.mark.parametrize("N", [4, 13])
def test_gradient_by_differences(N, even):
    """13 spins are more than are summed over in one block; without fields in E the machine has none."""
    rng = np.random.default_rng(N)
    E = chain(N, 0.6) + (0 if even else rng.normal(size=2**N))
    law = _Law(E, N, 3)
    x = np.concatenate([rng.normal(size=3 * N), np.zeros(N + 3) if even else rng.normal(size=N + 3)])
    value, slopes = law.loss(x)
    for i in (0, 5, 3 * N - 1, *(() if even else (3 * N, 4 * N - 1, 4 * N, 4 * N + 2))):
        step = 1e-5 * np.eye(len(x))[i]
        difference = (law.loss(x + step)[0] - law.loss(x - step)[0]) / 2e-5
        assert slopes[i] == pytest.approx(difference, abs=1e-8)
    assert not slopes[3 * N :].any() or not even
    # and D by its definition
    p, v = np.exp(-E - np.logaddexp.reduce(-E)), states(N)
    F = law.machine(x).free_energy(v)
    q = np.exp(-F - np.logaddexp.reduce(-F))
    assert value == pytest.approx(p @ np.log(p / q), abs=1e-11)


def test_bookkeeping():
    """All columns beside the general comparison of energies, at the end; the free energy is off by D."""
    E = chain(6, 0.9) - 0.3 * states(6)[:, 0]
    found = renormalisation.coarse_grain(E, 2, iterations=25, rng=3)
    F = found.rbm.free_energy(states(6))
    c = renormalisation.compare(E, F[:, None])
    assert found.log_Z == pytest.approx(c.log_Z, abs=1e-13)
    assert len({len(x) for x in found[2:-1]}) == 1
    assert found.log_Z_new[-1] == pytest.approx(c.log_Z_new, abs=1e-12)
    assert (found.distance[-1], found.spread[-1]) == pytest.approx((c.distance, c.spread), abs=1e-12)
    mean = c.p @ c.log_trace
    assert found.deviation[-1] == pytest.approx(math.sqrt(c.p @ (c.log_trace - mean) ** 2), abs=1e-12)
    equal = renormalisation.compare(E, F[:, None] + mean)
    assert equal.log_Z_new - equal.log_Z == pytest.approx(found.divergence[-1], abs=1e-12)
    assert (np.diff(found.divergence) <= 0).all() and found.divergence[-1] < found.divergence[0] / 3
    assert (found.divergence >= 2 * found.distance**2).all()  # Pinsker


@pytest.mark.parametrize("K", [0.7, -0.4])
def test_a_chain_is_decimated(K):
    """Two hidden spins for five: exact if they are the second and the fourth, and the law of both is K′ or −K′."""
    found = renormalisation.coarse_grain(chain(5, K), 2, iterations=300, rng=1)
    assert found.divergence[-1] < 1e-5 and found.distance[-1] < 1e-3 and found.deviation[-1] < 5e-3
    kept = renormalisation.interactions(found.rbm.transposed().free_energy(states(2)))
    assert abs(kept.pairs[0, 1]) == pytest.approx(math.atanh(math.tanh(K) ** 2), abs=1e-3)


@pytest.mark.medium
def test_a_lattice_is_decimated():
    """Six hidden spins for 4 × 3: couplings of the hidden law are those of every second spin, up to signs and names."""
    J = renormalisation.lattice(4, 3, 0.44)
    found = renormalisation.coarse_grain(renormalisation.ising_energies(J), 6, iterations=400, rng=0)
    hidden = renormalisation.interactions(found.rbm.transposed().free_energy(states(6)))
    exactly = renormalisation.interactions(renormalisation.decimate(J, [0, 2, 4, 6, 8, 10]).E_kept)
    assert found.divergence[-1] < 1e-4
    pairs = [np.sort(np.abs(x.pairs[np.triu_indices(6, 1)])) for x in (hidden, exactly)]
    np.testing.assert_allclose(*pairs, atol=3e-3)
    assert hidden.largest_other == pytest.approx(exactly.largest_other, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("units", [5, 10])
def test_the_table_of_the_page(units):
    rows = re.findall(rf"^\| {units} \| (\d+) \| (.*) \|$", PAGE.read_text("utf-8"), flags=re.M)
    K = math.log(1 + math.sqrt(2)) / 2
    E = renormalisation.ising_energies(renormalisation.lattice(5, 4, K))
    found = renormalisation.coarse_grain(E, units, iterations=max(int(k) for k, _ in rows), rng=0)
    assert found.log_Z == pytest.approx(17.226910, abs=1e-6) and len(rows) == 4
    for k, row in rows:
        ours = [found.log_Z_new - found.log_Z, found.divergence, found.deviation, found.spread, found.distance]
        for column, printed in zip(ours, row.split(" | "), strict=True):
            unit = 10.0 ** -len(printed.partition(".")[2])
            assert column[int(k)] == pytest.approx(float(printed), abs=unit)


@pytest.mark.parametrize(
    ("E", "units", "message"),
    [
        (np.zeros(6), 1, r"E has shape \(6,\)"),
        (np.zeros(2), 1, r"N from 2 to 20"),
        (np.zeros(8), 3, "units = 3: must be at most 2, fewer than the 3 visible spins"),
        (np.zeros(8), 0, "units = 0"),
        ([0.0, np.nan, 0.0, 0.0], 1, "entry nan"),
    ],
)
def test_refuses(E, units, message):
    with pytest.raises(ValueError, match=message):
        renormalisation.coarse_grain(E, units)
    with pytest.raises(ValueError, match="iterations = 0"):
        renormalisation.coarse_grain(np.zeros(8), 1, iterations=0)
