"""Interactions of P spins at small loads, where the response is next to none."""

import math

import pytest

import replica
from replica.models import DenseHopfield


@pytest.mark.parametrize("body", [3, 4, 8])
@pytest.mark.parametrize("alpha", [1.0084047050566075e-10, 2.822728505750599e-10, 4.761314570098742e-08, 1.8e-5])
def test_next_to_no_response_at_small_loads(alpha, body):
    """C ≤ e^(−1/2s²)/s: slopes of f, of order α, know none below 1e-16/α;
    y = m^{P−1}/((P−1)! s), s² = α/(P−1)!.
    """
    found = replica.solve_all(DenseHopfield(alpha=alpha, body=body))
    assert found.complete
    kept = next(s for s in found if s.kind == "retrieval" and s.sheet == 0)
    s = math.sqrt(alpha / math.factorial(body - 1))
    y = kept.order.m ** (body - 1) / (math.factorial(body - 1) * s)
    assert kept.status == replica.Status.CONVERGED
    assert kept.order.m == pytest.approx(math.erf(y / math.sqrt(2)), abs=1e-14)
    assert (kept.order.q, kept.order.r, kept.order.B) == (1.0, 1.0, 1.0)
    assert abs(kept.order.C - math.sqrt(2 / math.pi) * math.exp(-y * y / 2) / s) < 1e-15 + 1e-10 * kept.order.C
