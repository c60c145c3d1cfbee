"""The plugin of tests/shaken: what it changes, and what not."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
import shake
from mpmath import mp

ROOT = Path(__file__).resolve().parents[1]
rng = np.random.default_rng(1)


@pytest.fixture
def rewritten(monkeypatch):
    """Compiles a source as modules of the packages are under ``--shake``, and returns its names."""
    monkeypatch.setattr("builtins.__shaken__", shake, raising=False)

    def names(source):
        found = {"np": np}
        exec(compile(ast.fix_missing_locations(shake.Rewriting().visit(ast.parse(source))), "shaken", "exec"), found)
        return found

    return names


A, B, V = rng.normal(size=(40, 301)), rng.normal(size=(301, 20)), rng.normal(size=301)
PRODUCTS = {
    "a @ b": (A, B),
    "a.dot(b)": (A, B),
    "np.dot(a, b)": (A, V),
    "np.matmul(a, b)": (A, B),
    "np.matmul(a, b, out=np.empty_like(a, shape=(40, 20)))": (A, B),
    "np.tensordot(a, b, 1)": (A, B),
    "np.einsum('ij,j->i', a, b)": (A, V),
}


@pytest.mark.parametrize("text", PRODUCTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_products_are_rounded_otherwise(rewritten, text, dtype):
    product = rewritten(f"product = lambda a, b: {text}")["product"]
    a, b = (x.astype(dtype) for x in PRODUCTS[text])
    plain, shaken = eval(text, {"np": np, "a": a, "b": b}), product(a, b)
    assert shaken.dtype == plain.dtype
    assert 0 < np.abs(shaken - plain).max() < 1000 * np.finfo(dtype).eps


def test_exact_products_are_left_alone(rewritten):
    """Whole numbers in any type, sparse matrices, mpmath numbers, and what defines its own product."""
    product = rewritten("product = lambda a, b: a @ b")["product"]
    S, W = rng.integers(-9, 9, (30, 100)), rng.integers(-9, 9, (100, 20))
    for dtype in (int, np.float32, float):
        np.testing.assert_array_equal(product(S.astype(dtype), W.astype(dtype)), S @ W)
    np.testing.assert_array_equal(product(scipy.sparse.csr_array(A), B), scipy.sparse.csr_array(A) @ B)
    tenth = np.array([mp.mpf(1) / 10] * 3, dtype=object)
    assert product(tenth, tenth) == tenth @ tenth

    class Own:
        def __matmul__(self, other):
            return "own"

    assert product(Own(), B) == "own"
    with pytest.raises(ValueError, match="mismatch"):
        product(A, V[:7])


ORDERS = {
    "np.argsort(x)": 0.1 * np.ones(20),
    "x.argsort()": 0.1 * np.ones(20),
    "np.argmin(x)": 0.1 * np.ones(20),
    "x.argmax()": 0.1 * np.ones(20),
    "np.lexsort((x, np.zeros(20)))": 0.1 * np.ones(20),
    "sorted(range(20), key=lambda i: (0, x[i]))": 0.1 * np.ones(20),
    "min(range(20), key=lambda i: x[i])": 0.1 * np.ones(20),
    "max(range(20), key=lambda i: float(x[i]))": 0.1 * np.ones(20),
}


@pytest.mark.parametrize("text", ORDERS)
def test_ties_come_in_any_order_and_exact_ones_stay(rewritten, monkeypatch, text):
    order = rewritten(f"order = lambda x: {text}")["order"]
    monkeypatch.setattr(shake, "orders", 0)  # however many orders other tests have asked for
    found = set()
    for pattern in range(1, 9):
        monkeypatch.setattr(shake, "pattern", pattern)
        found.add(str(order(ORDERS[text])))
        for exact in (np.ones(20), 0.25 * np.ones(20), np.ones(20, int), np.full(20, np.inf)):
            assert str(order(exact)) == str(eval(text, {"np": np, "x": exact}))
    assert len(found) > 1


def test_comparisons_of_arrays_move_by_an_ulp_and_equal_values_stay_equal(rewritten):
    less = rewritten("less = lambda a, b: a < b")["less"]
    a = rng.normal(size=1000)
    near = np.nextafter(a, np.inf)
    assert 0 < less(near, a).sum() < 1000
    assert not less(a, a.copy()).any()
    assert less(a, a + 1e-14 * np.abs(a) + 1e-14).all()
    np.testing.assert_array_equal(less(a, 0.1), a < 0.1)
    np.testing.assert_array_equal(less(0.1, a), a > 0.1)
    assert less(1, 2) is True


def test_modules_of_the_packages_are_shaken_and_children_too():
    """In children: the sampler's product has another last digit, under a pattern in the environment alone."""
    code = (
        "import numpy as np; from rbm_sim.weights import Dense; r = np.random.default_rng(1);"
        "print(Dense(r.normal(size=(500, 20))).forward(r.normal(size=(40, 500))).tolist())"
    )
    outputs = []
    for pattern in ("", "1"):
        paths = os.pathsep.join([str(ROOT / "tests" / "shaken"), str(ROOT)])
        environment = {k: v for k, v in os.environ.items() if k != shake.VARIABLE} | {"PYTHONPATH": paths}
        environment |= {shake.VARIABLE: pattern} if pattern else {}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        outputs.append(done.stdout)
    plain, shaken = (np.array(ast.literal_eval(text)) for text in outputs)
    assert 0 < np.abs(shaken - plain).max() < 1e-12
