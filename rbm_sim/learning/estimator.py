"""Restricted Boltzmann machines for scikit-learn: learned in a pipeline, their hidden units the features.

This module alone needs scikit-learn, which is in the extra `data`.
"""

import warnings
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse

from rbm_sim._support import check
from rbm_sim.learning.contrastive_divergence import Learner
from rbm_sim.learning.estimator_input import Configurations, generator, grey
from rbm_sim.learning.options import Options
from rbm_sim.learning.parameters import check_units, checked, dense
from rbm_sim.learning.stopping import asks_to_stop
from rbm_sim.learning.verdict import unmoved, worse_than_independent
from rbm_sim.learning.watching import Watch
from rbm_sim.partition import likelihood
from rbm_sim.units import TwoValued
from rbm_sim.units.named import HIDDEN, named
from replica.table import Table

try:
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, DensityMixin, TransformerMixin
    from sklearn.utils.validation import check_is_fitted
except ImportError:
    raise ImportError("rbm_sim.estimator needs scikit-learn >= 1.6: pip install 'replica-toolkit[data]'") from None

ROWS = 1000
"""Rows of a sparse X that are made dense at once."""


class RBMEstimator(Configurations, ClassNamePrefixFeaturesOutMixin, TransformerMixin, DensityMixin, BaseEstimator):
    """Restricted Boltzmann machine, P(v, h) ∝ exp{Σ_{iμ} w_{iμ} v_i h_μ − Σ_i U_i(v_i) − Σ_μ U_μ(h_μ)}, of data v.

    Parameters
    ----------
    n_components : int
        Number of hidden units, >= 1.
    visible : {"bernoulli", "spin", "gaussian", "potts"}
        Visible units, with values {0, 1} or {−1, 1}, or real ones, whose means and variances are learned. X may then
        be in any units: it is standardised for learning, and `rbm_`, its weights and its samples are in those of X.
        With "potts" each column of X holds categories, of any type; there are as many states as the column with the
        most categories has, and samples are categories again.
    hidden : {"bernoulli", "spin", "gaussian", "relu", "drelu"}
        Hidden units.
    binarise : float, "random" or None
        What to make of other values in X. A threshold: the upper value where x ≥ threshold, x any numbers. "random":
        grey levels, 0 to 1, are probabilities of the upper value, drawn anew in each epoch; the other methods do not
        draw, see there. None: there must not be any. For Gaussian units it must be None.
    learning_rate : float or None
        Rate of the first epoch, > 0. None: from the curvature of the likelihood, as it changes; see
        `rbm_sim.learning.rates`.
    decay, momentum : float
        Factor of the rate from epoch to epoch, in (0, 1], and part of the last step that is taken again, in [0, 1).
    weight_decay, penalty, exponent : float
        Strengths λ >= 0 of (λ/2) Σ w² and of (λ/x) Σ_μ (Σ_i |w_{iμ}|)^x, and the x >= 1 of the latter.
    penalty_rise : int
        Epochs over which the latter grows linearly to its strength, >= 0.
    k : int
        Gibbs steps of the chains, >= 1.
    persistent, centred : bool
        PCD rather than CD, and gradients with respect to v and h less their means; see `rbm_sim.learning.Options`.
    gauge : {"zero-sum", "lattice-gas"}
        Of the weights to Potts units: sums over the states of a unit are 0, or those to its first state are.
    negative : {"chains", "tap"}
        Model part of the gradient: from chains, or without random numbers from TAP equations; then k counts sweeps.
    batch_size : int or None
        Data in one step, >= 1, or all if there are fewer; what is left over after whole batches waits for another
        epoch, the order being random. None: a hundredth of the data, but 10 to 100.
    n_iter : int
        Epochs of `fit`, >= 1; at most, if it may stop early.
    validation_fraction : float or None
        Share of X, in (0, 1), that `fit` keeps back to measure on: drawn at random, never learned from.
    stop : str or None
        Quantity of `history_` by which `fit` stops early, "pseudo_ll" or "valid_pseudo_ll": the machine is then that of
        the epoch where it was largest.
    patience : int
        Epochs without a larger value after which it stops, >= 1.
    verbose : bool or int
        Whether to print the row of `history_` after each epoch, to stderr.
    callback : callable or None
        Called after each epoch of `fit` as ``callback(learner, row)``, with the `Learner` and the row of `history_`;
        learning stops if it returns True.
    random_state : None, int, SeedSequence, Generator or RandomState
        Random numbers of learning.

    Attributes
    ----------
    rbm_ : RBM
        The machine.
    components_ : ndarray, shape (n_components, n_features_in_), of Potts units (n_components, n_features_in_ × states)
        Its weights wᵀ, to X as it is, or to the states of each column.
    encoder_ : OrdinalEncoder
        With "potts": the categories of each column, in the order of the states.
    intercept_hidden_, intercept_visible_ : ndarray, shape (n_components,), (columns of `components_`,)
        What adds to the inputs of the units: the fields g of Bernoulli and spin units, −θ of ReLU units,
        −(θ₊ + θ₋)/2 of double ones, 0 of Gaussian ones.
    n_iter_ : int
        Epochs done.
    history_ : Table
        A row for each epoch of the last call of `fit`: epoch, and if `validation_fraction`, `stop`, `verbose` or
        `callback` ask for it pseudo_ll, the pseudo-log-likelihood of the first 100 samples, and valid_pseudo_ll, that
        of the first 100 kept back.
    learner_ : Learner
        All that decides how learning goes on; `rbm_sim.learning.run_files.save` keeps it.
    n_features_in_ : int
        Number of visible units.
    feature_names_in_ : ndarray of str, shape (n_features_in_,)
        Their names, if X had any.

    Raises
    ------
    ImportError
        On import of this module, if scikit-learn is missing.

    Notes
    -----
    Parameters are checked when learning begins. Defaults that differ from those of scikit-learn's BernoulliRBM: batches
    and rates that follow the data, the centred gradient, X of two values unless `binarise` says otherwise; and visible
    fields start at the means of the data. `fit` warns where the machine ends up worse than independent units, or where
    its weights are still those it began with.

    Examples
    --------
    >>> from rbm_sim import datasets
    >>> from rbm_sim.estimator import RBMEstimator
    >>> X = datasets.bars_and_stripes(3).images
    >>> RBMEstimator(4, hidden="relu", random_state=0).fit_transform(X).shape
    (14, 4)
    """

    def __init__(
        self,
        n_components: int = 256,
        *,
        visible: str = "bernoulli",
        hidden: str = "bernoulli",
        binarise: Any = None,
        learning_rate: float | None = None,
        decay: float = 1.0,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        penalty: float = 0.0,
        exponent: float = 1.0,
        penalty_rise: int = 0,
        k: int = 1,
        persistent: bool = True,
        centred: bool = True,
        gauge: str = "zero-sum",
        negative: str = "chains",
        batch_size: int | None = None,
        n_iter: int = 10,
        validation_fraction: float | None = None,
        stop: str | None = None,
        patience: int = 10,
        verbose: bool | int = False,
        callback: Callable[[Learner, dict[str, Any]], bool | None] | None = None,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.visible = visible
        self.hidden = hidden
        self.binarise = binarise
        self.learning_rate = learning_rate
        self.decay = decay
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.penalty = penalty
        self.exponent = exponent
        self.penalty_rise = penalty_rise
        self.k = k
        self.persistent = persistent
        self.centred = centred
        self.gauge = gauge
        self.negative = negative
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.validation_fraction = validation_fraction
        self.stop = stop
        self.patience = patience
        self.verbose = verbose
        self.callback = callback
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from X for `n_iter` epochs, from the start.

        Parameters
        ----------
        X : array_like, sparse or DataFrame, shape (n_samples, n_features)
            Visible configurations, or what `binarise` makes them of, in any type of numbers; categories that are
            numbers are taken for these. A sparse X, of Bernoulli units, is made dense batch by batch only.
        y : None
            Not used.

        Returns
        -------
        RBMEstimator
            This estimator.

        Raises
        ------
        ValueError
            If a parameter is out of its range, or X does not fit the visible units or has masked entries.
        DivergedError
            If learning diverges; the estimator is then as it was, after this as after any other error.
        """
        with self._undone_on_failure():
            learner, X = self._fit(X)
        independent = self._two_valued(X, self.rbm_.visible, np.random.default_rng(0))
        if still := unmoved(learner):
            warnings.warn(f"{still}: take a larger learning_rate", stacklevel=2)
        elif worse := worse_than_independent(self.rbm_, independent):
            warnings.warn(f"{worse}: take a smaller learning_rate, persistent=True or a larger k", stacklevel=2)
        return self

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Learn from X for one epoch more, or for the first one.

        `fit` is this, `n_iter` times. Other values of the parameters of learning count from the next call on; kinds
        and number of the units stay those of the first.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Visible configurations, or what `binarise` makes them of.
        y : None
            Not used.

        Returns
        -------
        RBMEstimator
            This estimator.

        Raises
        ------
        ValueError
            If a parameter is out of its range, or X does not fit the visible units.
        DivergedError
            If learning diverges; the estimator is then as it was, after this as after any other error.
        """
        with self._undone_on_failure():
            learner = getattr(self, "learner_", None)
            X = self._numbers(X, reset=learner is None)
            learner = self._epoch(X, learner, None if learner else generator(self.random_state))
            learner.best = None
            return self._learned(learner)

    def transform(self, X: Any) -> np.ndarray:
        """Conditional means of the hidden units, ⟨h_μ⟩ given I_μ = Σ_i w_{iμ} v_i.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Visible configurations. With `binarise` = "random" the grey levels are the v_i, their means.

        Returns
        -------
        ndarray, shape (n_samples, n_components)
            ⟨h⟩, in the dtype of X if that is float32, else float64.

        Raises
        ------
        ValueError
            If X does not fit the visible units.
        """
        X = self._validated(X)
        if not isinstance(self.rbm_.visible, TwoValued):  # in double precision, as X may be far from 0
            I = self.rbm_.inputs(self._two_valued(X, self.rbm_.visible))
            return self.rbm_.hidden.mean(I).astype(X.dtype if X.dtype == np.float32 else np.float64)
        if self.binarise == "random":
            v = grey(X) if issparse(X) else check.usual(grey(X))
            v = v if v.dtype.kind == "f" else v.astype(float)  # 2 v − 1 of unsigned numbers wraps
            v = v if self.rbm_.visible.low == 0 else 2 * v - 1
        else:
            v = self._two_valued(X, self.rbm_.visible)
        dtype = np.float32 if X.dtype == np.float32 else np.float64
        inputs = v.astype(dtype, copy=False) @ self.rbm_.weights.astype(dtype, copy=False)
        return self.rbm_.hidden.mean(inputs)

    def score_samples(self, X: Any) -> np.ndarray:
        """Pseudo-log-likelihood of each sample, Σ_i ln P(v_i | v_{j≠i}), exact and without random numbers.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Visible configurations. With `binarise` = "random" grey levels are cut at 0.5.

        Returns
        -------
        ndarray, shape (n_samples,)
            Pseudo-log-likelihoods in nats.

        Raises
        ------
        ValueError
            If X does not fit the visible units.

        See Also
        --------
        rbm_sim.partition.likelihood.log_likelihood : ln P(v), of `rbm_`, by ln Z.
        """
        v = self._two_valued(self._validated(X), self.rbm_.visible)
        blocks = (dense(v[first : first + ROWS]) for first in range(0, v.shape[0], ROWS)) if issparse(v) else (v,)
        return np.concatenate([likelihood.pseudo_log_likelihoods(self.rbm_, block) for block in blocks])

    def score(self, X: Any, y: Any = None) -> float:
        """Mean pseudo-log-likelihood of the samples.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            As for `score_samples`.
        y : None
            Not used.

        Returns
        -------
        float
            Mean of `score_samples`.
        """
        return float(self.score_samples(X).mean())

    def gibbs(self, X: Any, steps: int = 1, random_state: Any = None) -> np.ndarray:
        """Gibbs steps from given configurations: h ~ P(h | v), then v ~ P(v | h).

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Visible configurations. With `binarise` = "random" grey levels are cut at 0.5.
        steps : int
            Number of steps, >= 0.
        random_state : None, int, SeedSequence, Generator or RandomState
            Random numbers; None is another seed in every call.

        Returns
        -------
        ndarray, shape (n_samples, n_features)
            Visible configurations after the last step.

        Raises
        ------
        ValueError
            If X does not fit the visible units, or `steps` is out of its range.
        """
        X = self._validated(X)
        start = dense(self._two_valued(X, self.rbm_.visible))
        return self._categories(self.rbm_.sample(len(start), steps, rng=generator(random_state), start=start).v)

    def sample(self, n_samples: int = 1, steps: int = 1000, random_state: Any = None) -> np.ndarray:
        """Visible configurations of independent Gibbs chains, started from their law without input.

        Parameters
        ----------
        n_samples : int
            Number of chains, >= 1.
        steps : int
            Length of the chains, >= 0.
        random_state : None, int, SeedSequence, Generator or RandomState
            Random numbers; None is another seed in every call.

        Returns
        -------
        ndarray, shape (n_samples, n_features)
            The last configuration of each chain.

        Raises
        ------
        ValueError
            If a number is out of its range.
        """
        check_is_fitted(self)
        n_samples = check.integer("n_samples", n_samples, at_least=1)
        return self._categories(self.rbm_.sample(n_samples, steps, rng=generator(random_state)).v)

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn asks: X may be sparse where zeros of it stay zeros."""
        tags = super().__sklearn_tags__()
        thresholds = isinstance(self.binarise, int | float)
        tags.input_tags.sparse = self.visible == "bernoulli" and (not thresholds or self.binarise > 0)
        return tags

    def _fit(self, X: Any) -> tuple[Any, Any]:
        """Learn from the start; return the learner, and X without what was kept back."""
        n_iter = check.integer("n_iter", self.n_iter, at_least=1)
        X = self._numbers(X, reset=True)
        rng = generator(self.random_state)
        watch = Watch.asked(self)
        X, valid = watch.split(X, rng)
        learner: Learner | None = None
        history: list[dict[str, Any]] = []
        for _ in range(n_iter):
            learner = self._epoch(X, learner, rng)
            history.append(watch.row(learner, self._first(X, learner), self._first(valid, learner)))
            asked = self.callback is not None and asks_to_stop(self.callback(learner, history[-1]))
            if watch.ends(learner, history) or asked:
                break
        self.history_ = Table.from_rows(history, {})
        self._learned(learner)
        return learner, X

    def _epoch(self, X: Any, learner: Learner | None, rng: Any) -> Learner:
        """Learn for one epoch, beginning before the first."""
        options = Options(**{option.name: getattr(self, option.name) for option in fields(Options)})
        if learner is None:
            visible = named(self.visible, {"states": max(2, int(X.max()) + 1)})
            hidden = named(check.choice("hidden", self.hidden, HIDDEN))
            check.integer("n_components", self.n_components, at_least=1)
            values = self._two_valued(X, visible, rng)
            data = checked(values, visible)
            units = check_units("n_components", self.n_components, data.shape[1], 1)
            learner = Learner.begin(values, visible=visible, hidden=hidden, units=units, options=options, rng=rng)
        else:
            learner.options = options
            data = checked(self._two_valued(X, learner.visible, learner.rng), learner.visible)
            batch = options.batch_of(data.shape[0])
            if learner.chains is not None and len(learner.chains) != batch:
                learner.chains = np.resize(learner.chains, (batch, learner.chains.shape[1]))
        learner.learn(data)
        return learner

    def _learned(self, learner: Any) -> Self:
        self.learner_, self.rbm_, self.n_iter_ = learner, learner.best_rbm, learner.epoch
        self.components_ = self.rbm_.weights.T
        self.intercept_visible_, self.intercept_hidden_ = (
            0 - np.full(size, unit.offset, self.components_.dtype)
            for unit, size in zip((self.rbm_.visible, self.rbm_.hidden), self.rbm_.shape, strict=True)
        )
        self._n_features_out = len(self.components_)
        return self
