"""Critical loads of the Hopfield model at T = 0, replica symmetric, with proofs.

For n patterns condensed with the same overlap, z a sum of n random signs, and y = m/√(2αr) > 0 every state is

    m = M(y) = (1/n) ⟨z erf(z y)⟩,   √(2α) = G(y) = M/y − (2/√π) ⟨e^{−z²y²}⟩,   αr = m²/(2y²).

The states exist for α up to the maximum of G²/2. With h = y² G′ one has

    h = (2/√π) (y/n + 2y³) ⟨z² e^{−z²y²}⟩ − M,    h′ = (2/√π) y² k,    k = ⟨z² e^{−z²y²} (6 − 2z²/n − 4z²y²)⟩,

and k < 0 from y² = (6 − 2/n)/4 on, whatever z. So G has one stationary point on the whole branch, its maximum, if
k > 0 up to some y₀, h > 0 from there to a point beyond √((6 − 2/n)/4), and h has a root there. (For n = 1 this needs no
computer: k = (4 − 4y²) e^{−y²}.)

D. J. Amit, H. Gutfreund & H. Sompolinsky, PRL 55, 1530 (1985); Ann. Phys. 173, 30 (1987).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from replica.averages.spin import sign_sum_law
from replica.certified.balls import NotProvenError, Series, arb, between, exact
from replica.certified.enclosure import Enclosure, enclose
from replica.certified.interval_newton import jacobian, refined
from replica.certified.subdivision import prove_positive

__all__ = ["alpha_1", "alpha_3", "alpha_c", "energy_difference", "fold_condition", "response", "root_load", "y_c"]

FOLDS = {1: ("1.5", "1.52"), 3: ("1.685", "1.695")}
"""Where the root of h is looked for, by n."""
CROSSING = ("3.09", "3.12")
RISING = "0.2"
"""y₀, up to which k > 0."""
FAR = "4"
"""y beyond which the retrieval state lies below the glass by an inequality."""


def overlap(y: Series, n: int) -> Series:
    """M(y) = (1/n) ⟨z erf(z y)⟩.

    Parameters
    ----------
    y : arb or arb_series
        m/√(2αr).
    n : int
        Condensed patterns.

    Returns
    -------
    arb or arb_series
        Overlap m with each of the n patterns.
    """
    total: Any = sum((weight * z * (z * y).erf() for z, weight in _law(n)), arb(0))
    return total / n


def root_load(y: Series, n: int) -> Series:
    """√(2α) = M(y)/y − (2/√π) ⟨e^{−z²y²}⟩.

    Parameters
    ----------
    y : arb or arb_series
        m/√(2αr), > 0.
    n : int
        Condensed patterns.

    Returns
    -------
    arb or arb_series
        G(y), the √(2α) at which the state with this y exists.
    """
    return overlap(y, n) / y - _slope() * _average(y, n, lambda square: arb(1))


def response(y: Series, n: int) -> Series:
    """C(y) = (2/√π) ⟨e^{−z²y²}⟩ y/M.

    Parameters
    ----------
    y : arb or arb_series
        m/√(2αr), > 0.
    n : int
        Condensed patterns.

    Returns
    -------
    arb or arb_series
        Response C of the state with this y, to relative precision: 1 − C = yG/M.
    """
    return _slope() * _average(y, n, lambda square: arb(1)) * y / overlap(y, n)


def fold_condition(y: Series, n: int) -> Series:
    """h(y) = y² dG/dy, zero at a fold.

    Parameters
    ----------
    y : arb or arb_series
        m/√(2αr).
    n : int
        Condensed patterns.

    Returns
    -------
    arb or arb_series
        h(y): > 0 where the load grows with y, < 0 where it falls.
    """
    return _slope() * (y / n + 2 * y * y * y) * _average(y, n, lambda square: square) - overlap(y, n)


def energy_difference(y: Series) -> Series:
    """Energy of the retrieval state less that of the spin glass, at the same load.

    E = −m²/2 + (α/2)(1 − r) against −1/π − √(2α/π), with α r = m²/(2y²) and √(2α) = G.

    Parameters
    ----------
    y : arb or arb_series
        m/√(2αr).

    Returns
    -------
    arb or arb_series
        D(y) = −m²/2 + G²/4 − m²/(4y²) + 1/π + G/√π, < 0 where retrieval is lower.
    """
    m, root = overlap(y, 1), root_load(y, 1)
    return -m * m / 2 + root * root / 4 - m * m / (4 * y * y) + 1 / arb.pi() + root / arb.pi().sqrt()


def alpha_c(digits: int = 20) -> Enclosure:
    """Capacity: the largest load with a retrieval state.

    Parameters
    ----------
    digits : int
        Significant decimals.

    Returns
    -------
    Enclosure
        α_c = max G²/2 for n = 1 between proven bounds, and in words what is proven.

    Examples
    --------
    >>> alpha_c(20).value
    '0.13790556649493173784'
    """
    return enclose("alpha_c", lambda: _largest_load(1), digits)


def y_c(digits: int = 20) -> Enclosure:
    """The y = m/√(2αr) at which the capacity is reached.

    Parameters
    ----------
    digits : int
        Significant decimals.

    Returns
    -------
    Enclosure
        y_c, the root of h for n = 1, between proven bounds, and in words what is proven.

    Examples
    --------
    >>> y_c(20).value
    '1.5112185563276565763'
    """
    return enclose("y_c", lambda: (fold(1), f"where alpha_c is reached; {_one_fold(1)}"), digits)


def alpha_3(digits: int = 20) -> Enclosure:
    """The largest load with symmetric mixtures of three patterns.

    Parameters
    ----------
    digits : int
        Significant decimals.

    Returns
    -------
    Enclosure
        max G²/2 for n = 3 between proven bounds, and in words what is proven.

    Examples
    --------
    >>> alpha_3(12).value
    '0.0299417573757'
    """
    return enclose("alpha_3", lambda: _largest_load(3), digits)


def alpha_1(digits: int = 20) -> Enclosure:
    """The load at which the retrieval state and the spin glass have the same energy.

    The stable part of the branch is y > y_c, where the load falls. D > 0 is proven from y_c to the box, D < 0 from the
    box to y = 4. Beyond, 0 < G < m/y < 1/y, and D < −erf(4)²/2 + 1/π + 1/(4√π) < 0.

    Parameters
    ----------
    digits : int
        Significant decimals.

    Returns
    -------
    Enclosure
        α_1 = G²/2 at the root of D between proven bounds, and in words what is proven.

    Examples
    --------
    >>> alpha_1(16).value
    '0.05185433091891705'
    """
    low, high = CROSSING
    proven = f"only crossing on the stable part y > y_c; simple root of D, unique for y in [{low}, {high}]"
    return enclose("alpha_1", lambda: (root_load(_crossing(), 1) ** 2 / 2, proven), digits)


def fold(n: int) -> arb:
    """The only stationary point of G on y > 0, a maximum.

    Parameters
    ----------
    n : int
        Condensed patterns, 1 or 3.

    Returns
    -------
    arb
        Ball that contains its y, as small as the working precision allows.

    Raises
    ------
    NotProvenError
        If a step of the proof fails at the working precision.
    """
    low, high = (exact(end) for end in FOLDS[n])
    (y,) = refined(lambda x: [fold_condition(x[0], n)], [between(low, high)])
    if not jacobian(lambda x: [fold_condition(x[0], n)], [y])[0, 0] < 0:
        raise NotProvenError(f"n = {n}: not proven that G has a maximum there")
    _prove_one_fold(n, low)
    return y


def _prove_one_fold(n: int, low: arb) -> None:
    """Prove h > 0 below the box, and h′ < 0 from its lower end on."""
    if not 4 * low * low > 6 - arb(2) / n:
        raise NotProvenError(f"n = {n}: the box reaches to where h may rise")
    prove_positive(lambda y: _bend(y, n), arb(0), exact(RISING), f"k > 0 up to {RISING}, n = {n}")
    prove_positive(lambda y: fold_condition(y, n), exact(RISING), low, f"h > 0 from {RISING} to the box, n = {n}")


def _bend(y: arb, n: int) -> arb:
    """k(y), of the sign of h′."""
    return _average(y, n, lambda square: square * (6 - arb(2 * square) / n - 4 * square * y * y))


def _crossing() -> arb:
    """The only root of D on y > y_c."""
    low, high, far = (exact(end) for end in (*CROSSING, FAR))
    (y,) = refined(lambda x: [energy_difference(x[0])], [between(low, high)])
    prove_positive(energy_difference, fold(1), low, "D > 0 from y_c to the box")
    prove_positive(lambda x: -energy_difference(x), high, far, f"D < 0 from the box to y = {FAR}")
    m = overlap(far, 1)
    if not -m * m / 2 + 1 / arb.pi() + 1 / (far * arb.pi().sqrt()) < 0:
        raise NotProvenError(f"not proven: D < 0 beyond y = {FAR}")
    return y


def _largest_load(n: int) -> tuple[arb, str]:
    return root_load(fold(n), n) ** 2 / 2, f"largest load over all y > 0; {_one_fold(n)}"


def _one_fold(n: int) -> str:
    low, high = FOLDS[n]
    return f"only stationary point on the branch, G'' < 0; simple root of G', unique for y in [{low}, {high}]"


def _law(n: int) -> list[tuple[int, arb]]:
    """Law of |z|; its weights are exact in double precision."""
    return [(z, arb(weight)) for z, weight in sign_sum_law(n)]


def _average(y: Series, n: int, factor: Callable[[int], Any]) -> Series:
    """⟨factor(z²) e^{−z²y²}⟩."""
    total: Any = sum((weight * factor(z * z) * (-(z * z) * y * y).exp() for z, weight in _law(n)), arb(0))
    return total


def _slope() -> arb:
    """2/√π, the slope of erf at 0."""
    return 2 / arb.pi().sqrt()
