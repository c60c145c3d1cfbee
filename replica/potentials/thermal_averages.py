"""Averages of a unit over a Gaussian input h + s z, with their slopes, for any potential at T > 0.

With the law of a unit at one input, β = 1/T and c the self-coupling, ∂⟨x⟩/∂I = β var and ∂⟨x⟩/∂c = ½ β cov(x, x²), so
that one pass over the inputs gives

    K = T⟨ln Tr⟩,   M = ⟨x⟩,   Q = ⟨x⟩²,   χ = β var = (1/s) ∂K/∂s,   V = (β var)²,

each averaged over z, and all slopes in h, s and c. ln Tr is analytic in the strip |Im I| < √2 T/σ, σ the largest
standard deviation of x, since |⟨e^{iτx}⟩| ≥ 1 − σ²τ²/2: the trapezoidal rule converges exponentially, and its step
follows from σ.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from replica.numerics.elementary import phi
from replica.potentials.law import FieldAverages, UnitLaw

__all__ = ["by_quadrature"]

DIGITS = 38.0
"""−ln of the error of a trapezoidal sum."""
SMOOTH = 0.72
"""Step at which the Gaussian itself is summed to rounding: e^{−2π²/0.72²} = 3e-17."""
REACH = 9.0
MOST_HALVINGS = 15
SHARP = 3
"""Halvings of that step from which corners are given nodes that crowd round them."""
NODES = 12
"""Gauss–Legendre nodes of a panel there."""
LARGEST_BLOCK = 16_384
"""Nodes that are summed at once."""


class UnitInField(Protocol):
    """What the rule asks of a unit."""

    def law(self, I: Any, c: Any, T: Any, *, refine: int = 1) -> UnitLaw:
        """Law at inputs I, self-couplings c."""

    def spread(self, c: Any, T: Any) -> Any:
        """Largest standard deviation of x over all inputs."""

    def corners(self, c: Any, T: Any) -> Any:
        """Inputs at which the mean bends within a narrow strip."""


def by_quadrature(unit: UnitInField, h: Any, s: Any, c: Any, T: Any, *, refine: int = 1) -> FieldAverages:
    """Averages by the trapezoidal rule, its step chosen for each element from the spread of the unit.

    Parameters
    ----------
    unit : UnitInField
        The unit.
    h, s, c, T : array
        Mean and standard deviation of the input, coefficient of x²/2, temperature > 0, of one shape S.
    refine : int
        Factor by which the step, and the quadratures of the unit itself, are refined.

    Returns
    -------
    FieldAverages
        The averages.
    """
    h, s, c, T = np.broadcast_arrays(*(np.asarray(v) for v in (h, s, c, T)))
    shape, size = h.shape, h.size
    h, s, c, T = (v.ravel() for v in (h, s, c, T))
    strip = math.sqrt(2) * np.real(T) / np.maximum(unit.spread(np.real(c), np.real(T)) * np.real(s), 1e-300)
    corners = (unit.corners(np.real(c), np.real(T)) - np.real(h)[:, None]) / np.real(s)[:, None]
    dtype = np.result_type(h, s, c, T, float)
    out = [np.full((*lead, size), np.nan, dtype=dtype) for lead in ((), (), (), (), (), (3, 3))]
    for index, z, weight in _rules(strip, corners, refine):
        for total, value in zip(
            out, _summed(unit, h[index], s[index], c[index], T[index], z, weight, refine), strict=True
        ):
            total[..., index] = value
    return FieldAverages(*(v.reshape((*v.shape[:-1], *shape)) for v in out))


def _rules(strip: NDArray, corners: NDArray, refine: int) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
    """Blocks of elements with their nodes and weights: trapezoids in z, or panels that crowd round sharp corners.

    Elements that would need more nodes than a million are left out.
    """
    known = corners.shape[1] > 0
    if known:
        # corners that no node comes near are no closer than that
        nearest = np.nan_to_num(np.abs(corners), nan=np.inf).min(axis=1)
        strip = np.where(nearest > REACH, np.hypot(strip, np.minimum(nearest, 1e3) - REACH), strip)
    bent = np.where(np.isfinite(strip), np.minimum(strip, 2 * math.pi / SMOOTH), 2 * math.pi / SMOOTH)
    steps = np.minimum(2 * math.pi * bent / (DIGITS + bent * bent / 2), SMOOTH)
    halvings = np.minimum(np.ceil(np.log2(SMOOTH / steps) - 1e-9), MOST_HALVINGS + 1).astype(int)
    sharp = (halvings > SHARP) & known & np.isfinite(strip)
    for level in np.unique(halvings[~sharp & (halvings <= MOST_HALVINGS)]):
        z, weight = _trapezoid(SMOOTH / (2**level * refine))
        for index in _blocks((halvings == level) & ~sharp, len(z)):
            yield index, z, weight
    if sharp.any():
        doublings = math.ceil(math.log2(4 * REACH / max(float(strip[sharp].min()), 1e-300)))
        for index in _blocks(sharp, 2 * NODES * refine * doublings * corners.shape[1]):
            yield index, *_graded(corners[index], strip[index], doublings, NODES * refine)


def _blocks(chosen: NDArray, nodes: int) -> list[NDArray]:
    index = np.nonzero(chosen)[0]
    return np.array_split(index, min(len(index), len(index) * nodes // LARGEST_BLOCK + 1)) if len(index) else []


def _summed(
    unit: UnitInField, h: NDArray, s: NDArray, c: NDArray, T: NDArray, z: NDArray, weight: NDArray, refine: int
) -> list[NDArray]:
    """All sums over the nodes z, common or one list for each element."""
    law = unit.law(h[:, None] + s[:, None] * z, c[:, None], T[:, None], refine=refine)

    def mean(values: NDArray) -> NDArray:
        return values @ weight if weight.ndim == 1 else np.einsum("ij,ij->i", values, weight)

    beta = 1 / T[:, None]
    x, response = law.mean, law.variance * beta
    bend = law.third * beta * beta
    # ½β cov(x, x²), and ½β² cov(x², (x − ⟨x⟩)²)
    by_c = 0.5 * law.third * beta + x * response
    bend_c = 0.5 * (law.fourth - law.variance**2) * beta * beta + x * bend
    slopes = [
        [mean(response), mean(response * z), mean(by_c)],
        [2 * mean(x * response), 2 * mean(x * response * z), 2 * mean(x * by_c)],
        [mean(bend), mean(bend * z), mean(bend_c)],
    ]
    return [mean(law.work), mean(x), mean(x * x), mean(response), mean(response * response), np.array(slopes)]


def _graded(corners: NDArray, strip: NDArray, doublings: int, nodes: int) -> tuple[NDArray, NDArray]:
    """Gauss–Legendre panels whose widths double with the distance from each corner, from half the strip on."""
    away = (strip[:, None] / 2 * 2.0 ** np.arange(doublings))[:, None, :]
    near = np.concatenate([corners[..., None], corners[..., None] - away, corners[..., None] + away], axis=-1)
    plain = np.broadcast_to(np.linspace(-REACH, REACH, 13), (len(corners), 13))
    edges = np.concatenate([plain, near.reshape(len(corners), -1)], axis=1)
    edges = np.sort(np.clip(np.nan_to_num(edges), -REACH, REACH), axis=1)
    node, weight = np.polynomial.legendre.leggauss(nodes)
    half = np.diff(edges, axis=1)[..., None] / 2
    z = edges[:, :-1, None] + half + half * node
    return z.reshape(len(corners), -1), (half * weight * phi(z)).reshape(len(corners), -1)


@cache
def _trapezoid(step: float) -> tuple[NDArray, NDArray]:
    count = math.ceil(REACH / step)
    z = np.arange(-count, count + 1) * step
    weight = phi(z)
    return z, weight / weight.sum()
