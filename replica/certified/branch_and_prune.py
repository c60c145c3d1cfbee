"""All zeros of two equations in boxes of the half plane: branch and prune with the Krawczyk operator.

A box goes where an equation has no zero in it, by its range or by its mean-value form, or where K(X) does not meet it;
it holds exactly one zero where K(X) lies in its interior; else it shrinks to what the equations leave of it, or is cut
in two. Boxes are made a little larger before, so that a zero on an edge is inside of one.

R. Krawczyk, Computing 4, 187 (1969); R. E. Moore, R. B. Kearfott & M. J. Cloud (2009), chapter 8.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.certified.balls import NotProvenError
from replica.certified.plane import Boxes, Field, Machine, equations
from replica.certified.spans import Span, span

__all__ = ["Found", "search"]

BATCH = 2048
MOST = 300_000
"""Boxes after which the search is given up."""
LARGER = 0.05
"""Part of its width by which a box is made larger on each side."""
SMALLEST = 1e-11
"""Width in v and asinh t of boxes that are neither excluded nor isolated."""


class Found(NamedTuple):
    """Boxes each of which holds exactly one zero, and how many boxes were looked at."""

    boxes: Boxes
    inner: Boxes
    """K(X), in the interior of the box: holds the zero too."""
    tried: int


def search(machine: Machine, start: Boxes) -> Found:
    """Boxes around all zeros in the boxes given.

    Parameters
    ----------
    machine : Machine
        Controls.
    start : Boxes
        Where to look.

    Returns
    -------
    Found
        Each box holds exactly one zero, and every zero is in at least one of them; those of neighbours overlap.

    Raises
    ------
    NotProvenError
        If boxes remain that are too small to be cut, as at a double zero, or too many.
    """
    todo, isolated, tried = start, [], 0
    while len(todo.w):
        now, todo = todo.take(np.arange(len(todo.w)) < BATCH), todo.take(np.arange(len(todo.w)) >= BATCH)
        tried += len(now.w)
        rest, proven = _step(machine, now)
        isolated.append(proven)
        todo = _joined([todo, rest])
        if tried > MOST:
            raise NotProvenError(f"{len(todo.w)} boxes are left after {tried}: too many; near {_place(todo)}")
        width = np.maximum(todo.v.high - todo.v.low, np.arcsinh(todo.t.high) - np.arcsinh(todo.t.low))
        if (width < SMALLEST).any():
            left = todo.take(width < SMALLEST)
            raise NotProvenError(f"two states so near one another that they cannot be told apart, near {_place(left)}")
    return Found(_joined([one for one, _ in isolated]), _joined([one for _, one in isolated]), tried)


def _place(boxes: Boxes) -> str:
    a, t = np.exp(boxes.v.low[0]), boxes.t.low[0]
    return f"a = m/s = {a:.6g}, b = {t - a * boxes.w[0]:.6g}"


def _joined(parts: list[Boxes]) -> Boxes:
    w = np.concatenate([part.w for part in parts])
    v, t = (
        Span(np.concatenate([side.low for side in sides]), np.concatenate([side.high for side in sides]))
        for sides in ([part.v for part in parts], [part.t for part in parts])
    )
    return Boxes(w, v, t)


def _step(machine: Machine, boxes: Boxes) -> tuple[Boxes, tuple[Boxes, Boxes]]:
    """What is left of boxes to be looked at again, and the isolating ones with their K(X)."""
    boxes = _in_strip(boxes)
    larger = _enlarged(boxes)
    field = equations(machine, larger)
    with np.errstate(all="ignore"):
        boxes = Boxes(boxes.w, boxes.v.meet(field.place[0]), boxes.t.meet(field.place[1]))
    keep = ~(field.e[0].without_zero | field.e[1].without_zero) & _not_empty(boxes)
    boxes, larger, field = boxes.take(keep), larger.take(keep), _taken(field, keep)
    if not len(boxes.w):
        return boxes, (boxes, boxes)
    K, shrinks = _krawczyk(machine, larger, field)
    inside = (
        (K.v.low > larger.v.low) & (K.v.high < larger.v.high) & (K.t.low > larger.t.low) & (K.t.high < larger.t.high)
    ) & shrinks
    smaller = Boxes(boxes.w, boxes.v.meet(K.v), boxes.t.meet(K.t))
    keep = _not_empty(smaller)
    proven = larger.take(inside & keep), K.take(inside & keep)
    left = keep & ~inside
    return _cut(smaller.take(left), larger.take(left), _taken(field, left)), proven


def _taken(field: Field, index: NDArray) -> Field:
    return Field(*(tuple(part.take(index) for part in pair) for pair in field))  # type: ignore[arg-type]


def _not_empty(boxes: Boxes) -> NDArray:
    return (boxes.v.low <= boxes.v.high) & (boxes.t.low <= boxes.t.high)


def _in_strip(boxes: Boxes) -> Boxes:
    """What of the boxes may lie in |t| ≤ a/2; the chart of small a, w = 0, has no bound."""
    with np.errstate(over="ignore"):
        half = np.nextafter(0.5 * np.exp(boxes.v.high) * (1 + 1e-14), np.inf)
    free = (boxes.w == 0) & (boxes.v.low < 0)
    half = np.where(free, np.inf, half)
    t = boxes.t.meet(Span(-half, half))
    found = Boxes(boxes.w, boxes.v, t)
    return found.take(_not_empty(found))


def _enlarged(boxes: Boxes) -> Boxes:
    v, t = boxes.v, boxes.t
    more = LARGER * (v.high - v.low) + 1e-14 * v.size
    wide = LARGER * (np.arcsinh(t.high) - np.arcsinh(t.low)) + 1e-14
    with np.errstate(over="ignore"):
        grown = Span(np.sinh(np.arcsinh(t.low) - wide), np.sinh(np.arcsinh(t.high) + wide))
    return Boxes(
        boxes.w, Span(v.low - more, v.high + more), Span(np.minimum(grown.low, t.low), np.maximum(grown.high, t.high))
    )


def _centre(boxes: Boxes) -> tuple[NDArray, NDArray]:
    v = boxes.v.low + 0.5 * (boxes.v.high - boxes.v.low)
    t = _middle(boxes.t)
    return v, np.clip(t, boxes.t.low, boxes.t.high)


def _middle(t: Span) -> NDArray:
    """Half way in asinh t, where the ends are of different size."""
    plain = t.low + 0.5 * (t.high - t.low)
    far = np.sinh(0.5 * (np.arcsinh(t.low) + np.arcsinh(t.high)))
    return np.where(np.arcsinh(t.high) - np.arcsinh(t.low) > 1, far, plain)


def _krawczyk(machine: Machine, boxes: Boxes, field: Field) -> tuple[Boxes, NDArray]:
    """K(X), all of the plane where it is not defined, empty where a mean-value form excludes the box.

    Second: whether the operator is defined.
    """
    v, t = _centre(boxes)
    middle = equations(machine, Boxes(boxes.w, span(v), span(t)))
    dv, dt = boxes.v - v, boxes.t - t
    with np.errstate(all="ignore"):
        ranges = [middle.e[i] + field.by_v[i] * dv + field.by_t[i] * dt for i in (0, 1)]
        excluded = ranges[0].without_zero | ranges[1].without_zero
        J = [[0.5 * (x.low + x.high) for x in (middle.by_v[i], middle.by_t[i])] for i in (0, 1)]
        det = J[0][0] * J[1][1] - J[0][1] * J[1][0]
        Y = [[J[1][1] / det, -J[0][1] / det], [-J[1][0] / det, J[0][0] / det]]
        K = []
        for i, centre in enumerate((v, t)):
            step = middle.e[0] * Y[i][0] + middle.e[1] * Y[i][1]
            by_v = (1.0 if i == 0 else 0.0) - (field.by_v[0] * Y[i][0] + field.by_v[1] * Y[i][1])
            by_t = (1.0 if i == 1 else 0.0) - (field.by_t[0] * Y[i][0] + field.by_t[1] * Y[i][1])
            K.append(centre - step + by_v * dv + by_t * dt)
        defined = np.isfinite(det) & (det != 0) & np.isfinite(sum(x.low + x.high for x in K))
    ends = []
    for part in K:
        low = np.where(excluded, np.inf, np.where(defined, part.low, -np.inf))
        high = np.where(excluded, -np.inf, np.where(defined, part.high, np.inf))
        ends.append(Span(low, high))
    return Boxes(boxes.w, *ends), defined & ~excluded


def _cut(boxes: Boxes, before: Boxes, field: Field) -> Boxes:
    """Halves, of the boxes that have not become much smaller; the cut is across the direction that matters more."""
    dv, dt = boxes.v.high - boxes.v.low, boxes.t.high - boxes.t.low
    ds = np.arcsinh(boxes.t.high) - np.arcsinh(boxes.t.low)
    # what is all but a point does not become smaller
    whole = _halved(dv, before.v.high - before.v.low) | _halved(
        ds, np.arcsinh(before.t.high) - np.arcsinh(before.t.low)
    )
    with np.errstate(all="ignore"):
        weight_v = sum(_relative(field, i) * _width(field.by_v[i]) for i in (0, 1)) * dv
        weight_t = sum(_relative(field, i) * _width(field.by_t[i]) for i in (0, 1)) * dt
        known = np.isfinite(weight_v) & np.isfinite(weight_t) & (np.maximum(dv, ds) < 0.5)
    along_v = np.where(known, weight_v >= weight_t, dv >= ds)
    # a side that is all but a point is not cut
    along_v = np.where(dv < 1e-3 * SMALLEST, False, np.where(ds < 1e-3 * SMALLEST, True, along_v))
    v, t = boxes.v.low + 0.5 * dv, _middle(boxes.t)
    first = Boxes(
        boxes.w,
        Span(boxes.v.low, np.where(along_v, v, boxes.v.high)),
        Span(boxes.t.low, np.where(along_v, boxes.t.high, t)),
    )
    second = Boxes(
        boxes.w,
        Span(np.where(along_v, v, boxes.v.low), boxes.v.high),
        Span(np.where(along_v, boxes.t.low, t), boxes.t.high),
    )
    return _joined([boxes.take(whole), first.take(~whole), second.take(~whole)])


def _halved(width: NDArray, before: NDArray) -> NDArray:
    return (width < 0.5 * before) & (before > 1e3 * SMALLEST)


def _width(x: Span) -> NDArray:
    return x.high - x.low


def _relative(field: Field, i: int) -> NDArray:
    """Residuals are compared by their slopes."""
    slope = field.by_v[i].size + field.by_t[i].size
    return np.where(slope > 0, 1 / slope, 0.0)
