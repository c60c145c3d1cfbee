"""What the estimator is given and gives back: X as visible configurations of a machine, and these as X."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse

from rbm_sim._support import check, random
from rbm_sim.learning import grey_levels
from rbm_sim.learning.contrastive_divergence import Learner
from rbm_sim.learning.parameters import dense
from rbm_sim.learning.watching import LOOKED_AT
from rbm_sim.machine.rbm import RBM
from rbm_sim.units import Bernoulli, Potts, TwoValued

VISIBLE = ("bernoulli", "spin", "gaussian", "potts")
"""Names of visible units."""


class Configurations:
    """An estimator with the parameters `visible` and `binarise`, which say what configurations its X stands for."""

    visible: str
    binarise: Any
    rbm_: RBM
    encoder_: Any

    @contextlib.contextmanager
    def _undone_on_failure(self) -> Iterator[None]:
        """What was fitted before, and how its learning goes on, come back if learning fails."""
        before, learner = dict(self.__dict__), self.__dict__.get("learner_")
        if learner is not None:
            kept = learner.options, learner.chains, learner.rng.bit_generator.state
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            if learner is not None:
                learner.options, learner.chains, learner.rng.bit_generator.state = kept
            raise

    def _validated(self, X: Any) -> np.ndarray:
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        return self._numbers(X, reset=False)

    def _numbers(self, X: Any, reset: bool) -> np.ndarray:
        """X as scikit-learn checks it, columns of categories that are numbers taken for these."""
        from sklearn.utils.validation import validate_data

        check.refuse_masked("X", X)
        if check.choice("visible", self.visible, VISIBLE) == "potts":
            return self._states(X, reset)
        found = validate_data(self, X, reset=reset, accept_sparse="csr")
        if issparse(found):
            return found
        return check.frame("X", X) if found.dtype.kind not in "biuf" else found

    def _states(self, X: Any, reset: bool) -> np.ndarray:
        """Categories of X as numbers of states."""
        from sklearn.preprocessing import OrdinalEncoder
        from sklearn.utils.validation import validate_data

        X = validate_data(self, X, reset=reset, dtype=None)
        check.refuse_missing("X", X)
        if reset:
            self.encoder_ = OrdinalEncoder(dtype=int).fit(X)
        return self.encoder_.transform(X)

    def _categories(self, v: np.ndarray) -> np.ndarray:
        """Configurations as X has them."""
        if not isinstance(self.rbm_.visible, Potts):
            return v
        a = v.argmax(axis=-1)
        most = [len(known) - 1 for known in self.encoder_.categories_]
        return self.encoder_.inverse_transform(np.minimum(a, most))

    def _two_valued(self, X: Any, visible: Any, rng: Any = None) -> Any:
        """Visible configurations, or raise; of grey levels for "random" a draw, or without `rng` those ≥ 0.5."""
        if issparse(X):
            return self._two_valued_sparse(X, visible, rng)
        if not isinstance(visible, TwoValued):
            if self.binarise is not None:
                kind = "potts" if isinstance(visible, Potts) else "gaussian"
                raise ValueError(f"binarise = {self.binarise!r}: must be None for visible = {kind!r}")
            return visible.one_hot(X) if isinstance(visible, Potts) else X
        if self.binarise is None:
            if not visible.contains(X):
                spins = (np.abs(X) == 1).all()
                hint = "visible='spin' has these" if spins else "set binarise to a threshold or to 'random'"
                raise ValueError(
                    f"X has entries in [{X.min():g}, {X.max():g}]: {type(visible).__name__} units take values in "
                    f"{visible.domain}; {hint}"
                )
            return X
        if isinstance(self.binarise, str):
            check.choice("binarise", self.binarise, ("random",))
            on = grey_levels.binarise(grey(X), rng=rng)
        else:
            on = (check.number("binarise", self.binarise) <= X).astype(np.uint8)
        return on if visible.low == 0 else grey_levels.as_spins(on)

    def _two_valued_sparse(self, X: Any, visible: Any, rng: Any = None) -> Any:
        """The same for a sparse X, whose zeros stay zeros."""
        if not isinstance(visible, Bernoulli):
            raise ValueError(
                f"X is sparse: only visible = 'bernoulli' has mostly zeros, not {self.visible!r}; "
                "X.toarray() makes it dense"
            )
        if not isinstance(self.binarise, str | None) and not check.number("binarise", self.binarise) > 0:
            raise ValueError(f"binarise = {self.binarise!r}: with a sparse X, whose zeros are 0, must be > 0")
        X = csr_array(X)
        entries = self._two_valued(X.data[None], visible, rng)[0] if X.nnz else X.data
        return csr_array((entries, X.indices, X.indptr), shape=X.shape)

    def _first(self, X: Any, learner: Learner) -> Any:
        """The first samples as configurations, the same after every epoch."""
        return None if X is None else dense(self._two_valued(X[:LOOKED_AT], learner.visible))


def grey(X: np.ndarray) -> np.ndarray:
    """Refuse grey levels that are no probabilities.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Grey levels.

    Returns
    -------
    ndarray
        `X`.

    Raises
    ------
    ValueError
        If one is not in [0, 1].
    """
    if X.min() < 0 or X.max() > 1:
        raise ValueError(f"X has entries in [{X.min():g}, {X.max():g}]: with binarise = 'random' must be in [0, 1]")
    return X


def generator(random_state: Any) -> np.random.Generator:
    """Return a generator of what scikit-learn or NumPy call a seed.

    Parameters
    ----------
    random_state : None, int, SeedSequence, Generator or RandomState
        The seed.

    Returns
    -------
    Generator
        Its random numbers.

    Raises
    ------
    ValueError
        If it is none.
    """
    if isinstance(random_state, np.random.RandomState):
        random_state = np.random.SeedSequence(random_state.randint(2**32, size=4, dtype=np.uint32).tolist())
    try:
        return random.generator(random_state)
    except ValueError:
        raise ValueError(
            f"random_state = {random_state!r}: must be None, a whole number >= 0, "
            "or a numpy SeedSequence, Generator or RandomState"
        ) from None
