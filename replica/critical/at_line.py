"""The AT line: where the replicon of a state vanishes; for the paramagnet, the onset of the spin glass.

A critical point beside folds (`replica.critical.folds`) and equal energies (`replica.critical.equal_energies`): the
state goes on, replica symmetry does not.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replica.critical.point import CriticalPoint, Start, first_sign_change, label, metadata, scalar
from replica.errors import ConvergenceError
from replica.models.base import Model
from replica.numerics.number import Number
from replica.numerics.rootfinding import find_roots
from replica.numerics.working_digits import working_digits
from replica.saddle.precision import at_precision, checked_digits
from replica.saddle.solution import Solution
from replica.saddle.solver import solve

__all__ = ["instability"]


def instability(model: Model, *, along: str, start: Start = "retrieval", precision: int | None = None) -> CriticalPoint:
    """Zero of the replicon of a state: its AT line; for the paramagnet, the onset of the spin glass.

    Parameters
    ----------
    model : Model
        Model with scalar controls; its own value of `along` must carry the state, with a positive replicon.
    along : str
        Control to vary, in the direction in which replica symmetry is lost (downwards for T).
    start : str or (str, int)
        Kind of the state, or ("mixture", n).
    precision : int, optional
        Decimal digits, through mpmath.

    Returns
    -------
    CriticalPoint
        The first zero of the replicon that is met on the way: value of the control, and the state there.

    Raises
    ------
    ConvergenceError
        If the state does not exist at the model's own value or is already unstable there, or its replicon
        stays positive.
    ValueError
        If there is no such control or kind, or a control is an array.

    Notes
    -----
    de Almeida & Thouless, J. Phys. A 11, 983 (1978). The zero is sought in ln(1 − replicon), which at low T is
    linear in ln T: lines at T = 1e-200 are found like others.

    Examples
    --------
    >>> import replica
    >>> from replica.models import Hopfield
    >>> round(replica.instability(Hopfield(alpha=0.25, T=3), along="T", start="paramagnet").value, 12)
    1.5
    """
    plain = scalar(model, along)
    own = solve(plain, start=start)
    if np.isnan(own.replicon):
        raise ValueError(f"model = {plain.name}: its replicon is not known, and without it no instability")
    if not own.replicon > 0:
        raise ConvergenceError(
            f"{own.kind} already has a replicon of {float(own.replicon):.3g} at {along} = {plain.controls[along]}: "
            f"start where it is positive"
        )

    def excess(x: NDArray, index: NDArray | None = None) -> NDArray:
        state = solve(plain.unchecked(**{along: np.asarray(x)}), start=start, throw=False)
        with np.errstate(all="ignore"):
            return np.log(1 - np.asarray(state.replicon))

    values = _towards_breaking(plain, along)
    # what lies farther, and next to the edge of the domain, only where it is needed
    parts = (values[: NEAR + 1], values[NEAR : LINEAR + 1], values[LINEAR:])
    bracket = next(filter(None, (_first_bracket(excess, part) for part in parts if len(part) > 1)), None)
    if bracket is None:
        raise ConvergenceError(
            f"the replicon of {label(start)} stays positive along {along} from {plain.controls[along]}"
        )
    low, high, f_low, f_high = (np.array([v]) for v in bracket)
    if min(low[0], high[0]) > 0:
        root = find_roots(lambda x, i: excess(np.exp(x)), np.log(low), np.log(high), f_low, f_high)
        value = float(np.exp(root[0]))
    else:
        value = float(find_roots(excess, low, high, f_low, f_high)[0])
    state = solve(plain.replace(**{along: value}), start=start)
    if precision is not None:
        return _precise_instability(model, along, value, state, checked_digits(precision, model))
    return CriticalPoint(value, along, (state,), math.log(value) if value > 0 else math.nan)


def _precise_instability(model: Model, along: str, value: float, state: Solution, digits: int) -> CriticalPoint:
    """Secant steps on the replicon along the branch, in mpmath."""
    from mpmath import mp

    with working_digits(digits + 15):
        base = model.unchecked(**{k: mp.mpf(v) for k, v in model.controls.items()})

        def refined(x: Number) -> Solution:
            here = base.unchecked(**{along: x})
            return at_precision(dataclasses.replace(state, model=here), here, digits)

        value = mp.findroot(
            lambda x: refined(x).replicon,
            (mp.mpf(value), mp.mpf(value) * (1 + mp.mpf(10) ** -12)),
            solver="secant",
            tol=mp.mpf(10) ** (-2 * digits),
        )
        return CriticalPoint(value, along, (refined(value),), float(mp.log(abs(value))))


NEAR, LINEAR = 16, 64
"""Values looked at first, and values up to the edge of a domain that are equidistant."""


def _towards_breaking(plain: Model, along: str) -> NDArray:
    """Values from the model's own to the edge of the domain on the side where replica symmetry breaks."""
    meta = metadata(plain, along)
    own, edge = float(plain.controls[along]), meta["low"] if meta["breaking"] < 0 else meta["high"]
    if math.isinf(edge):
        return own + meta["breaking"] * np.concatenate([[0.0], np.geomspace(1e-3, 1e4, 141)]) * max(abs(own), 1e-3)
    linear = own + (edge - own) * np.linspace(0, 1, LINEAR + 1)[:-1]
    if edge != 0:
        return linear
    tail = linear[-1] * 10.0 ** -np.arange(0.25, 280, 1.0)
    return np.concatenate([linear, tail[tail > plain.finest]])


def _first_bracket(f: Any, values: NDArray) -> tuple[float, float, float, float] | None:
    """First sign change of f along the values, or on the last stretch before the state ceases to exist."""
    sampled_f = f(values)
    bracket = first_sign_change(values, sampled_f)
    present = ~np.isnan(sampled_f)
    end = int(np.argmin(present))
    if bracket is not None or present.all() or end == 0:
        return bracket
    inside, outside = values[end - 1], values[end]
    for _ in range(60):
        middle = 0.5 * (inside + outside)
        inside, outside = (inside, middle) if np.isnan(f(np.array([middle]))[0]) else (middle, outside)
    closer = inside + (values[end - 1] - inside) * np.append(np.geomspace(1, 1e-12, 49), 0.0)
    return first_sign_change(closer, f(closer))
