"""Own states against listed ones: missing, spurious, mislabelled; every disagreement is settled at 40 digits."""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from mpmath import mp

from attack.arithmetic import DIGITS, GUARD, Digits, Floats
from attack.equations import Planted, State
from attack.points import Point
from attack.search import same
from attack.settle import settled

CLOSE = 1e-6
"""Relative distance below which two states are one."""
LEAST_ACTIVITY, LEAST_MARGIN = 1e-12, 1e-9
"""q, 1 − q of 0/1 units and 1 − C of states that replica leaves out by its documentation, the lowest glass excepted."""


class Listed(NamedTuple):
    """A state in replica's list, in our units."""

    state: State
    kind: str
    k: int | None
    sheet: int
    free_energy: float
    stable: bool | None
    converged: bool


@dataclasses.dataclass
class Verdict:
    """What was found at one point: faults as (kind, text)."""

    faults: list
    states: int = 0
    unseen: list = dataclasses.field(default_factory=list)
    """States of replica's that are right and that our own search did not find, as text."""
    unsettled: list = dataclasses.field(default_factory=list)
    """Own states that Newton's method at 40 digits did not confirm, and that replica does not list, as text."""
    unaccounted: tuple[str, ...] = ()
    """What replica says may be missing."""

    @property
    def complete(self) -> bool:
        """Whether replica calls its list complete."""
        return not self.unaccounted


def judged(point: Point, own: list[State], listed: list[Listed]) -> Verdict:
    """Compare the two lists at a point; states of m < 0 as those of the mirrored one."""
    mirror = point.mirror()
    if mirror is None:
        return _judged(point, own, listed)
    if _nearly_even(point.machine().law.entries):
        return _judged(point, own, [entry for entry in listed if entry.state.m >= 0])
    ours, theirs = ([entry for entry in listed if (entry.state.m < 0) is below] for below in (False, True))
    flipped = [entry._replace(state=entry.state._replace(m=-entry.state.m)) for entry in theirs]
    one = _judged(point, own, ours)
    other = _judged(mirror, [state for state in mirror.states() if state.m > 0], flipped)
    for name in ("faults", "unseen", "unsettled"):
        getattr(one, name).extend(
            f"m < 0: {x}" if isinstance(x, str) else (x[0], f"m < 0: {x[1]}") for x in getattr(other, name)
        )
    one.states += other.states
    return one


def _nearly_even(entries):
    """Whether states of m < 0 are mirror images of others to 1e-6: nobody asks for them then."""
    pairs = zip(sorted(entries), sorted((-w, P) for w, P in entries), strict=True)
    return all(abs(a - b) < 1e-6 for one, other in pairs for a, b in zip(one, other, strict=True))


def _judged(point: Point, own: list[State], listed: list[Listed]) -> Verdict:
    """Compare the two lists at a point."""
    machine = point.machine()
    verdict = Verdict([])
    known = [entry for entry in listed if entry.converged]
    wrong, vague = set(), set()
    for entry in known:
        if any(_alike(entry.state, state) for state in own):
            continue
        right = settled(machine, entry.state)
        if right is not None and same(right, entry.state, 1e-3) and not _alike(right, entry.state):
            verdict.faults.append(("inaccurate", f"{entry.kind} {_text(entry.state)}{_instead(right)}"))
            vague.add(id(entry))
        elif right is None and 0 < entry.state.q < LEAST_ACTIVITY:
            # almost no unit is on: r and B do not know of them, and q may be off by many powers of ten
            verdict.faults.append(("inaccurate", f"{entry.kind} {_text(entry.state)}: q below {LEAST_ACTIVITY}"))
        elif right is None or not _alike(right, entry.state):
            verdict.faults.append(("spurious", f"{entry.kind} {_text(entry.state)}{_instead(right)}"))
            wrong.add(id(entry))
        elif _counts(machine, entry.state):
            verdict.unseen.append(_text(entry.state))
    for i, entry in enumerate(known):
        if any(_alike(entry.state, other.state, 1e-9) for other in known[:i]):
            verdict.faults.append(("spurious", f"listed twice: {_text(entry.state)}"))
    for state in own:
        if not _counts(machine, state) or any(_alike(entry.state, state) for entry in known):
            continue
        right = settled(machine, state)
        if right is None or not same(right, state, 1e-3):
            verdict.unsettled.append(_text(state))
        elif not any(_alike(entry.state, right, 1e-3 if id(entry) in vague else CLOSE) for entry in known):
            failed = any(_alike(entry.state, right, 1e-3) for entry in listed if not entry.converged)
            verdict.faults.append(("missing", f"{_text(right)}{' (listed as failed)' if failed else ''}"))
    right_ones = [entry for entry in known if id(entry) not in wrong]
    verdict.states = len(right_ones) + sum(kind == "missing" for kind, _ in verdict.faults)
    for entry in right_ones:
        verdict.faults += [
            ("mislabelled", f"{text}: {entry.kind} {_text(entry.state)}") for text in _labels(point, entry)
        ]
    verdict.faults += _inaccurate(machine, own, right_ones)
    values = [entry.free_energy for entry in right_ones]
    if any(b < a - 1e-9 * (abs(a) + abs(b)) for a, b in pairwise(values)):
        verdict.faults.append(("mislabelled", f"not lowest first: {values}"))
    return verdict


def _alike(one, other, tolerance=CLOSE):
    """Whether m, q and 1 − C agree; r, B and C, of which the smallest may be wrong, are looked at on their own."""
    pairs = ((one.m, other.m, 1e-300), (one.q, other.q, 1e-300), (1 - one.C, 1 - other.C, 1e-15))
    return all(abs(a - b) <= tolerance * max(abs(a), abs(b)) + rounding for a, b, rounding in pairs)


def _counts(machine, state):
    """Whether replica promises to list it; q in units of the largest value a visible unit has."""
    top = machine.visible.size(machine.T) if machine.layered else 1.0
    binary = machine.layered and getattr(machine.visible, "values", ()) == (0.0, 1.0)
    if binary and state.m > 0 and 1 - state.q < LEAST_ACTIVITY:
        return False
    if machine.layered and 0 < state.m < machine.least_overlap:
        return False
    inside = 1 - state.C >= LEAST_MARGIN or not machine.hidden_limit
    return state.q == 0 or (state.q >= LEAST_ACTIVITY * top**2 and inside)


def _text(state):
    return ", ".join(f"{name} = {value!r}" for name, value in state._asdict().items())


def _instead(right):
    return "" if right is None else f"; Newton's method leads to {_text(right)}"


def _inaccurate(machine, own, listed):
    """Members of listed states that are off by more than 1e-6, relative."""
    faults = []
    # at T > 0 a small C is the difference of averages that have as many digits as Newton's method here
    floor = getattr(machine, "least_response", None) or (1e-290 if machine.T == 0 else 1e-25)
    for entry in listed:
        twin = min(
            own, key=lambda state: sum(abs(a - b) for a, b in zip(state, entry.state, strict=True)), default=None
        )
        if twin is None or not _alike(twin, entry.state) or entry.state.q == 0:
            continue
        off = [n for n in ("r", "C", "B") if _differ(getattr(twin, n), getattr(entry.state, n), floor)]
        right = settled(machine, twin) if off else None
        for name in off:
            if right is not None and _differ(getattr(right, name), getattr(entry.state, name), floor):
                text = f"{name} = {getattr(entry.state, name)!r}, right {getattr(right, name)!r}: {_text(entry.state)}"
                faults.append(("inaccurate", text))
    return faults


def _differ(a, b, floor):
    return max(abs(a), abs(b)) > floor and abs(a - b) > CLOSE * max(abs(a), abs(b))


# Labels.


def _labels(point, entry):
    """What is said of a right state and is wrong."""
    machine, state, faults = point.machine(), entry.state, []
    expected = "paramagnet" if state.q == state.r == 0 else "spin_glass" if state.m == 0 else None
    if expected and entry.kind != expected:
        faults.append(f"kind should be {expected}")
    if state.m > 0 and entry.kind in ("paramagnet", "spin_glass"):
        faults.append("kind of a state with overlap")
    if state.q > 0 and state.r > 1e-290 and (1 - state.C > 1e-6 or machine.T > 1 or not machine.hidden_limit):
        faults += _of_energy(point, machine, entry)
        faults += _of_stability(machine, entry)
    numbered = point.family.startswith(("relu", "compositional"))
    steps = quiet_steps(machine, state) if numbered else None
    if steps is not None and (entry.k not in steps or entry.sheet) and _before_folds(machine, state):
        label = f"k, sheet = {entry.k}, {entry.sheet}"
        faults.append(f"{label}, but no fold lies between it and the zero-noise state {steps[-1]}")
    return faults


def _before_folds(machine, state):
    """Whether the number of folds up to the zero-noise state is even: 1 − J has the sign that it has there."""
    with mp.workdps(DIGITS + GUARD):
        return curvature(machine, state, Digits(), mp.mpf("1e-25")) > 0


def _of_energy(point, machine, entry):
    state, on = entry.state, Floats()
    f = machine.free_energy(state, on)
    if point.family == "hopfield":
        T, alpha = machine.T, machine.alpha
        f += alpha / 2 + (alpha * T / 2 * math.log(2 * math.pi * T) if T else 0)
    terms = abs(f)
    if not machine.layered and not isinstance(machine, Planted):
        terms += state.m**2 + machine.alpha * (1 + state.r * state.C)
    if machine.layered:
        stiffness = 0 if machine.hidden.bounded else 1
        terms += stiffness * machine.size * state.m**2 + machine.alpha * (state.r * state.C + state.B * state.q)
        terms += machine.alpha * machine.T * (1 + abs(math.log(machine.T))) if machine.T else 0
    wrong = not abs(f - entry.free_energy) <= 1e-8 * terms
    return [f"f = {entry.free_energy!r}, right {f!r}"] if wrong else []


def _of_stability(machine, entry):
    """`stable`, where the smallest curvature is not nearly 0; away from C = 1 and from noise below doubles."""
    state = entry.state
    close = 1 - state.C < 1e-5 and machine.hidden_limit
    if isinstance(machine, Planted) or entry.stable is None or state.m == 0 or close:
        return []
    if state.C < 1e-12:
        # without response the curvature is 1
        return [] if entry.stable else ["stable = False, curvature 1"]
    others = [machine.unlike(state, Floats()), *([1 - state.C] if machine.hidden_limit else [])]
    doubles = min(curvature(machine, state, Floats(), 1e-5), *others)
    if (doubles > 0) == entry.stable:
        return []
    # steps of a double may be wider than the noise
    with mp.workdps(DIGITS + GUARD):
        worst = min(curvature(machine, state, Digits(), mp.mpf("1e-25")), *others)
    sure = abs(worst) > 1e-4 and math.isfinite(worst)
    return [f"stable = {entry.stable}, curvature {worst:.3g}"] if sure and (worst > 0) != entry.stable else []


def curvature(machine, state, on, h):
    """1 − dm'/dm with q, r, C, B eliminated, m' the right-hand side of m; −inf where that has passed a pole."""
    names = State._fields
    state, columns = State(*map(on.number, state)), []
    for name in names:
        step = h * (1 - state.C if name == "C" else getattr(state, name))
        up, down = (state._replace(**{name: getattr(state, name) + sign * step}) for sign in (1, -1))
        pair = zip(machine.rhs(up, on), machine.rhs(down, on), strict=True)
        columns.append([float((a - b) / (2 * step)) for a, b in pair])
    J = np.array(columns).T
    if not np.isfinite(J).all():
        return math.nan
    inner = np.eye(4) - J[1:, 1:]
    if np.linalg.det(inner) <= 0:
        return -math.inf
    return 1 - J[0, 0] - J[0, 1:] @ np.linalg.solve(inner, J[1:, 0])


def quiet_steps(machine, state):
    """Names k of the zero-noise state that one at g < 0 surely descends from; all from one value of W to the next.

    C and dm'/dm < 0.05 at all smaller loads too, and the same units are on.
    The noise s falls as √α and the self-field αB/2 as α while m and q stay: the fields of the units are known.
    """
    if not machine.layered or machine.T > 0 or machine.balanced:
        return None
    if getattr(machine.visible, "values", ()) != (0.0, 1.0):
        return None
    g = -machine.visible.energies[1]
    if not (g < 0 < state.m and state.C < 0.05 and state.r > 0):
        return None
    w, x, P = machine.law.arrays()
    s, half = math.sqrt(machine.alpha * machine.p * state.r), machine.alpha * state.B / 2
    shares = np.geomspace(1e-12, 1.0, 200)[:, None]
    with np.errstate(under="ignore", over="ignore"):
        u = (g + state.m * w + shares * half * x) / (np.sqrt(shares) * s * np.sqrt(x))
        chi = np.exp(-u * u / 2) / (np.sqrt(shares * x) * s) / math.sqrt(2 * math.pi)
        # of few strong units the overlap answers to itself by more than C
        largest = max((chi @ (P * weight)).max() for weight in (machine.p * x, w * w / machine.size))
    on = g + state.m * w > 0
    if on.all() or not on.any():
        # all of the overlap is owed to the noise
        return None
    same_units = ((u > 0) == on).all() and (np.abs(u[-1]) > 2.5).all()
    below = max(0.0, w[~on].max())
    return range(int(below) + 1, int(w[on].min()) + 1) if largest < 0.05 and same_units else None
