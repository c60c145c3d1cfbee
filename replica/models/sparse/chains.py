"""Whole curves, made of parts that end where another begins."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.models.sparse.arcs import Arc, End
from replica.models.sparse.chart import Couplings
from replica.models.sparse.curve import Curve
from replica.models.sparse.sharp import LOG_A, Sharp

__all__ = ["Piece", "chained"]


class Piece(NamedTuple):
    """A part of a curve in one chart: vertices, ln α, and its ends."""

    vertices: NDArray
    chart: int
    log_alpha: NDArray
    ends: tuple[End, End]


def chained(couplings: Couplings, sharp: Sharp, pieces: list[Piece], arcs: list[Arc]) -> list[Curve]:
    """Curves made of parts that end where another begins.

    Parameters
    ----------
    couplings : Couplings
        Of numbers.
    sharp : Sharp
        The level where the noise is small.
    pieces : list
        Parts on the chart.
    arcs : list of Arc
        Flips and plateaus.

    Returns
    -------
    list of Curve
        Whole curves, folds not yet marked.
    """
    parts = [*pieces, *(_from_arc(sharp, arc) for arc in arcs)]
    joints = _joints(parts)
    curves, left = [], set(range(len(parts)))
    starts = [(i, side) for i in range(len(parts)) for side in (0, 1) if (i, side) not in joints]
    for first in [*starts, *((i, 0) for i in range(len(parts)))]:
        if first[0] not in left:
            continue
        way, here = [], first
        while True:
            left.discard(here[0])
            way.append(here)
            other = (here[0], 1 - here[1])
            if other not in joints or joints[other][0] not in left:
                break
            here = joints[other]
        curves.append(_whole(couplings, sharp, [(parts[i], side) for i, side in way]))
    return curves


def _from_arc(sharp: Sharp, arc: Arc) -> Piece:
    plateau = bool(np.isnan(arc.t).all())
    point = sharp.plateau_point(arc.group, arc.v) if plateau else sharp.flip_point(arc.group, arc.v, arc.t)
    vertices = np.stack([arc.v, np.zeros_like(arc.v) if plateau else arc.t], axis=-1)
    return Piece(vertices, -arc.group - 1 if plateau else arc.group + 1, point.log_alpha, arc.ends)


NEAR = 0.02
"""Distance in units of the flips' width, and in ln a, within which two ends are the same place."""


def _joints(parts: list[Piece]) -> dict[tuple[int, int], tuple[int, int]]:
    """Ends (part, 0 or 1) that meet, each with its partner: nearest first."""
    ends: dict[tuple, list[tuple[float, tuple[int, int], int]]] = {}
    for i, part in enumerate(parts):
        for side, end in enumerate(part.ends):
            if end.kind == "chart":
                ends.setdefault(("chart",), []).append((end.place * math.exp(LOG_A), (i, side), part.chart != 0))
            elif end.kind == "plateau":
                ends.setdefault((end.group, end.side), []).append((end.place, (i, side), part.chart < 0))
    joints = {}
    for candidates in ends.values():
        pairs = sorted((abs(a[0] - b[0]), a[1], b[1]) for a in candidates for b in candidates if a[2] and not b[2])
        for distance, one, other in pairs:
            if distance < NEAR and one not in joints and other not in joints:
                joints[one], joints[other] = other, one
    return joints


def _whole(couplings: Couplings, sharp: Sharp, parts: list[tuple[Piece, int]]) -> Curve:
    """One curve of parts, each entered at its end 0 or 1."""
    turned = [(p.vertices[:: 1 - 2 * side], p.log_alpha[:: 1 - 2 * side], p.chart) for p, side in parts]
    chart = np.concatenate([np.full(len(v), c) for v, _, c in turned])
    vertices, load = (np.concatenate([part[k] for part in turned]) for k in (0, 1))
    ends = parts[0][0].ends[parts[0][1]], parts[-1][0].ends[1 - parts[-1][1]]
    # where two parts meet the place is there twice: once is enough, in the chart of the smaller noise
    seam = np.cumsum([len(v) for v, _, _ in turned])[:-1]
    drop = [i - 1 if abs(chart[i]) > abs(chart[i - 1]) or chart[i] < 0 else i for i in seam]
    vertices, load, chart = (np.delete(x, drop, axis=0) for x in (vertices, load, chart))
    names = ["window" if e.kind in ("chart", "plateau", "lost") else e.kind for e in ends]
    k = [_zero_noise_state(sharp, e) for e in ends]
    unmarked = np.zeros(len(load), dtype=bool)
    return Curve(couplings, sharp, vertices, chart, load, unmarked, (k[0], k[1]), (names[0], names[1]))


def _zero_noise_state(sharp: Sharp, end: End) -> int | None:
    """The k of a state without noise: (k − 1) m < |g| < k m."""
    if end.kind != "no noise":
        return None
    return math.floor(abs(sharp.g) / float(sharp.m_from[end.group])) + 1
