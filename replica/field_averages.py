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
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.elementary import COMPLEX_STEP, phi
from replica.potentials import Potential
from replica.spin_averages import spin_averages, spin_response_squared, spin_work

__all__ = ["FieldAverages", "by_quadrature", "field_averages", "of_two_values"]

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


class FieldAverages(NamedTuple):
    """Averages over z, of shape S; nan where the unit has no law, or where T is too low for a sum over z."""

    work: Any
    """K = T⟨ln Tr exp{(I x + c x²/2 − U)/T}⟩; at T = 0 the mean of the maximum."""
    M: Any
    """Mean of ⟨x⟩."""
    Q: Any
    """Mean of ⟨x⟩²."""
    chi: Any
    """Mean response β var = (1/s) ∂K/∂s."""
    V: Any
    """Mean of (β var)², of the replicon; inf at T = 0 where x jumps."""
    slopes: Any
    """Derivatives of (M, Q, χ) by (h, s, c), shape (3, 3) + S."""


def field_averages(unit: Potential, h: Any, s: Any, c: Any, T: Any, *, refine: int = 1) -> FieldAverages:
    """Averages of a unit over the inputs h + s z, z standard normal.

    Parameters
    ----------
    unit : Potential
        The unit.
    h, s, c : float, array or complex step
        Mean and standard deviation (> 0) of its input, coefficient of x²/2; shapes that broadcast to S.
    T : float, array or complex step
        Temperature, ≥ 0.
    refine : int
        Factor by which quadratures are refined, to measure their error.

    Returns
    -------
    FieldAverages
        The averages.

    Examples
    --------
    >>> from replica.potentials import Spin
    >>> round(float(field_averages(Spin(), 0.3, 1.0, 0.0, 0.5).M), 12)
    0.204098306061
    """
    h, s, c, T = np.broadcast_arrays(*(np.asarray(v) for v in (h, s, c, T)))
    with np.errstate(all="ignore"):
        cold = np.real(T) == 0
        if cold.all() and T.size:
            return unit.cold(h, s, c, refine=refine)
        if not cold.any():
            return unit.averages(h, s, c, T, refine=refine)
        frozen = unit.cold(h[cold], s[cold], c[cold], refine=refine)
        thermal = unit.averages(h[~cold], s[~cold], c[~cold], T[~cold], refine=refine)
        return FieldAverages(*(_merged(cold, a, b) for a, b in zip(frozen, thermal, strict=True)))


def _merged(where: NDArray, first: Any, second: Any) -> NDArray:
    """An array with the elements of `first` where a condition holds, and those of `second` elsewhere."""
    out = np.empty((*np.shape(first)[:-1], *where.shape), dtype=np.result_type(first, second))
    out[..., where], out[..., ~where] = first, second
    return out


def by_quadrature(unit: Potential, h: Any, s: Any, c: Any, T: Any, *, refine: int = 1) -> FieldAverages:
    """Averages by the trapezoidal rule, its step chosen for each element from the spread of the unit.

    Parameters
    ----------
    unit : Potential
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
    unit: Potential, h: NDArray, s: NDArray, c: NDArray, T: NDArray, z: NDArray, weight: NDArray, refine: int
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


def of_two_values(values: tuple[float, ...], energies: Any, h: Any, s: Any, c: Any, T: Any) -> FieldAverages:
    """Averages of a unit of two values: x = a + d σ, σ a spin in the field d I + ½ c a·2d − ½ (U₁ − U₀).

    Parameters
    ----------
    values : (float, float)
        The values.
    energies : array, shape S + (2,)
        Their energies.
    h, s, c, T : array
        Mean and standard deviation of the input, coefficient of x²/2, temperature ≥ 0, of shape S.

    Returns
    -------
    FieldAverages
        The averages.
    """
    a, d = (values[1] + values[0]) / 2, (values[1] - values[0]) / 2
    field = d * h + c * a * d - (energies[..., 1] - energies[..., 0]) / 2
    noise = d * s
    spin = spin_averages(field, noise, T)
    work = a * h + c * (a * a + d * d) / 2 - (energies[..., 1] + energies[..., 0]) / 2 + spin_work(field, noise, T)
    cold = bool(np.all(np.real(T) == 0))
    V = np.full(np.shape(spin.m), np.inf) if cold else d**4 * spin_response_squared(field, noise, T)
    M = a + d * spin.m
    return FieldAverages(
        work,
        M,
        a * a + 2 * a * d * spin.m + d * d * spin.q,
        d * d * spin.C,
        V,
        _two_value_slopes(a, d, field, noise, T),
    )


def _two_value_slopes(a: float, d: float, field: Any, noise: Any, T: Any) -> NDArray:
    """By complex steps in the field and in its width; c acts as a field a c."""
    field, noise, T = (np.real(v) for v in (field, noise, T))
    by_field = spin_averages(field + 1j * COMPLEX_STEP, noise, T)
    by_noise = spin_averages(field, noise + 1j * COMPLEX_STEP, T)
    rows = []
    for mixed in (by_field, by_noise):
        m, q, C = (np.imag(v) / COMPLEX_STEP for v in mixed)
        rows.append([d * m, 2 * a * d * m + d * d * q, d * d * C])
    slopes = np.array([[d * f, d * n, a * d * f] for f, n in zip(*rows, strict=True)])
    return np.asarray(slopes)
