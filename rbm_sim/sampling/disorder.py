"""Order parameters at T > 0, averaged over machines: what the theory of random machines is about.

One machine of finite size has order parameters of its own. Their error from sampling that machine says nothing about
the next one; the error here is that of the average over machines, sampling included.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, random
from rbm_sim._support.random import Seed
from rbm_sim.machine.rbm import RBM
from rbm_sim.sampling.fluctuation import ThermalOrder, order_parameters_at
from rbm_sim.statistics.estimates import Estimate, estimate

Draw = Callable[[np.random.Generator], tuple[RBM, ArrayLike | None]]


def order_parameters_over(
    draw: Draw,
    machines: int,
    *,
    T: float,
    n_chains: int,
    steps: int,
    burn_in: int,
    n_condensed: int = 1,
    p: float | ArrayLike = 1.0,
    rng: Seed = None,
    threads: int = 1,
) -> ThermalOrder:
    """Mean over random machines of m, q, r, q_d, r_d, C and B, each measured by `order_parameters_at`.

    Parameters
    ----------
    draw : callable
        From a numpy Generator to a machine and the configurations that its chains start from, None for their law
        without input.
    machines : int
        Number of machines, >= 2.
    T : float
        Temperature, > 0.
    n_chains, steps, burn_in : int
        Chains of each machine, >= 2, sweeps that are measured, >= 1, and sweeps before, >= 0.
    n_condensed : int
        Number L of condensed patterns, 1 to M.
    p : float or array_like, shape (N,)
        Densities p_i of the rows of ξ.
    rng : None, int, SeedSequence or Generator
        Random numbers of the machines and of their chains.
    threads : int
        Threads that share the chains; the result does not depend on it.

    Returns
    -------
    ThermalOrder
        Means over the machines, their standard errors from the scatter of the machines, and the number of these.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> import rbm_sim
    >>> def hopfield(rng):
    ...     xi = rbm_sim.random_patterns(200, 4, rng=rng)
    ...     weights = rbm_sim.pattern_weights(xi)
    ...     return rbm_sim.RBM(weights, visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian()), xi[:, 0]
    >>> order = rbm_sim.order_parameters_over(hopfield, 10, T=0.4, n_chains=4, steps=20, burn_in=20, rng=0)
    >>> round(order.m[0].mean, 2), order.r.n
    (0.98, 10)
    """
    machines = check.integer("machines", machines, at_least=2)
    found = []
    for seed in random.seeds(rng, (), machines):
        of_machine, of_chains = seed.spawn(2)
        rbm, start = draw(np.random.default_rng(of_machine))
        found.append(
            order_parameters_at(
                rbm, T=T, n_chains=n_chains, steps=steps, burn_in=burn_in, start=start, n_condensed=n_condensed, p=p,
                rng=of_chains, threads=threads,
            )
        )  # fmt: skip
    overlaps = tuple(_over([order.m[mu] for order in found]) for mu in range(len(found[0].m)))
    others = {name: _over([getattr(order, name) for order in found]) for name in ThermalOrder._fields[1:]}
    return ThermalOrder(m=overlaps, **others)


def _over(values: list[Estimate]) -> Estimate:
    return estimate([value.mean for value in values])
