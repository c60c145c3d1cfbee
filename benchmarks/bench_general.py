"""Every state on a 50×50 grid of a pair of potentials without closed forms, beside quad in a fixed-point loop.

Visible units on [−1, 1] with U = x⁴ − x²/2, hidden units with U = x²/2 + x⁴/10; T from 0.2 to 1.6, α from 0.01 to 2.
The baseline is what one writes first: the saddle-point equations iterated at one point, each average a
`scipy.integrate.quad` over z of a ratio of two `quad` over x. `python -m pytest benchmarks -s` shows the table.
"""

import math
import time

import numpy as np
import pytest
from scipy.integrate import quad

import replica
from replica.models import GeneralRBM
from replica.potentials import Continuous

ALPHA, T = np.geomspace(0.01, 2, 50), np.linspace(0.2, 1.6, 50)
MOST = 300


class Cushion(Continuous):
    support = (-1.0, 1.0)

    def energy(self, x, T):
        return x**4 - x**2 / 2


class Quartic(Continuous):
    def energy(self, x, T):
        return x**2 / 2 + x**4 / 10


def every_state():
    return replica.solve_all(GeneralRBM(Cushion(), Quartic(), alpha=ALPHA, T=T[:, None]))


def average(unit, reach, m, s, c, t):
    """⟨x⟩, ⟨x⟩² and ⟨x²⟩ of a unit, averaged over the inputs m + s z, by nested quad."""

    def moment(field, k):
        return quad(lambda x: x**k * math.exp((field * x + c * x * x / 2 - unit.energy(x, t)) / t), -reach, reach)[0]

    def over(f):
        return quad(lambda z: math.exp(-z * z / 2) / math.sqrt(2 * math.pi) * f(m + s * z), -8, 8)[0]

    def mean(field):
        return moment(field, 1) / moment(field, 0)

    return over(mean), over(lambda h: mean(h) ** 2), over(lambda h: moment(h, 2) / moment(h, 0))


def fixed_point(alpha, t):
    """Iterate the equations of the glass at one point until q moves by less than 1e-8; return q and the iterations."""
    q, r, C, B = 0.3, 0.5, 0.5, 0.5
    count = 0
    while count < MOST:
        count += 1
        _, new_q, qd = average(Cushion(), 1.0, 0.0, math.sqrt(alpha * r), alpha * B, t)
        _, r, rd = average(Quartic(), 8.0, 0.0, math.sqrt(q), C, t)
        C, B, change, q = (qd - new_q) / t, (rd - r) / t, abs(new_q - q), new_q
        if change < 1e-8:
            break
    return q, count


@pytest.mark.benchmark(group="general")
def test_grid_of_a_pair_without_closed_forms(benchmark, capsys):
    table = benchmark.pedantic(every_state, rounds=1)
    seconds = benchmark.stats.stats.min
    found = int((table.status == 0).sum())

    # started there the loop stays: the same equations
    start = time.perf_counter()
    q, count = fixed_point(1.0, 0.4)
    slow = time.perf_counter() - start
    one = replica.solve(GeneralRBM(Cushion(), Quartic(), alpha=1.0, T=0.4), start="spin_glass")
    with capsys.disabled():
        print(
            f"\n50 x 50 grid: {found} states in {seconds:.1f} s; quad: {slow:.1f} s, {count} iterations for one state, "
            f"q {abs(q - one.order.q):.0e} off"
        )
    assert np.nanmax(table.residual) < 1e-10
    assert q == pytest.approx(one.order.q, abs=1e-6)
