"""Random patterns: the law of their entries, weights and states made of them."""

import numpy as np
import pytest

from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin
from rbm_sim.machine.patterns import corrupted, pattern_state, pattern_weights, random_patterns

Z_MAX = 4.0


@pytest.mark.parametrize("p", [1.0, 0.3, 0.01])
def test_law_of_the_entries(p):
    N, M = 500, 400
    xi = random_patterns(N, M, p=p, rng=3)
    assert xi.dtype == np.int8
    for value, probability in ((1, p / 2), (-1, p / 2), (0, 1 - p)):
        stderr = np.sqrt(probability * (1 - probability) / (N * M))
        assert abs((xi == value).mean() - probability) <= Z_MAX * stderr


def test_density_per_row():
    p = np.array([0.1, 0.5, 1.0])
    xi = random_patterns(3, 20_000, p=p, rng=1)
    density = (xi != 0).mean(axis=1)
    assert (np.abs(density - p) <= Z_MAX * np.sqrt(p * (1 - p) / 20_000)).all()


def test_rng_spellings_agree():
    reference = random_patterns(20, 10, rng=5)
    for rng in (np.random.default_rng(5), np.random.SeedSequence(5)):
        np.testing.assert_array_equal(random_patterns(20, 10, rng=rng), reference)
    assert (random_patterns(20, 10) != random_patterns(20, 10)).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights(dtype):
    xi = random_patterns(50, 7, p=0.5, rng=2)
    w = pattern_weights(xi, dtype)
    assert w.dtype == dtype
    np.testing.assert_allclose(w, xi / np.sqrt(50), rtol=1e-6)
    assert pattern_weights(xi).dtype == np.float32


def test_state_of_a_pattern():
    xi = np.array([1, -1, 0, 1], np.int8)
    np.testing.assert_array_equal(pattern_state(xi, Spin()), [1, -1, -1, 1])
    np.testing.assert_array_equal(pattern_state(xi, Bernoulli()), [1, 0, 0, 1])


def test_corrupted_keeps_the_overlap_asked_for():
    N, m0 = 100_000, 0.6
    rbm = RBM(np.zeros((N, 1)), visible=Spin(), hidden=Gaussian())
    v = np.ones(N)
    overlap = corrupted(rbm, v, (1 - m0) / 2, rng=8).mean()
    assert abs(overlap - m0) < Z_MAX * np.sqrt((1 - m0**2) / N)
    np.testing.assert_array_equal(corrupted(rbm, v, 0, rng=8), v)
    np.testing.assert_array_equal(corrupted(rbm, v, 1, rng=8), -v)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: random_patterns(0, 5), "N = 0: must be a whole number >= 1"),
        (lambda: random_patterns(5, -1), "M = -1"),
        (lambda: random_patterns(5, 5.0), "M = 5.0"),
        (lambda: random_patterns(5, 5, p=1.5), "p = 1.5: must lie in (0, 1]"),
        (lambda: random_patterns(5, 5, p=0), "p = 0"),
        (lambda: random_patterns(5, 5, p=np.nan), "p has the entry nan"),
        (lambda: random_patterns(5, 5, p=[0.5, 0.5]), "p has 2 entries"),
        (lambda: random_patterns(5, 5, rng=1.5), "rng = 1.5"),
        (lambda: pattern_weights([1, 2]), "patterns has shape (2,)"),
        (lambda: pattern_weights([[1, 2]], np.int32), "dtype = "),
        (lambda: pattern_state([1, -1], ReLU()), "visible = ReLU(theta=0.0)"),
        (lambda: corrupted(RBM([[1.0]], visible=Spin(), hidden=Spin()), [1], 1.5), "probability = 1.5"),
        (lambda: corrupted(RBM([[1.0]], visible=ReLU(), hidden=Spin()), [1], 0.5), "rbm.visible = "),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value).startswith(message)


@pytest.mark.slow
def test_tiny_densities():
    """p = 1e-6 is no multiple of 2⁻²⁴: 4e8 entries, seed 2, |z| < 4."""
    count = random_patterns(20_000, 20_000, p=1e-6, rng=2, storage="sparse").nnz
    assert abs(count - 400) < 4 * 20


class Coin:
    """Entries ±0.5, with whatever an argument says."""

    def __init__(self, change=lambda x: x):
        self.change = change

    def draw(self, rng, shape):
        return self.change(rng.choice([-0.5, 0.5], size=shape))


def test_entries_of_a_law():
    xi = random_patterns(40, 30, law=Coin(), rng=3)
    assert xi.shape == (40, 30) and xi.dtype == np.float64 and set(np.unique(xi)) == {-0.5, 0.5}
    assert (xi == random_patterns(40, 30, law=Coin(), rng=3)).all()
    assert pattern_weights(xi)[0, 0] == pytest.approx(xi[0, 0] / 40**0.5)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"law": 0.5}, r"law = 0.5: an object with a method draw\(rng, shape\)"),
        ({"law": Coin(), "p": 0.5}, "p = 0.5 and law = .*: give one of the two"),
        ({"law": Coin(), "p": np.full(4, 0.5)}, "give one of the two"),
        ({"law": Coin(), "storage": "packed"}, "storage = 'packed': entries of a law are stored as \"array\" only"),
        ({"law": Coin(lambda x: x[:2])}, r"law.draw\(rng, \(4, 3\)\) has the shape \(2, 3\)"),
        ({"law": Coin(lambda x: x * np.nan)}, "every entry must be finite"),
        ({"law": Coin(lambda x: x.astype(str))}, "must be an array of real numbers"),
    ],
)
def test_laws_that_draw_no_patterns_are_refused(keywords, message):
    with pytest.raises(ValueError, match=message):
        random_patterns(4, 3, rng=1, **keywords)
