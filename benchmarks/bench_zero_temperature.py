"""Ten thousand loads at T = 0, single folds, many digits, and the Gaussian integrals."""

import numpy as np
import pytest

import replica
from replica.models import Hopfield, ThresholdHopfield
from replica.numerics.gaussian import H

LOADS = np.linspace(1e-4, 0.1379, 10_000)


def test_solve_ten_thousand_loads(benchmark):
    state = benchmark.pedantic(lambda: replica.solve(Hopfield(alpha=LOADS, T=0)), rounds=10, warmup_rounds=1)
    assert (state.status == 0).all()


def test_solve_all_ten_thousand_loads(benchmark):
    table = benchmark.pedantic(lambda: replica.solve_all(Hopfield(alpha=LOADS, T=0)), rounds=10, warmup_rounds=1)
    assert (table.status[:, 0] == 0).all()


def test_one_fold_at_zero_temperature(benchmark):
    value = benchmark(lambda: replica.spinodal(Hopfield(alpha=0.1), along="alpha").value)
    assert value == pytest.approx(0.1379055664949317, abs=1e-14)


def test_one_fold_above_zero_temperature(benchmark):
    value = benchmark(lambda: replica.spinodal(Hopfield(alpha=0.1, T=0.1), along="alpha").value)
    assert value == pytest.approx(0.1350491898, abs=5e-11)


def test_one_fold_along_temperature(benchmark):
    value = benchmark(lambda: replica.spinodal(Hopfield(alpha=0.05), along="T").value)
    assert value == pytest.approx(0.5422550379, abs=5e-11)


@pytest.mark.parametrize("cls", [Hopfield, ThresholdHopfield])
def test_fifty_digits(benchmark, cls):
    fold = benchmark(lambda: replica.spinodal(cls(alpha=0.1), along="alpha", precision=50))
    assert float(fold.value) == pytest.approx(0.1379055664949317, abs=1e-15)


@pytest.mark.parametrize("k", [0, 2, 4])
def test_gaussian_integral_of_a_million_numbers(benchmark, k):
    x = np.linspace(-40, 30, 1_000_000)
    values = benchmark.pedantic(lambda: H(k, x), rounds=3, warmup_rounds=1)
    assert values.shape == x.shape
