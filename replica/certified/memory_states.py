"""All states of the Hopfield model at T = 0, and of the one with a threshold, at a load.

States with n patterns condensed are the y > 0 with G(y) = √(2α) (`replica.certified.hopfield`: G rises from 0 to one
maximum and falls to 0, which is proven for n = 1 and 3), so there are two, or none. m = M(y), αr = m²/(2y²) and
1 − C = yG/M. The glass, s = √(2/π) + √α, C = √(2/π)/s, is one state at every load.

With a threshold m = ½M(y), q = ½ and √(2α H) = G(y), H = 2 H2(√2 θ); s = 1/√(2π) + √(αH)/2 in the glass.
"""

from __future__ import annotations

from replica.certified.balls import NotProvenError, arb
from replica.certified.gaussian import tails
from replica.certified.hopfield import fold, overlap, response, root_load
from replica.certified.overlap_balls import State, located

__all__ = ["condensed_states", "hopfield_glass", "hopfield_states", "threshold_glass", "threshold_states"]

HALVINGS = 4_000
NARROW = 1e-3


def condensed_states(load: arb, n: int) -> list[tuple[arb, arb, arb, arb]]:
    """M(y), y, C and 1 − C of all states with n condensed patterns of the Hopfield model.

    Parameters
    ----------
    load : arb
        α, > 0.
    n : int
        1 or 3.

    Returns
    -------
    list of tuple of arb
        Two states, the one with less noise last, or none: (M, y, C, 1 − C).

    Raises
    ------
    NotProvenError
        If the load is so near to the largest one that it is not known which.
    """
    top, target = fold(n), (2 * load).sqrt()
    largest = root_load(top, n)
    if target > largest:
        return []
    if not target < largest:
        raise NotProvenError(f"the load is within the error of the largest one with {n} condensed patterns")
    # G < M/y ≤ 1/y on the far side; G ≤ 2y²/√π·⟨z⁴⟩/n on the near one
    near, far = _bracket(target, n, top.lower(), low=True), _bracket(target, n, top.upper(), low=False)
    found = []
    for ends in (near, far):
        (y,) = located(lambda x: [root_load(x[0], n) - target], [ends], [ends])
        M = overlap(y, n)
        found.append((M, y, response(y, n), y * root_load(y, n) / M))
    return found


def _bracket(target: arb, n: int, top: arb, low: bool) -> arb:
    """Ball in which G is monotone and crosses the target, narrow enough for Newton's method."""
    inside, outside = top, top
    for _ in range(HALVINGS):
        outside = outside / 2 if low else outside * 2
        if root_load(outside, n) < target:
            break
    else:
        raise NotProvenError("the load is too small")
    for _ in range(HALVINGS):
        if abs(outside - inside) < abs(inside) * NARROW:
            return inside.union(outside)
        middle = ((inside + outside) / 2).mid()
        value = root_load(middle, n)
        if value > target:
            inside = middle
        elif value < target:
            outside = middle
        else:
            break
    # near the maximum both sides are narrow, or a root sits on a point that was tried
    return inside.union(outside)


def hopfield_states(alpha: arb, n: int) -> list[State]:
    """States of the Hopfield model with n condensed patterns.

    Parameters
    ----------
    alpha : arb
        Load.
    n : int
        1 or 3.

    Returns
    -------
    list of State
        E = −n m²/2 + (α/2)(1 − r) for f.
    """
    found = []
    for m, y, C, margin in condensed_states(alpha, n):
        r = m * m / (2 * y * y * alpha)
        f = -n * m * m / 2 + alpha * (1 - r) / 2
        found.append(State(m, arb(1), r, C, 1 / margin, margin, f))
    return found


def hopfield_glass(alpha: arb) -> State:
    """The spin glass of the Hopfield model."""
    least = (2 / arb.pi()).sqrt()
    s = least + alpha.sqrt()
    r = s * s / alpha
    margin = alpha.sqrt() / s
    return State(arb(0), arb(1), r, least / s, 1 / margin, margin, alpha * (1 - r) / 2)


def threshold_states(alpha: arb, theta: arb) -> list[State]:
    """States with m > 0 of the model with a threshold.

    Parameters
    ----------
    alpha, theta : arb
        Controls.

    Returns
    -------
    list of State
        f = −m²/2 − αr/2.
    """
    x = arb(2).sqrt() * theta
    found = []
    for M, y, C, margin in condensed_states(alpha * 2 * tails(x)[2], 1):
        m = M / 2
        found.append(_threshold_state(alpha, x, m, m * m / (2 * y * y * alpha), C, margin))
    return found


def threshold_glass(alpha: arb, theta: arb) -> State:
    """The spin glass of the model with a threshold."""
    x = arb(2).sqrt() * theta
    rest = (alpha * tails(x)[2] / 2).sqrt()
    s = 1 / (2 * arb.pi()).sqrt() + rest
    return _threshold_state(alpha, x, arb(0), s * s / alpha, 1 - rest / s, rest / s)


def _threshold_state(alpha: arb, x: arb, m: arb, r: arb, C: arb, margin: arb) -> State:
    return State(m, arb(0.5), r, C, tails(x)[0] / margin, margin, -m * m / 2 - alpha * r / 2)
