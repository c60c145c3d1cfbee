"""Watching an estimator learn: data kept back, a row of measurements for each epoch, when to stop."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from rbm_sim._support import check
from rbm_sim.learning.contrastive_divergence import Learner
from rbm_sim.learning.stopping import Stop
from rbm_sim.partition.likelihood import pseudo_log_likelihood

LOOKED_AT = 100
"""Samples whose pseudo-likelihood is measured after each epoch, always the same ones."""
QUANTITIES = ("pseudo_ll", "valid_pseudo_ll")


@dataclass(frozen=True)
class Watch:
    """What is measured after each epoch, and what follows from it.

    Parameters
    ----------
    fraction : float or None
        Share of the samples that is kept back.
    stop : Stop or None
        When to stop early.
    verbose : bool
        Whether to print each row to stderr.
    measures : bool
        Whether anyone looks at the measurements.
    """

    fraction: float | None
    stop: Stop | None
    verbose: bool
    measures: bool

    @classmethod
    def asked(cls, estimator: Any) -> Watch:
        """What the parameters of an estimator ask for; ValueError if one is out of its range.

        Parameters
        ----------
        estimator : RBMEstimator
            With validation_fraction, stop, patience, verbose and callback.

        Returns
        -------
        Watch
            The same, checked.
        """
        fraction, stop = estimator.validation_fraction, None
        if fraction is not None:
            fraction = check.number("validation_fraction", fraction, above=0, below=1)
        if estimator.stop is not None:
            quantity = check.choice("stop", estimator.stop, QUANTITIES)
            if quantity == "valid_pseudo_ll" and fraction is None:
                raise ValueError("stop = 'valid_pseudo_ll': needs validation_fraction, the share of X kept back for it")
            stop = Stop(quantity, check.integer("patience", estimator.patience, at_least=1))
        if estimator.callback is not None and not callable(estimator.callback):
            raise ValueError(f"callback = {estimator.callback!r}: must be callable, or None")
        verbose = estimator.verbose
        if not isinstance(verbose, bool | np.bool_):
            verbose = check.integer("verbose", verbose, at_least=0)
        verbose = bool(verbose)
        return cls(fraction, stop, verbose, any((fraction, stop, verbose, estimator.callback)))

    def split(self, X: Any, rng: np.random.Generator) -> tuple[Any, Any]:
        """Samples to learn from, and those kept back.

        Parameters
        ----------
        X : ndarray or sparse, shape (n_samples, n_features)
            All of them.
        rng : numpy.random.Generator
            Random numbers.

        Returns
        -------
        tuple
            The two parts; None for the second if nothing is kept back.

        Raises
        ------
        ValueError
            If a part would be empty.
        """
        if self.fraction is None:
            return X, None
        samples = X.shape[0]
        kept = round(self.fraction * samples)
        if not 0 < kept < samples:
            raise ValueError(
                f"validation_fraction = {self.fraction:g}: of n_samples = {samples} that leaves {samples - kept} to "
                f"learn from and {kept} to validate with; both must be at least 1"
            )
        order = rng.permutation(samples)
        return X[np.sort(order[kept:])], X[np.sort(order[:kept])]

    def row(self, learner: Learner, v: np.ndarray, valid: np.ndarray | None) -> dict[str, Any]:
        """Measure the machine, and print that if asked to.

        Parameters
        ----------
        learner : Learner
            After an epoch.
        v : ndarray, shape (n, N)
            Configurations that are learned from.
        valid : ndarray, shape (n, N), or None
            Configurations kept back.

        Returns
        -------
        dict
            epoch, and if they are asked for pseudo_ll and valid_pseudo_ll, in nats.
        """
        row: dict[str, Any] = {"epoch": learner.epoch}
        if self.measures:
            rbm = learner.rbm
            row["pseudo_ll"] = pseudo_log_likelihood(rbm, v).mean
            if valid is not None:
                row["valid_pseudo_ll"] = pseudo_log_likelihood(rbm, valid).mean
        if self.verbose:
            print(", ".join(f"{name} {value:.6g}" for name, value in row.items()), file=sys.stderr, flush=True)
        return row

    def ends(self, learner: Learner, history: list[dict[str, Any]]) -> bool:
        """Keep the parameters of the best epoch, and say whether learning ends with this one.

        Parameters
        ----------
        learner : Learner
            After the epoch of the last row.
        history : list of dict
            Rows of all epochs.

        Returns
        -------
        bool
            Whether to stop.
        """
        if self.stop is None:
            return False
        if self.stop.best(history) == learner.epoch:
            learner.best, learner.best_epoch = learner.parameters.copy(), learner.epoch
        return self.stop.ends(history)
