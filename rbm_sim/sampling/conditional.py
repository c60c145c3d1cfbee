"""Means of missing visible units given those that are known, by Gibbs sampling with these held."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, shown
from rbm_sim._support.random import Seed
from rbm_sim.machine.clamping import with_gaps
from rbm_sim.machine.gibbs import Chains
from rbm_sim.machine.rbm import RBM


class ConditionalMean(NamedTuple):
    """Estimates of ⟨v_i | v_known⟩.

    Attributes
    ----------
    mean : ndarray, shape (..., N)
        Means; what is known as it is.
    stderr : ndarray, shape (..., N)
        Standard errors, from the scatter of independent chains: they hold if the chains have forgotten their starts.
        0 for what is known.
    """

    mean: np.ndarray
    stderr: np.ndarray

    def __repr__(self) -> str:
        return shown.fields(self)


def conditional_mean(
    rbm: RBM,
    v: ArrayLike,
    *,
    n_chains: int,
    steps: int,
    burn_in: int,
    T: float = 1.0,
    rng: Seed = None,
    threads: int = 1,
) -> ConditionalMean:
    """Mean of the missing units given the known ones, the average of ⟨v_i | h⟩ over h ~ P(h | v_known).

    Parameters
    ----------
    rbm : RBM
        Machine.
    v : array_like, shape (N,) or (samples, N)
        Configurations; entries that are nan, None or masked are missing.
    n_chains : int
        Number of independent chains for each configuration, >= 2.
    steps : int
        Sweeps that are averaged over, >= 1.
    burn_in : int
        Sweeps before, >= 0, from a start without input from h.
    T : float
        Temperature, > 0.
    rng : None, int, SeedSequence or Generator
        Random numbers, as for ``numpy.random.default_rng``.
    threads : int
        Threads that share the chains; the result does not depend on it.

    Returns
    -------
    ConditionalMean
        Means in double precision, with standard errors.

    Raises
    ------
    ValueError
        If an argument is out of its range, or `v` does not fit the visible units.

    See Also
    --------
    rbm_sim.partition.conditional.conditional_mean : by enumeration.
    rbm_sim.machine.rbm.RBM.sample : draws of the missing units, with `values`.

    Examples
    --------
    >>> import numpy as np, rbm_sim
    >>> rbm = rbm_sim.RBM([[0.5], [0.5]], visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())
    >>> known = [1, np.nan]  # tanh(1/4) = .245
    >>> mean, stderr = rbm_sim.conditional.conditional_mean(rbm, known, n_chains=100, steps=500, burn_in=20, rng=1)
    >>> mean.round(2), bool(stderr[1] < 0.01)
    (array([1.  , 0.24]), True)
    """
    n_chains = check.integer("n_chains", n_chains, at_least=2)
    steps = check.integer("steps", steps, at_least=1)
    burn_in = check.integer("burn_in", burn_in, at_least=0)
    T = check.number("T", T, above=0)
    given = with_gaps("v", v, rbm.visible, rbm.shape[0], rbm.dtype)
    if given.ndim > 2:
        raise ValueError(f"v has shape {given.shape}: must be (N,) or (samples, N)")
    rows = np.repeat(np.atleast_2d(given), n_chains, axis=0)
    if not len(rows):
        return ConditionalMean(np.empty(given.shape), np.empty(given.shape))
    chains = Chains(rbm, len(rows), T=T, rng=rng, threads=threads, values=rows).run(burn_in)
    total = np.zeros(rows.shape)
    for _ in range(steps):
        total += rbm.visible.mean(rbm.matrix.backward(chains.run(1).h), T)
    of_chains = (total / steps).reshape(-1, n_chains, rows.shape[1])
    missing = np.isnan(given)
    mean = np.where(missing, of_chains.mean(axis=1).reshape(given.shape), given)
    scatter = of_chains.std(axis=1, ddof=1).reshape(given.shape)
    shape = *given.shape[:-1], *rbm.visible.axes(rbm.shape[0])
    return ConditionalMean(mean.reshape(shape), np.where(missing, scatter / n_chains**0.5, 0.0).reshape(shape))
