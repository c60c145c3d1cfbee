"""The same numbers in any type give the same results: unsigned ones do not wrap, half ones lose nothing."""

import warnings

import numpy as np
import pytest

from rbm_sim import (
    RBM,
    Bernoulli,
    Discrete,
    Gaussian,
    ReLU,
    Spin,
    ais,
    datasets,
    dynamics,
    exact_learning,
    likelihood,
    order_parameters,
    order_parameters_at,
    planted,
)
from rbm_sim import measure as observables
from rbm_sim.learning import Learner, Options
from rbm_sim.learning.measurements import describe
from rbm_sim.learning.parameters import checked
from rbm_sim.machine import patterns
from rbm_sim.statistics.estimates import estimate

SIGNED = ["i1", "i2", "i4", "i8", "f2", "f4", "f8", "longdouble", ">i4", ">f4", ">f8"]
UNSIGNED = ["u1", "u2", "u4", "u8", ">u2"]
BITS = np.random.default_rng(0).integers(0, 2, (40, 6))
SPINS = 2 * BITS - 1
W = np.random.default_rng(1).normal(size=(6, 4)) / 2


class Trit(Discrete):
    """Units −1, 0 and 1 that prefer 0."""

    values = (-1.0, 0.0, 1.0)

    def energy(self, x, T):
        """0.3 x²."""
        return 0.3 * x**2


HIDDEN = {"bernoulli": Bernoulli(-0.4), "spin": Spin(-0.4), "gaussian": Gaussian(), "relu": ReLU(0.3), "trit": Trit()}
VISIBLE = {"bernoulli": (Bernoulli(-0.3), BITS), "spin": (Spin(-0.3), SPINS)}


def flat(result):
    return np.concatenate(
        [np.ravel(np.asarray(x, float)) for x in (result if isinstance(result, tuple) else (result,))]
    )


def same_in_every_type(function, values, rtol=1e-5):
    """Compare with the result of double precision; single precision may be computed in."""
    expected = flat(function(values.astype("f8")))
    types = SIGNED + (UNSIGNED if values.min() >= 0 else []) + (["bool"] if set(values.flat) <= {0, 1} else [])
    for dtype in types:
        found = flat(function(values.astype(dtype)))
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-6, err_msg=dtype)


@pytest.mark.some(3)
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("visible", VISIBLE)
def test_machines(visible, hidden):
    unit, data = VISIBLE[visible]
    rbm = RBM(W, visible=unit, hidden=HIDDEN[hidden])
    h = np.zeros((1, 4)) if hidden != "spin" else np.ones((1, 4))
    for function in (
        rbm.inputs,
        rbm.free_energy,
        rbm.marginal_energy,
        rbm.clamped_free_energy,
        lambda v: rbm.energy(v, h),
        lambda v: rbm.sample(len(v), 2, rng=1, start=v).v,
        lambda v: likelihood.pseudo_log_likelihoods(rbm, v),
        lambda v: likelihood.log_likelihood(rbm, v).mean,
        lambda v: ais.log_partition(rbm, base=v, n_chains=3, n_temperatures=10, rng=1).value,
        lambda v: tuple(describe(rbm, v).values()),
        lambda v: dynamics.alternate(rbm, v).v,
    ):
        same_in_every_type(function, data)


@pytest.mark.parametrize(
    "unit",
    [*HIDDEN.values(), Bernoulli(-2.0), Spin(-2.0), ReLU(-1.0)],
    ids=lambda unit: type(unit).__name__ + format(getattr(unit, "theta", getattr(unit, "g", 0.0))),
)
def test_units(unit):
    """Whole and half numbers as inputs, of both signs."""
    functions = [unit.mode, unit.curvature, unit.ground, unit.log_partition, unit.mean, unit.variance]
    functions += [lambda I: unit.cumulant(I, 3), lambda I: unit.cdf(I, I)]
    functions += [lambda I: unit.sample(I, np.random.default_rng(0), 0.0)]
    for function in functions:
        same_in_every_type(function, BITS)
        same_in_every_type(function, 3 * SPINS)
    allowed = {"Bernoulli": BITS, "ReLU": BITS}.get(type(unit).__name__, SPINS)
    same_in_every_type(unit.potential, allowed)
    same_in_every_type(lambda x: float(unit.contains(x)), BITS)


def test_a_value_between_is_in_no_domain():
    class Half(Trit):
        values = (-0.5, 0.5)

    for dtype in ("i8", "u1", "f8", "bool"):
        assert not Half().contains(np.zeros(3, dtype))
        assert Trit().contains(np.ones(3, dtype))


@pytest.mark.parametrize("hidden", ["bernoulli", "spin", "gaussian", "relu"])
@pytest.mark.parametrize("visible", VISIBLE)
def test_learning(visible, hidden):
    unit, data = VISIBLE[visible]

    def learned(v):
        options = Options(batch_size=10)
        learner = Learner.begin(v, visible=unit, hidden=HIDDEN[hidden], units=3, options=options, rng=1)
        learner.learn(checked(v, unit))
        return learner.rbm.weights

    same_in_every_type(learned, data)


@pytest.mark.parametrize("hidden", ["bernoulli", "relu"])
@pytest.mark.parametrize(("visible", "binarise"), [("bernoulli", "random"), ("spin", "random"), ("spin", 0.5)])
def test_the_estimator(visible, hidden, binarise):
    pytest.importorskip("sklearn", minversion="1.6", reason="needs scikit-learn >= 1.6")
    from rbm_sim.estimator import RBMEstimator

    given = {"visible": visible, "hidden": hidden, "binarise": binarise, "n_iter": 2, "random_state": 0}
    fitted = RBMEstimator(3, **given).fit(BITS.astype(float))
    same_in_every_type(fitted.transform, BITS)
    same_in_every_type(fitted.score_samples, BITS)
    same_in_every_type(lambda X: fitted.gibbs(X, 2, random_state=1), BITS)
    same_in_every_type(lambda X: RBMEstimator(3, **given).fit(X).components_, BITS)
    v = BITS if visible == "bernoulli" else 2.0 * BITS - 1
    np.testing.assert_allclose(fitted.transform(BITS.astype("u1")), fitted.rbm_.hidden.mean(v @ fitted.rbm_.weights))


def test_data_and_observables():
    same_in_every_type(datasets.binarise, BITS)
    same_in_every_type(lambda x: datasets.binarise(x, rng=3), BITS)
    same_in_every_type(datasets.as_spins, BITS)
    for data in (BITS, SPINS):
        same_in_every_type(lambda x: likelihood.independent_pixels(x, x[:7])[:2], data)
    counts = np.random.default_rng(2).integers(0, 100, (30, 5))
    same_in_every_type(observables.participation_ratio, counts)
    same_in_every_type(observables.weight_norm, counts)
    same_in_every_type(observables.weight_sparsity, counts)
    same_in_every_type(observables.silent_units, counts)
    same_in_every_type(lambda x: observables.histogram(x, bins=5).density, counts)
    same_in_every_type(lambda x: observables.overlaps(np.ones((6, 2)), x), BITS)
    same_in_every_type(lambda x: observables.distance(x, -SPINS), SPINS)
    same_in_every_type(lambda x: estimate(x.ravel())[:2], counts)
    same_in_every_type(lambda x: RBM(x[:4], visible=Bernoulli(), hidden=Spin()).inputs(np.ones(4)), counts)
    same_in_every_type(lambda g: RBM(W, visible=Bernoulli(g), hidden=Spin()).free_energy(BITS), counts[:6, 0] // 50)
    rbm = RBM(W, visible=Spin(-0.2), hidden=Gaussian())
    same_in_every_type(lambda v: tuple(order_parameters(rbm, v)[1:]), SPINS)
    same_in_every_type(lambda v: patterns.corrupted(rbm, v, 0.3, rng=0), SPINS)
    same_in_every_type(lambda v: dynamics.descend(rbm, v, rng=0).v, SPINS)
    measured = {"T": 1.0, "n_chains": 4, "steps": 3, "burn_in": 1, "rng": 0}
    same_in_every_type(lambda v: order_parameters_at(rbm, start=v, **measured).q.mean, SPINS[:4])
    same_in_every_type(lambda v: planted.student(v).weights, SPINS)
    two = RBM(W, visible=Bernoulli(), hidden=Spin())
    same_in_every_type(lambda v: exact_learning.gradient(two, v).w, BITS)


@pytest.mark.parametrize("where", ["one", "row", "list"])
def test_masked_entries_are_refused(where):
    """An entry without a value is not the number that lies under the mask."""
    mask = np.zeros(BITS.shape, bool)
    mask[3, 2] = True
    masked = np.ma.masked_array(BITS.astype(float), mask=mask if where == "one" else np.eye(40, 6, dtype=bool))
    given = list(masked) if where == "list" else masked
    rbm = RBM(W, visible=Bernoulli(), hidden=ReLU())
    for function in (
        lambda x: RBM(x, visible=Bernoulli(), hidden=Spin()),
        lambda x: Learner.begin(x, visible=Bernoulli(), hidden=Spin(), units=2),
        datasets.binarise,
        datasets.as_spins,
        rbm.free_energy,
        rbm.inputs,
        lambda x: rbm.sample(40, 1, start=x),
        lambda x: likelihood.independent_pixels(BITS, x),
        observables.participation_ratio,
        Spin().mean,
        ReLU().log_partition,
        lambda x: Spin(np.ma.masked_array([0.5, 1.0], mask=[0, 1])),
        estimate,
    ):
        with pytest.raises(ValueError, match="has masked entries: every entry must have a value"):
            function(given)
    whole = np.ma.masked_array(BITS.astype(float), mask=False)
    np.testing.assert_array_equal(rbm.inputs(whole), rbm.inputs(BITS))


def test_the_estimator_refuses_masked_entries():
    pytest.importorskip("sklearn", minversion="1.6", reason="needs scikit-learn >= 1.6")
    from rbm_sim.estimator import RBMEstimator

    masked = np.ma.masked_array(BITS, mask=np.eye(40, 6, dtype=bool))
    fitted = RBMEstimator(2, n_iter=1, random_state=0).fit(BITS)
    for method in (fitted.fit, fitted.partial_fit, fitted.transform, fitted.score_samples, fitted.gibbs):
        with pytest.raises(ValueError, match="X has masked entries"):
            method(masked)


class Column(list):
    """A column of a frame."""

    def to_numpy(self):
        """Entries, as objects."""
        return np.array(self, dtype=object)


class Frame(dict):
    """What is needed of a table with named columns."""

    dtypes = property(lambda self: ["object"] * len(self))
    columns = property(list)

    def to_numpy(self):
        """Rows."""
        return np.array([column.to_numpy() for column in self.values()]).T


def test_tables_with_named_columns():
    rbm = RBM(W, visible=Bernoulli(), hidden=ReLU())
    frame = Frame({f"x{k}": Column(column.tolist()) for k, column in enumerate(BITS.T)})
    np.testing.assert_array_equal(rbm.inputs(frame), rbm.inputs(BITS))
    for entry, message in (("red", "column 'x2' holds str, must hold numbers"), (None, "column 'x2' has missing")):
        frame["x2"] = Column([entry, *BITS[1:, 2].tolist()])
        with pytest.raises(ValueError, match=message):
            rbm.inputs(frame)


FORMS = {
    "category": lambda pd, frame: frame.astype("category"),
    "mixed": lambda pd, frame: frame.assign(a=frame.a.astype("category")),
    "bool": lambda pd, frame: frame.astype(bool),
    "boolean": lambda pd, frame: frame.astype("boolean"),
    "Int64": lambda pd, frame: frame.astype("Int64"),
    "object": lambda pd, frame: frame.astype(object),
    "u1": lambda pd, frame: frame.astype("u1"),
}


@pytest.mark.parametrize("form", FORMS)
def test_frames_of_pandas(form):
    pd = pytest.importorskip("pandas", reason="needs pandas")
    pytest.importorskip("sklearn", minversion="1.6", reason="needs scikit-learn >= 1.6")
    from rbm_sim.estimator import RBMEstimator

    frame = pd.DataFrame(BITS, columns=list("abcdef"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = RBMEstimator(3, random_state=0).fit(FORMS[form](pd, frame))
    expected = RBMEstimator(3, random_state=0).fit(BITS)
    np.testing.assert_array_equal(fitted.components_, expected.components_)
    np.testing.assert_allclose(fitted.transform(FORMS[form](pd, frame)), expected.transform(BITS))
    assert fitted.feature_names_in_.tolist() == list("abcdef")


def test_words_in_frames_of_pandas_are_told_how_to_encode_them():
    pd = pytest.importorskip("pandas", reason="needs pandas")
    pytest.importorskip("sklearn", minversion="1.6", reason="needs scikit-learn >= 1.6")
    from rbm_sim.estimator import RBMEstimator

    words = pd.DataFrame(BITS, columns=list("abcdef")).replace({0: "no", 1: "yes"}).astype("category")
    with pytest.raises(ValueError, match=r"X, column 'a' holds str, must hold numbers: encode categories"):
        RBMEstimator(2).fit(words)
    encoded = pd.get_dummies(words)
    assert RBMEstimator(2, n_iter=1).fit(encoded).n_features_in_ == 12


def test_categories_in_frames_are_states_of_potts_units():
    pd = pytest.importorskip("pandas", reason="needs pandas")
    pytest.importorskip("sklearn", minversion="1.6", reason="needs scikit-learn >= 1.6")
    from rbm_sim.estimator import RBMEstimator

    codes = np.random.default_rng(0).integers(0, 3, (50, 2))
    words = np.array(["blue", "green", "red"])
    frame = pd.DataFrame({"a": words[codes[:, 0]], "b": words[codes[:, 1]]}).astype("category")
    fitted = RBMEstimator(3, visible="potts", n_iter=2, random_state=0).set_output(transform="pandas").fit(frame)
    plain = RBMEstimator(3, visible="potts", n_iter=2, random_state=0).fit(codes)
    np.testing.assert_array_equal(fitted.components_, plain.components_)
    features = fitted.transform(frame)
    assert isinstance(features, pd.DataFrame)
    np.testing.assert_allclose(features.to_numpy(), plain.transform(codes))


@pytest.mark.parametrize("T", [[1e300, 1.0], [1.0, -1e300]])
def test_what_single_precision_cannot_hold_is_no_infinity(T):
    rbm = RBM(np.zeros((3, 2), np.float32), visible=Bernoulli(), hidden=Bernoulli())
    with pytest.raises(ValueError, match=r"T has the entry -?1e\+300 at \[[01]\]: beyond float32"):
        rbm.sample(2, 1, T=T)
