"""How many hidden units a state activates in the compositional limit: the minimum of f̃ over ℓ.

The branch of the state k = 1 is followed in ℓ from where it begins, ℓ → 0 (`branch_start`), to where it ends, a fold in
ℓ (`retrieval_branch`), beyond which other sheets of the same states follow, at smaller ℓ again. On it df̃/dℓ is explicit
(`branch_equations`), so that every local minimum is bracketed. ℓ* is the lowest; a machine of sparsity p then activates
L* = ℓ*/p units. Many points are followed at once.

There are several minima where the threshold is low: once units of the patterns are active, the self-field αB̃/2 grows
from 0 to α/4 and more, and so f̃ can decrease anew.

J. Tubiana & R. Monasson, PRL 118, 138301 (2017); G. Manzan, slides (2021), "Compositional phase".
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.averages.pattern_sum import skellam
from replica.diagrams.branch_equations import Controls
from replica.diagrams.branch_start import starts
from replica.diagrams.mixed_minimum import mixed_minimum
from replica.diagrams.retrieval_branch import LAST, Branch, follow, through
from replica.models.base import Order
from replica.models.compositional import CompositionalRBM
from replica.models.sparse.chart import Couplings, at, newton_on_chart, order_of
from replica.numerics.number import Number

__all__ = ["EllStar", "Minima", "columns_of", "ell_star", "energies", "homogeneous", "minima"]


class EllStar(NamedTuple):
    """The minimum of f̃ over ℓ: numbers, or arrays of the controls' shape."""

    value: Number
    """ℓ*; 0 or nan where f̃ has no minimum at ℓ > 0, as `status` says."""
    free_energy: Number
    """f̃ there; its limit at ℓ → 0 where ℓ* is 0."""
    order: Order
    """Order parameters there; nan where ℓ* is 0 or nan."""
    status: Any
    """Why, a word or an array of words.

    "minimum": ℓ* is the lowest minimum on the branch, or, if a warning says that the branch was lost beyond, on
    the part of it that was followed. "increasing" (value 0): f̃ increases from ℓ → 0 on, and has no minimum at ℓ > 0.
    "decreasing" (nan): it decreases to the end of the branch, so that ℓ* does not exist. "absent"
    (nan): there is no branch at ℓ → 0. "window" (nan): it still decreases at ℓ = 5000, the largest ℓ of the model.
    "lost" (nan): the branch could not be followed, or the minimum to the given x_i. The last two come with a warning.
    """


class Minima(NamedTuple):
    """What is known of the branches of P points, flat."""

    point: NDArray
    """Which point each of n minima belongs to."""
    ell: NDArray
    """ℓ of the minima, shape (n,)."""
    energy: NDArray
    """f̃ of the minima."""
    order: Order
    """Order parameters of the minima."""
    status: NDArray
    """As in `EllStar`, shape (P,)."""
    at_zero: NDArray
    """f̃ at ℓ → 0, shape (P,)."""
    at_end: NDArray
    """f̃ at the end of the branch where it decreases to there, else +inf."""
    lost: NDArray
    """Whether the branch was lost on its way, so that minima beyond are not known, shape (P,)."""


def ell_star(model: CompositionalRBM) -> EllStar:
    """Lowest local minimum of f̃ over ℓ on the retrieval branch (k = 1) that begins at ℓ → 0.

    Parameters
    ----------
    model : CompositionalRBM
        Model, whose `ell` does not matter; array controls broadcast. With `x_i`, `g_i` or `theta_mu` the minima
        are those that descend from the homogeneous machine's as these spread.

    Returns
    -------
    EllStar
        ℓ*, f̃, the order parameters and the status, whether or not ℓ → 0 or the glass lies lower. Where the branch is
        followed to its end, the fold in ℓ, a nan says that it decreases up to there and nothing else.

    Raises
    ------
    ValueError
        If the model is not a CompositionalRBM.

    Warns
    -----
    RuntimeWarning
        Where the answer is not known: status "window" or "lost"; and where the branch was lost beyond a minimum, since
        a lower one may follow.

    Examples
    --------
    >>> from replica.models import CompositionalRBM
    >>> round(ell_star(CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21)).value, 6)
    0.383193
    >>> ell_star(CompositionalRBM(alpha=2, theta=1.5, g=[-0.3, -0.05])).status.tolist()
    ['increasing', 'decreasing']
    """
    if not isinstance(model, CompositionalRBM):
        raise ValueError(f"model = {model!r}: ell_star is defined for a CompositionalRBM")
    shape, columns = columns_of(model)
    found = minima(*columns)
    if model.units is not None or model.varied:
        found = _mixed(model, columns, found)
    value, energy, order = lowest(found)
    _warn(found, columns)
    status = found.status.reshape(shape) if shape else str(found.status[0])
    members: list[Number] = [v.reshape(shape)[()] if shape else float(v[0]) for v in (value, energy, *order)]
    return EllStar(members[0], members[1], Order(*members[2:]), status)


def _warn(found: Minima, columns: tuple[NDArray, ...]) -> None:
    status = found.status
    for where, said in (
        (status == "window", f"f still decreases at ell = {LAST:g}, the largest of the model, and ell* is nan"),
        (status == "lost", "ell* is not known and nan: the branch or the minimum could not be followed"),
        (
            (status == "minimum") & found.lost,
            "the branch was lost beyond a minimum: a lower one may follow; move the controls slightly",
        ),
    ):
        index = np.nonzero(where)[0]
        if len(index):
            first = ", ".join(f"{n} = {c[index[0]]:.6g}" for n, c in zip(("alpha", "theta", "g"), columns, strict=True))
            warnings.warn(f"{said} at {len(index)} of {len(status)} points ({first})", RuntimeWarning, stacklevel=3)


def lowest(found: Minima) -> tuple[NDArray, NDArray, Order]:
    """ℓ*, f̃ and order parameters of the lowest minimum of each point; 0 or nan where there is none."""
    increasing = found.status == "increasing"
    value = np.where(increasing, 0.0, np.nan)
    energy = np.where(increasing, found.at_zero, np.nan)
    members = [np.full(len(value), np.nan) for _ in Order._fields]
    # the last assignment stays: from the highest to the lowest
    for k in np.argsort(-found.energy, kind="stable"):
        i = found.point[k]
        value[i], energy[i] = found.ell[k], found.energy[k]
        for member, values in zip(members, found.order, strict=True):
            member[i] = values[k]
    return value, energy, Order(*members)


def minima(alpha: NDArray, theta: NDArray, g: NDArray) -> Minima:
    """Every local minimum of f̃ over ℓ on the branches of P points of homogeneous machines.

    Parameters
    ----------
    alpha, theta, g : array, shape (P,)
        Controls.

    Returns
    -------
    Minima
        The minima, and how each branch begins and ends.
    """
    controls = Controls(np.log(alpha), theta, g)
    start = starts(controls)
    some = np.nonzero(start.exists)[0]
    branch = follow(controls.take(some), start.place[:, some])
    low = branch.rising
    point = some[branch.point[low]]
    ell, energy, order = _states(controls.take(point), branch.place[:, low])
    # below a field of −½ no state has an overlap: v = 0 takes its place
    status = np.where((theta >= 0) & (start.slope >= 0.125), "increasing", "absent").astype("<U10")
    falling = _falls_to_the_end(branch, start.slope[some] < 0)
    status[some] = _branch_status(branch, start.slope[some] < 0, falling)
    lost = np.zeros(len(g), dtype=bool)
    lost[some] = branch.end == "lost"
    at_end = np.full(len(g), np.inf)
    down = some[falling]
    at_end[down] = _states(controls.take(down), branch.last[:, falling])[1]
    at_zero = np.where(start.exists, start.energy, np.where(status == "increasing", 0.0, np.nan))
    return Minima(point, ell, energy, order, status, at_zero, at_end, lost)


def _branch_status(branch: Branch, first: NDArray, last: NDArray) -> NDArray:
    """Status of the points that have a branch; `first` and `last`: f̃ decreases at its beginning, at its end."""
    with_minimum = np.zeros(len(branch.end), dtype=bool)
    with_minimum[branch.point[branch.rising]] = True
    words = {
        "minimum": with_minimum,
        "lost": branch.end == "lost",
        "window": (branch.end == "window") & last,
        "decreasing": (branch.end == "fold") & last & first,
    }
    # the first that holds
    return np.select(list(words.values()), list(words), default="increasing")


def _falls_to_the_end(branch: Branch, first: NDArray) -> NDArray:
    """Whether f̃ decreases at the end: as it did before the first zero of f̃′, or as after the last."""
    falling = first.copy()
    for k in np.argsort(branch.place[2], kind="stable"):
        falling[branch.point[k]] = not branch.rising[k]
    return falling


NOISELESS = 30.0
"""v = ln m/s beyond which the noise changes nothing in double precision."""


def _states(controls: Controls, place: NDArray) -> tuple[NDArray, NDArray, Order]:
    """ℓ, f̃ = −ℓm̃²/8 − αr̃/2 − g̃q and order parameters at places of branches, to rounding at these ℓ."""
    # the chart has b/√(1 + a²), a = 1/x
    x, kappa, ell = place[0], place[1] / np.hypot(1.0, place[0]), np.exp(place[2])
    v = -np.log(x)
    couplings = Couplings(skellam(ell), ell, 1.0, controls.theta)
    near = np.nonzero(v < NOISELESS)[0]
    if len(near):
        found = newton_on_chart(couplings.take(near), controls.g[near], controls.log_alpha[near], v[near], kappa[near])
        kept = found[2] & (np.hypot(found[0] - v[near], found[1] - kappa[near]) < 1e-4)
        v[near[kept]], kappa[near[kept]] = found[0][kept], found[1][kept]
    point = at(couplings, np.minimum(v, NOISELESS), kappa)
    energy = -0.5 * ell * point.m**2 - 0.5 * np.exp(2 * point.log_noise) - controls.g * point.q
    return ell, energy, order_of(couplings, point, CompositionalRBM.overlap_unit)


def energies(model: CompositionalRBM, ell: NDArray) -> tuple[NDArray, Order]:
    """f̃ and the order parameters of the retrieval branch (k = 1) at increasing values of ℓ.

    Parameters
    ----------
    model : CompositionalRBM
        Homogeneous model with scalar controls, whose `ell` does not matter.
    ell : array, shape (K,)
        Increasing values of ℓ, > 0; the branch is followed from ℓ → 0 through them.

    Returns
    -------
    array, Order
        f̃ and order parameters, nan beyond the end of the branch.

    Raises
    ------
    ValueError
        If the values do not increase.
    """
    ell = np.asarray(ell, dtype=float)
    if not (ell > 0).all() or not (np.diff(ell) > 0).all():
        raise ValueError(f"ell = {ell}: increasing numbers > 0 are needed")
    alpha, theta, g = columns_of(homogeneous(model))[1]
    controls = Controls(np.log(alpha), theta, g)
    start = starts(controls)
    energy, members = np.full(ell.shape, np.nan), [np.full(ell.shape, np.nan) for _ in Order._fields]
    if start.exists[0] and len(ell):
        place = through(controls, start.place, np.log(ell))
        count = place.shape[1]
        one = np.zeros(count, dtype=int)
        _, energy[:count], order = _states(controls.take(one), place)
        for member, values in zip(members, order, strict=True):
            member[:count] = values
    return energy, Order(*members)


def _mixed(model: CompositionalRBM, columns: tuple[NDArray, ...], found: Minima) -> Minima:
    """Minima of heterogeneous machines, each from one of the homogeneous machine."""
    # where the homogeneous machine has no minimum there is nothing to start from
    status = np.full(len(found.status), "lost", dtype="<U10")
    rows = []
    for k, i in enumerate(found.point):
        alpha, theta, g = (float(column[i]) for column in columns)
        bare = model.unchecked(alpha=alpha, theta=theta, g=g)
        reached = mixed_minimum(bare, float(found.ell[k]), Order(*(float(member[k]) for member in found.order)))
        if reached is not None:
            rows.append((i, *reached))
            status[i] = "minimum"
    point, ell, energy, *members = np.array(rows).reshape(len(rows), 3 + len(Order._fields)).T
    none = np.full(len(status), np.nan)
    return Minima(point.astype(int), ell, energy, Order(*members), status, none, none, found.lost)


def homogeneous(model: CompositionalRBM) -> CompositionalRBM:
    """Refuse a heterogeneous machine, for which only `ell_star` and single states are known."""
    if not isinstance(model, CompositionalRBM):
        raise ValueError(f"model = {model!r}: a CompositionalRBM is needed")
    if model.units is not None or model.varied:
        raise ValueError(
            "x_i, g_i, theta_mu: energies over ell and phases are known where all units are alike; leave them out"
        )
    return model


def columns_of(model: CompositionalRBM) -> tuple[tuple[int, ...], tuple[NDArray, NDArray, NDArray]]:
    """Shape of α, θ̃ and g̃, and each of them as a flat array."""
    controls = [np.asarray(v, dtype=float) for v in (model.alpha, model.theta, model.g)]
    arrays = np.broadcast_arrays(*controls)
    alpha, theta, g = (a.reshape(-1) for a in arrays)
    return arrays[0].shape, (alpha, theta, g)
