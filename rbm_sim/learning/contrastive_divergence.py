"""Learning by contrastive divergence: the gradient ⟨v h⟩_data − ⟨v h⟩_model, its model part from short chains.

CD-k starts the chains at the data of each batch and lets them run for k Gibbs steps; PCD-k keeps chains of its own
from batch to batch; `tap_phase` has points in their place. A step of one batch is 3 + 2k matrix products.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, random, shown
from rbm_sim._support.random import Seed
from rbm_sim.learning import rates, tap_phase
from rbm_sim.learning.batch_gradients import gradients, statistic_and_draw
from rbm_sim.learning.confinement import ENOUGH, confine, largest_variance
from rbm_sim.learning.options import Options
from rbm_sim.learning.parameters import (
    STIFFEST,
    Parameters,
    check_learnable,
    check_units,
    checked,
    dense,
    double_relu,
    fields_of,
    matching,
    shape_of,
)
from rbm_sim.learning.penalties import penalise
from rbm_sim.learning.standardisation import NARROWEST, Scales, machine_of, scales_of, width_slopes
from rbm_sim.machine import gauge
from rbm_sim.machine.rbm import RBM
from rbm_sim.units import DReLU, Gaussian, Potts, TwoValued, Unit

LIMIT = 100.0
"""Weights beyond this mean that learning has diverged."""
LOOK = 50
"""Batches between two looks at the size of the weights."""


class DivergedError(ValueError):
    """Learning diverged; the machine before that epoch is intact."""


@dataclass
class Learner:
    """A machine that learns, epoch by epoch; all that decides its future is in its fields.

    Parameters
    ----------
    visible, hidden : Unit
        Unit types; their offsets, and all of double ReLU units, are learned and not used from here.
    parameters : Parameters
        Present values.
    options : Options
        How to learn.
    rng : numpy.random.Generator
        Random numbers.
    epoch : int
        Epochs done.
    step : Parameters
        Last step, for the momentum.
    chains : ndarray, shape (batch_size, M), or (batch_size, N) of TAP equations, optional
        Hidden states of the persistent chains, or visible means of the points that stand for them.
    scales : Scales, optional
        Of real-valued visible units: mean and scale of each, from the data that learning began with.
    best : Parameters, optional
        Those of the best epoch so far, where learning may stop early; they do not decide how it goes on.
    best_epoch : int, optional
        That epoch.

    Attributes
    ----------
    rate : float
        Learning rate of the last step.
    offsets : tuple of ndarray, shapes (N,), (M,), or None
        Means over the data from which the centred gradient measures v and h, those of h at most 50 batches old.
    begun : ndarray, shape (N, M), or None
        Weights at the start, unless that was long ago.
    """

    visible: Unit
    hidden: Unit
    parameters: Parameters
    options: Options
    rng: np.random.Generator
    epoch: int = 0
    step: Parameters = field(default=None)  # type: ignore[assignment]
    chains: np.ndarray | None = None
    scales: Scales | None = None
    best: Parameters | None = None
    best_epoch: int | None = None
    rate: float = field(default=math.nan, init=False)
    offsets: tuple[np.ndarray, np.ndarray] | None = field(default=None, init=False)
    begun: np.ndarray | None = field(default=None, init=False, repr=False)

    def __repr__(self) -> str:
        return shown.fields(self)

    def __post_init__(self) -> None:
        if not isinstance(self.options, Options):
            raise ValueError(f"options = {check.short(self.options)}: must be learning.Options, or None")
        self.visible, self.hidden = self.visible.centred(), self.hidden.centred()
        tap_phase.check_layers(self.options, self.visible, self.hidden)
        if self.options.learning_rate is not None:
            self.rate = self.options.learning_rate * self.options.decay**self.epoch
        self.step = self.step or self.parameters.map(np.zeros_like)

    @classmethod
    def begin(
        cls,
        data: ArrayLike,
        *,
        visible: Unit,
        hidden: Unit,
        units: int,
        options: Options | None = None,
        rng: Seed = None,
    ) -> Learner:
        """Start from small random weights, with visible fields that give the means of the data.

        Parameters
        ----------
        data : array_like or sparse, shape (samples, N)
            Visible configurations; of Potts units the numbers of their states, or vectors (samples, N, states).
        visible : Bernoulli, Spin, Gaussian or Potts
            Visible units. Mean and variance of Gaussian ones are learned, beginning with those of the data.
        hidden : Unit
            Hidden units, their offset the start value; so are γ± and θ± of double ReLU units, whose h is measured such
            that 1/√γ₊ + 1/√γ₋ = 2.
        units : int
            Number of hidden units, >= 1.
        options : Options, optional
            How to learn.
        rng : None, int, SeedSequence or Generator
            Random numbers.

        Returns
        -------
        Learner
            A learner at epoch 0, in single precision, without chains yet.

        Raises
        ------
        ValueError
            If the data do not fit the visible units, the hidden units are none that can be learned, or `units` < 1.
        """
        check_learnable("hidden", hidden)
        data = checked(data, visible)
        N = data.shape[1]
        units, rng = check_units("units", units, N, 1), random.generator(rng)
        w = rng.normal(0, 0.1 / math.sqrt(max(N, units)), (N, units)).astype(np.float32)
        offsets, shape = np.broadcast_to(np.asarray(hidden.offset, np.float32), (units,)).copy(), None
        if isinstance(hidden, DReLU):
            offsets, shape = shape_of(hidden, units)
        begun = partial(cls, visible, hidden, options=Options() if options is None else options, rng=rng)
        if isinstance(visible, Gaussian):
            b, log_sigma = np.zeros((2, N), np.float32)
            learner = begun(parameters=Parameters(w, b, offsets, log_sigma, shape), scales=scales_of(data))
        else:
            learner = begun(parameters=Parameters(w, -fields_of(data, visible), offsets, shape=shape))
        learner._fix_gauge(learner.parameters)
        learner.begun = learner.parameters.w.copy()
        return learner

    @property
    def rbm(self) -> RBM:
        """The machine as it is now; it does not change with further learning.

        One of real-valued data is a machine of the data themselves, in their units, and in double precision.
        """
        return machine_of(self.parameters, self.visible, self.hidden, self.scales)

    @property
    def best_rbm(self) -> RBM:
        """The machine of the best epoch so far, where learning may stop early; otherwise that of now."""
        return machine_of(self.best or self.parameters, self.visible, self.hidden, self.scales)

    def learn(self, data: np.ndarray) -> None:
        """Go through the data once, in random order; what is left over after whole batches waits for the next epoch.

        Parameters
        ----------
        data : ndarray or sparse array, shape (samples, N)
            From `checked`. Of a sparse one only the rows of a batch are made dense.

        Raises
        ------
        DivergedError
            If parameters become larger than 100 or are no numbers. After this or any interruption the machine is as it
            was before this epoch, random numbers included.
        """
        tap_phase.check_layers(self.options, self.visible, self.hidden)
        data = matching(data, self.visible, len(self.parameters.visible))
        before = self.parameters.copy(), self.step.copy(), self.chains, self.rate, self.offsets
        numbers = self.rng.bit_generator.state
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                variance, usual = self._largest_variance(data), self.options.learning_rate is None
                spread = rates.visible_spread(self.visible, self._reduced(rates.some(data))) if usual else None
                mean = np.asarray(data.mean(axis=0, dtype=float))[None]
                for count, batch in enumerate(self._batches(data)):
                    if count % LOOK == 0:
                        self._look()
                        self._adjust(data, mean, spread)
                    self._learn_from(batch, variance)
                self._look()
        except BaseException:
            self.parameters, self.step, self.chains, self.rate, self.offsets = before
            self.rng.bit_generator.state = numbers
            raise
        self.epoch += 1

    def _batches(self, data: np.ndarray) -> Iterator[np.ndarray]:
        samples = data.shape[0]
        order = self.rng.permutation(samples)
        size = self.options.batch_of(samples)
        for first in range(0, samples - size + 1, size):
            yield dense(data[order[first : first + size]])

    def _look(self) -> None:
        size = float(max(np.abs(x).max() for x in self.parameters.arrays()))
        if not size < LIMIT:
            raise DivergedError(
                f"learning diverged in epoch {self.epoch + 1}: parameters of size {size:g}; "
                f"{self.options.blamed(self.rate)} is too large for these data"
            )

    def _reduced(self, data: np.ndarray) -> np.ndarray:
        """Data as the visible units see them; real ones in units of their present standard deviations given h."""
        log_sigma = self.parameters.log_sigma
        return data if self.scales is None or log_sigma is None else self.scales.reduced(data) * np.exp(-log_sigma)

    def _adjust(self, data: np.ndarray, mean: np.ndarray, spread: rates.Spread | None) -> None:
        """Take the learning rate and the offsets of the centred gradient as things are now.

        Offsets that were means over the batch itself would bias the gradient by a part 2/n of the covariance.
        """
        options = self.options
        y = self._reduced(rates.some(data)) @ self.parameters.w - self.parameters.hidden
        unit = self._hidden_kind
        if options.centred:
            self.offsets = self._reduced(mean)[0].astype(np.float32), unit.mean(y).mean(axis=0, dtype=np.float32)
        if spread is None:
            self.rate = options.learning_rate * options.decay**self.epoch  # type: ignore[operator]
            return
        bounded = isinstance(self.visible, TwoValued | Potts) and isinstance(self.hidden, TwoValued)
        hidden = rates.hidden_spread(unit, y, together=not bounded)
        rate = rates.usual_rate(spread, hidden, options.batch_of(data.shape[0]))
        self.rate = rate * (1 - options.momentum) * options.decay**self.epoch

    def _largest_variance(self, data: np.ndarray) -> float:
        """Largest variance of the data in any direction, where it bounds the weights."""
        bounded = self.scales is not None and not isinstance(self.hidden, TwoValued)
        return largest_variance(self._reduced(data[:: max(1, len(data) // ENOUGH)])) if bounded else math.inf

    def _learn_from(self, batch: np.ndarray, variance: float = math.inf) -> None:
        """Take one step along the gradient of one batch; for `variance` see `confine`."""
        n, options = len(batch), self.options
        v, h = (np.empty((2 * n, len(x)), np.float32) for x in (self.parameters.visible, self.parameters.hidden))
        v[:n] = self._reduced(batch)
        covariance = (self._follow_points if options.negative == "tap" else self._run_chains)(v, h, n)
        slopes = [] if self.scales is None else [n * width_slopes(v[:n], h[:n], self.parameters)]
        if self.parameters.shape is not None:
            by_shape = double_relu(self.parameters.shape).shape_slopes(h)
            slopes.append(by_shape[:, n:].sum(axis=1) - by_shape[:, :n].sum(axis=1))
        offsets = self.offsets if options.centred else None
        self._take_step([*gradients(v, h, offsets, covariance), *slopes], self.rate / n)
        penalise(self.step.w, self.parameters.w, options, self.epoch, self.rate)
        self._fix_gauge(self.step)
        for x, step in zip(self.parameters.arrays(), self.step.arrays(), strict=True):
            x += step
        if self.parameters.shape is not None:
            np.clip(self.parameters.shape[1], -STIFFEST, STIFFEST, out=self.parameters.shape[1])
        if (log_sigma := self.parameters.log_sigma) is not None:
            np.maximum(log_sigma, np.float32(math.log(NARROWEST)), out=log_sigma)
            confine(self.parameters.w, self._hidden_kind, variance)

    def _run_chains(self, v: np.ndarray, h: np.ndarray, n: int) -> None:
        """Fill in what the chains have, below the n data, and h of the data."""
        if self.chains is not None and self.chains.shape != h[:n].shape:
            self.chains = None  # the batches have changed their size
        persistent = self.options.persistent
        h[:n], chains = self._hidden(v[:n], draw=not persistent or self.chains is None)
        if persistent and self.chains is not None:
            chains = self.chains
        for left in reversed(range(self.options.k)):
            v[n:] = self._visible(chains)
            h[n:], chains = self._hidden(v[n:], draw=persistent or left > 0)
        self.chains = chains if persistent else None

    def _follow_points(self, v: np.ndarray, h: np.ndarray, n: int) -> np.ndarray:
        """Fill in the means of the points, below the n data, and h of the data; return the sum of covariances."""
        self._look()
        h[:n], _ = self._hidden(v[:n], draw=False)
        points = v[:n] if self.chains is None or self.chains.shape != v[:n].shape else self.chains
        part = tap_phase.model_part(self.rbm, points, self.options.k)
        v[n:], h[n:] = part.v, part.h
        self.chains = part.v if self.options.persistent else None
        return part.covariance

    def _fix_gauge(self, parameters: Parameters) -> None:
        """Leave out of weights and fields of Potts units what does not change the law."""
        if isinstance(self.visible, Potts):
            for x in (parameters.w, parameters.visible):
                gauge.project(x, self.visible.states, self.options.gauge)

    def _take_step(self, gradients: list[np.ndarray], rate: float) -> None:
        """Put the step together from the last one and the gradients of w, −b_v, −b_h and, if they are there, others."""
        for step, gradient, sign in zip(self.step.arrays(), gradients, (1, -1, -1, 1, 1), strict=False):
            gradient *= np.float32(sign * rate)
            if self.options.momentum:
                step *= np.float32(self.options.momentum)
                step += gradient
            else:
                step[...] = gradient
        if isinstance(self.hidden, Gaussian):
            if self.options.centred and self.offsets is not None:
                # Their offsets, which v − μ shifts, are fields of the visible units: K = (I − b)²/2.
                self.step.visible += self.parameters.w @ self.step.hidden
            self.step.hidden[:] = 0

    def _hidden(self, v: np.ndarray, draw: bool) -> tuple[np.ndarray, Any]:
        """Return what enters ⟨h⟩ given v, and a draw if one is needed."""
        y = v @ self.parameters.w
        y -= self.parameters.hidden
        return statistic_and_draw(self._hidden_kind, y, self.rng, draw)

    @property
    def _hidden_kind(self) -> Unit:
        """Hidden units without their offsets."""
        if self.parameters.shape is None:
            return self.hidden
        if not np.isfinite(self.parameters.shape).all():
            self._look()
        return double_relu(self.parameters.shape)

    def _visible(self, h: np.ndarray) -> np.ndarray:
        y = h @ self.parameters.w.T
        y -= self.parameters.visible
        return self.visible._draw(y, self.rng, 1.0)
