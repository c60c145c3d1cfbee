"""Maximum likelihood for small machines: the exact gradient, by enumeration, instead of chains."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, shown
from rbm_sim._support.random import Seed
from rbm_sim.learning.contrastive_divergence import Learner
from rbm_sim.learning.parameters import Parameters, checked
from rbm_sim.machine.rbm import RBM
from rbm_sim.partition import exact
from rbm_sim.units import Gaussian, Unit


class Fit(NamedTuple):
    """Result of a fit by maximum likelihood.

    Attributes
    ----------
    rbm : RBM
        The machine, in double precision.
    log_likelihood : ndarray, shape (1 + iterations,)
        Mean log-likelihood of the data at every iteration; it never falls.
    converged : bool
        Whether the gradient has become small; data on a few configurations drive weights to infinity, and only a
        limit on the iterations ends that.
    """

    rbm: RBM
    log_likelihood: np.ndarray
    converged: bool

    def __repr__(self) -> str:
        return shown.fields(self)


def gradient(rbm: RBM, data: ArrayLike) -> Parameters:
    """Exact gradient of the mean log-likelihood, ⟨v h⟩_data − ⟨v h⟩_model for the weights.

    Parameters
    ----------
    rbm : RBM
        Machine with a layer of at most 24 two-valued units.
    data : array_like, shape (samples, N)
        Visible configurations.

    Returns
    -------
    slopes : Parameters
        Derivatives by the weights and by the linear parts b of the two potentials (0 for Gaussian units).

    Raises
    ------
    ValueError
        If the machine cannot be enumerated, or the data do not fit.
    """
    v = rbm.configurations(data, name="data")
    h = rbm.hidden.mean(rbm.inputs(v))
    model = exact.moments(rbm)
    hidden = np.zeros_like(model.h) if isinstance(rbm.hidden, Gaussian) else model.h - h.mean(axis=0)
    return Parameters(v.T @ h / len(v) - model.vh, model.v - v.mean(axis=0), hidden)


def fit(data: ArrayLike, *, visible: Unit, hidden: Unit, units: int, iterations: int = 1000, rng: Seed = None) -> Fit:
    """Maximise the log-likelihood with the exact gradient, by the method of Broyden, Fletcher, Goldfarb and Shanno.

    Parameters
    ----------
    data : array_like, shape (samples, N)
        Visible configurations.
    visible : Bernoulli or Spin
        Visible units.
    hidden : Unit
        Hidden units.
    units : int
        Number of hidden units, >= 1.
    iterations : int
        Largest number of iterations, >= 1.
    rng : None, int, SeedSequence or Generator
        Random numbers of the start.

    Returns
    -------
    Fit
        The machine at the maximum found, the log-likelihood on the way, and whether it converged.

    Raises
    ------
    ValueError
        If the machine cannot be enumerated, or an argument is out of its range.

    Examples
    --------
    >>> from rbm_sim import Bernoulli, datasets, exact_learning
    >>> data = datasets.bars_and_stripes(2).images  # 6 images: at best ln(1/6) = -1.7918
    >>> found = exact_learning.fit(data, visible=Bernoulli(), hidden=Bernoulli(), units=6, rng=0)
    >>> round(float(found.log_likelihood[-1]), 4)
    -1.7918
    """
    from scipy.optimize import minimize

    iterations = check.integer("iterations", iterations, at_least=1)
    begun = Learner.begin(data, visible=visible, hidden=hidden, units=units, rng=rng)
    v = checked(data, visible).astype(float)
    shapes = [x.shape for x in begun.parameters.arrays()]
    ends = np.cumsum([np.prod(shape) for shape in shapes])[:-1]

    def machine(x: np.ndarray) -> RBM:
        w, b, c = (part.reshape(shape) for part, shape in zip(np.split(x, ends), shapes, strict=True))
        return RBM(w, visible=begun.visible._with_offset(b), hidden=begun.hidden._with_offset(c))

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        rbm = machine(x)
        slope = np.concatenate([part.ravel() for part in gradient(rbm, v).arrays()])
        return -exact.log_likelihood(rbm, v), -slope

    start = np.concatenate([10 * begun.parameters.w.ravel(), *begun.parameters.arrays()[1:]]).astype(float)
    history = [-loss(start)[0]]
    options = {"maxiter": iterations, "maxfun": 10 * iterations, "ftol": 1e-14, "gtol": 1e-8}
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", options=options, callback=lambda x: history.append(-loss(x)[0])
    )
    return Fit(machine(found.x), np.array(history), bool(found.success))
