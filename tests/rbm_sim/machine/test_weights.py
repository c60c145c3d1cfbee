"""Every storage of the weights gives the products of the dense matrix."""

import numpy as np
import pytest
import scipy.sparse as sp

from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin
from rbm_sim.machine.packed import PackedPatterns
from rbm_sim.machine.patterns import first_patterns, pattern_weights, random_patterns
from rbm_sim.machine.weights import Dense, Sparse, stored

SIZES = [(1, 1), (5, 8), (37, 29), (300, 123)]


def storages(N, M, p, dtype):
    """The same weights in every storage, and as an array."""
    xi = random_patterns(N, M, p=p, rng=7)
    w = pattern_weights(xi, dtype)
    others = [pattern_weights(random_patterns(N, M, p=p, rng=7, storage=s), dtype) for s in ("packed", "sparse")]
    return w, [stored(x) for x in (w, *others)]


@pytest.mark.parametrize(("N", "M"), SIZES)
@pytest.mark.parametrize("p", [1.0, 0.3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products(N, M, p, dtype):
    w, matrices = storages(N, M, p, dtype)
    assert [type(m) for m in matrices] == [Dense, PackedPatterns, Sparse]
    rng = np.random.default_rng(0)
    tolerance = {"rtol": 1e-12 if dtype == np.float64 else 2e-5, "atol": 1e-12 if dtype == np.float64 else 2e-5}
    for matrix in matrices:
        assert matrix.shape == (N, M)
        assert matrix.dtype == dtype
        np.testing.assert_allclose(matrix.dense(), w, rtol=1e-6)
        np.testing.assert_allclose(matrix.transposed().dense(), w.T, rtol=1e-6)
        np.testing.assert_allclose(matrix.norms(), (w * w).sum(axis=1), **tolerance)
        assert matrix.largest() == pytest.approx(np.abs(w).max() if w.any() else matrix.largest(), rel=1e-6)
        for axes in ((), (4,), (2, 3)):
            v, h = rng.normal(size=(*axes, N)).astype(dtype), rng.normal(size=(*axes, M)).astype(dtype)
            np.testing.assert_allclose(matrix.forward(v), v @ w, **tolerance)
            np.testing.assert_allclose(matrix.backward(h), h @ w.T, **tolerance)
            np.testing.assert_allclose(matrix.squares(h), h @ (w * w).T, **tolerance)
            np.testing.assert_allclose(matrix.squares_forward(v), v @ (w * w), **tolerance)
            out = np.full((*axes, M), 7, dtype)
            assert matrix.forward(v, out=out) is out
            np.testing.assert_array_equal(out, matrix.forward(v))
            back = np.full((*axes, N), 7, dtype)
            matrix.backward(h, out=back)
            np.testing.assert_array_equal(back, matrix.backward(h))
        for i in {0, N - 1}:
            row = np.zeros(M, dtype)
            index, values = matrix.row(i)
            row[index] = values
            np.testing.assert_allclose(row, w[i], rtol=1e-6)
        np.testing.assert_allclose(matrix.columns(M // 2, M), w[:, M // 2 :], rtol=1e-6)


def test_storages_hold_the_same_patterns():
    p = np.linspace(0.05, 1, 60)
    array, packed, sparse = (random_patterns(60, 77, p=p, rng=3, storage=s) for s in ("array", "packed", "sparse"))
    np.testing.assert_array_equal(packed.dense(), array)
    np.testing.assert_array_equal(sparse.toarray(), array)
    for patterns in (array, packed, sparse):
        np.testing.assert_array_equal(first_patterns(patterns, 5), array[:, :5])
    np.testing.assert_array_equal(packed.first(13).dense(), array[:, :13])
    np.testing.assert_array_equal(random_patterns(60, 77, rng=3, storage="packed").first(8).dense() ** 2, 1)


def test_memory_of_packed_patterns():
    patterns = random_patterns(4000, 552, rng=0, storage="packed")
    assert patterns.nbytes == 4000 * 552 / 8
    assert random_patterns(4000, 552, p=0.5, rng=0, storage="packed").nbytes == 2 * 4000 * 552 / 8


@pytest.mark.parametrize("hidden", [Gaussian(), ReLU(0.3), Spin(), Bernoulli()])
def test_a_machine_does_not_depend_on_storage(hidden):
    for p in (1.0, 0.2):
        w, matrices = storages(30, 20, p, np.float64)
        dense = RBM(w, visible=Bernoulli(0.1), hidden=hidden)
        v = np.random.default_rng(1).integers(0, 2, (5, 30))
        for matrix in matrices:
            rbm = RBM(matrix, visible=Bernoulli(0.1), hidden=hidden)
            np.testing.assert_allclose(rbm.free_energy(v, 0.5), dense.free_energy(v, 0.5), rtol=1e-10)
            np.testing.assert_allclose(rbm.marginal_energy(v), dense.marginal_energy(v), rtol=1e-10)
            np.testing.assert_allclose(rbm.sample(3, 2, rng=1).h, dense.sample(3, 2, rng=1).h, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(rbm.weights, w)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: stored(sp.csr_array((0, 3))), "weights has shape (0, 3)"),
        (lambda: stored(sp.csr_array(np.array([[np.nan, 1.0]]))), "weights has the entry nan"),
        (lambda: PackedPatterns(np.zeros((2, 2), np.uint8), 3), "bits of shape (2, 2)"),
        (lambda: PackedPatterns(np.zeros((2, 1)), 3), "bits of shape (2, 1), float64"),
        (lambda: PackedPatterns(np.zeros((2, 1), np.uint8), 0), "M = 0"),
        (lambda: PackedPatterns([[1]], 3), "bits of shape (1, 1), list"),
        (lambda: PackedPatterns(np.zeros((0, 1), np.uint8), 3), "bits of shape (0, 1)"),
        (lambda: PackedPatterns(np.zeros((2, 1), np.uint8), 3, scale=np.inf), "scale = inf"),
        (lambda: PackedPatterns(np.zeros((2, 1), np.uint8), 3, dtype=int), "dtype = <class 'int'>"),
        (lambda: stored(sp.csr_array(np.array([[1j]]))), "weights are complex"),
        (lambda: random_patterns(3, 3, storage="list"), "storage = 'list': must be one of 'array'"),
        (lambda: first_patterns(np.ones((3, 2)), 3), "count = 3: there are only 2 patterns"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value).startswith(message)
