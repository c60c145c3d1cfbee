"""Proof that a system of equations has exactly one root in a box, and balls that contain it.

The Krawczyk operator of a box X with centre c, and Y near the inverse of the Jacobian there,

    K(X) = c − Y F(c) + (1 − Y J(X)) (X − c),

contains every root of F in X. If K(X) lies in the interior of X, F has one root in X, only one, and it is simple.
J(X) comes from F itself by forward differentiation in balls: no derivative is written by hand.

R. Krawczyk, Computing 4, 187 (1969); A. Neumaier, Interval Methods for Systems of Equations (1990), section 5.1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from replica.certified.balls import NotProvenError, arb, arb_mat, arb_series

__all__ = ["jacobian", "krawczyk", "refined", "values"]

Box = list[arb]
System = Callable[[list[arb_series]], Sequence[arb_series]]
"""From the unknowns to as many residuals, each a power series of two terms."""

STEPS = 60


def values(system: System, point: Box) -> Box:
    """F over a box.

    Parameters
    ----------
    system : callable
        The equations.
    point : list of arb
        The unknowns.

    Returns
    -------
    list of arb
        Balls that contain F at every point of the box.
    """
    return [residual[0] for residual in _evaluated(system, point, None)]


def jacobian(system: System, box: Box) -> arb_mat:
    """Derivatives ∂F_i/∂x_j over a box.

    Parameters
    ----------
    system : callable
        The equations.
    box : list of arb
        The unknowns.

    Returns
    -------
    arb_mat
        Balls that contain them at every point of the box.
    """
    size = range(len(box))
    columns = [_evaluated(system, box, j) for j in size]
    return arb_mat([[columns[j][i][1] for j in size] for i in size])


def _evaluated(system: System, box: Box, along: int | None) -> Sequence[arb_series]:
    """F over a box, with its derivative along one of the unknowns."""
    try:
        return system([arb_series([x, int(i == along)], 2) for i, x in enumerate(box)])
    except (ValueError, ZeroDivisionError):
        # python-flint refuses to divide by a ball that contains zero
        raise NotProvenError("the equations are not defined in all of the box") from None


def krawczyk(system: System, box: Box) -> Box:
    """Prove that a system has exactly one root in a box.

    Parameters
    ----------
    system : callable
        The equations, continuously differentiable in the box.
    box : list of arb
        The unknowns, of radius > 0.

    Returns
    -------
    list of arb
        K(X), a smaller box that contains the root.

    Raises
    ------
    NotProvenError
        If K(X) is not in the interior of the box: it has no root, more than one, a double one, or is too wide.

    Examples
    --------
    >>> from flint import arb
    >>> krawczyk(lambda x: [x[0] * x[0] - 2], [arb(1.5, 0.2)])[0].contains(arb(2).sqrt())
    True
    """
    contracted = _contracted(system, box)
    if not all(x.contains_interior(k) for x, k in zip(box, contracted, strict=True)):
        raise NotProvenError("the Krawczyk operator does not map the box into its interior: no proof of a single root")
    return contracted


def refined(system: System, box: Box) -> Box:
    """Exactly one root in a box, proven, and enclosed as narrowly as the working precision allows.

    Parameters
    ----------
    system : callable
        The equations.
    box : list of arb
        Where the root is unique.

    Returns
    -------
    list of arb
        For each unknown a ball that contains its value at the root.

    Raises
    ------
    NotProvenError
        If the proof fails, as in `krawczyk`.
    """
    box = krawczyk(system, box)
    for _ in range(STEPS):
        # every root of the box is in K(X) too, so that no further proof is needed
        contracted = [x.intersection(k) for x, k in zip(box, _contracted(system, box), strict=True)]
        if not any(k.rad() < 0.9 * x.rad() for x, k in zip(box, contracted, strict=True)):
            break
        box = contracted
    return box


def _contracted(system: System, box: Box) -> Box:
    centre = [x.mid() for x in box]
    try:
        inverse = jacobian(system, centre).inv().mid()
    except ZeroDivisionError:
        raise NotProvenError("the Jacobian in the centre of the box cannot be inverted") from None
    size = range(len(box))
    steps = inverse * arb_mat([[f] for f in values(system, centre)])
    spread = inverse * jacobian(system, box)
    result = []
    for i in size:
        excess = sum(((int(i == j) - spread[i, j]) * (box[j] - centre[j]) for j in size), arb(0))
        result.append(centre[i] - steps[i, 0] + excess)
    return result
