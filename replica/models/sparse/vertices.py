"""Vertices of a curve where they matter: at bends, and at the extrema of ln α, which are folds."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from replica.models.sparse.chart import LEAST_MARGIN
from replica.models.sparse.curve import Curve, Places
from replica.models.sparse.sharp import LOG_A

__all__ = ["smoothed", "with_folds"]


MOST_BENDS = 6
"""Times that cells on both sides of a bend are halved."""


BEND = 0.5
"""Turn of a curve, in radians of (v, t), above which it is a bend."""


def smoothed(curve: Curve) -> Curve:
    """Vertices added where the curve bends, so that between two of them it is nearly straight."""
    for _ in range(MOST_BENDS):
        # a unit of κ is a of the input of a unit
        along = np.where(curve.chart == 0, np.hypot(1.0, np.exp(np.minimum(curve.vertices[:, 0], LOG_A))), 1.0)
        same = curve.chart[1:] == curve.chart[:-1]
        step = np.diff(curve.vertices, axis=0) * np.stack([np.ones(len(same)), (along[1:] + along[:-1]) / 2], axis=-1)
        direction = np.arctan2(step[:, 1], step[:, 0])
        turn = np.abs((np.diff(direction) + math.pi) % (2 * math.pi) - math.pi)
        bent = np.nonzero((turn > BEND) & same[1:] & same[:-1] & (curve.chart[1:-1] >= 0))[0]
        cells = np.unique(np.concatenate([bent, bent + 1]))
        cells = cells[np.hypot(*step[cells].T) > 1e-3]
        if not len(cells):
            break
        added = curve.place(cells + 0.5)
        there = curve.at(added)
        on = np.abs(there.g - curve.sharp.g) < OFF * np.abs(there.m)
        if not on.any():
            break
        added, cells, load = Places(*(member[on] for member in added)), cells[on], there.log_alpha[on]
        curve = dataclasses.replace(
            curve,
            vertices=np.insert(curve.vertices, cells + 1, np.stack(added[:2], -1), axis=0),
            chart=np.insert(curve.chart, cells + 1, added.chart),
            log_alpha=np.insert(curve.log_alpha, cells + 1, load),
            folds=np.zeros(len(curve.folds) + len(cells), dtype=bool),
        )
    return curve


OFF = 1e-6
"""Distance from the level, in units of m, of what is not on the curve."""

HALVINGS = 10
"""Times that the cells beside an extremum are halved before a parabola is put through three points."""


def with_folds(curve: Curve) -> Curve:
    """Vertices added at the extrema of ln α, and ever closer on both sides of them."""
    load = curve.log_alpha
    margin = curve.at(curve.vertex(np.arange(len(load)))).margin
    with np.errstate(invalid="ignore"):
        rise = np.diff(load)
        # ln α carries the rounding of 1 − C; turns no larger than it are noise
        rounding = 1e-14 / np.maximum(np.minimum(margin[1:], margin[:-1]), LEAST_MARGIN)
        rise = np.where(np.abs(rise) > rounding, rise, 0.0)
        turn = np.sign(rise[1:]) * np.sign(rise[:-1]) < 0
    index = np.nonzero(turn & np.isfinite(load[:-2] + load[2:]))[0] + 1
    if not len(index):
        return curve
    sign = np.sign(rise[index - 1])
    left, here, right = (curve.vertex(index + k) for k in (-1, 0, 1))
    top = sign * load[index]
    before, after = [], []
    for _ in range(HALVINGS):
        middles = (
            curve.between(left, here, np.full(len(index), 0.5)),
            curve.between(here, right, np.full(len(index), 0.5)),
        )
        heights = [sign * curve.at(middle).log_alpha for middle in middles]
        best = np.argmax(np.nan_to_num([top, *heights], nan=-np.inf), axis=0)
        left, here, right = (
            _chosen(best, here_or)
            for here_or in ((middles[0], left, here), (here, *middles), (middles[1], here, right))
        )
        top = np.choose(best, [top, *heights])
        before.append(left)
        after.append(right)
    here, top = _parabolic(curve, sign, (left, here, right), top)
    return _with_vertices(curve, index, sign * top, before, here, after)


def _parabolic(
    curve: Curve, sign: NDArray, triple: tuple[Places, Places, Places], top: NDArray
) -> tuple[Places, NDArray]:
    """The top of the parabola through three places, where it is higher than the middle one."""
    left, here, right = triple
    low, high = (sign * curve.at(place).log_alpha for place in (left, right))
    with np.errstate(all="ignore"):
        share = (low - high) / (2 * (low - 2 * top + high))
    share = np.where(np.isfinite(share), np.clip(share, -1, 1), 0.0)
    side = _chosen((share > 0).astype(int), (left, right))
    trial = curve.between(here, side, np.abs(share))
    height = sign * curve.at(trial).log_alpha
    better = (height > top).astype(int)
    return _chosen(better, (here, trial)), np.where(better == 1, height, top)


def _chosen(which: NDArray, places: tuple[Places, ...]) -> Places:
    return Places(*(np.choose(which, members) for members in zip(*places, strict=True)))


def _with_vertices(
    curve: Curve, index: NDArray, load: NDArray, before: list[Places], folds: Places, after: list[Places]
) -> Curve:
    """The curve with vertices moved onto folds, and those before and after them added."""
    chain = [*before, folds, *reversed(after)]
    count = len(chain)
    v, x, chart = (np.stack([place[k] for place in chain], axis=1) for k in range(3))
    loads = curve.at(Places(v, x, chart)).log_alpha
    loads[:, len(before)] = load
    marks = np.zeros(count, dtype=bool)
    marks[len(before)] = True
    parts: list[list[NDArray]] = [[], [], [], []]
    last = 0
    for row, i in enumerate(index):
        new = np.stack([v[row], x[row]], axis=-1), chart[row], loads[row], marks
        # a place that did not change is there once
        fresh = np.ones(count, dtype=bool)
        fresh[1:] = (np.abs(np.diff(v[row])) + np.abs(np.diff(x[row])) > 0) | marks[1:] | marks[:-1]
        old = curve.vertices[last:i], curve.chart[last:i], curve.log_alpha[last:i], np.zeros(i - last, dtype=bool)
        for part, a, b in zip(parts, old, new, strict=True):
            part += [a, b[fresh]]
        last = i + 1
    tail = (
        curve.vertices[last:],
        curve.chart[last:],
        curve.log_alpha[last:],
        np.zeros(len(load) and len(curve.folds) - last, dtype=bool),
    )
    vertices, charts, log_alpha, marked = (np.concatenate([*part, a]) for part, a in zip(parts, tail, strict=True))
    return dataclasses.replace(curve, vertices=vertices, chart=charts, log_alpha=log_alpha, folds=marked)
