"""Bars and stripes, a data set of the field: what the best machine can reach."""

from __future__ import annotations

import itertools

import numpy as np

from paper_checks.check import Verdict, check, last_digit
from paper_checks.evidence import weigh
from rbm_sim.learning import datasets

SOURCE = "bars and stripes, benchmark of the field"


@check(
    source=SOURCE,
    where="bound on the sum of the log-likelihoods, 3×3, 14 distinct images",
    printed="-36.94680261461",
    seen="r",
    route="entropy of the distinct images among all 512, found by their definition",
)
def bound() -> Verdict:
    """No law gives data more than minus their entropy: −14 ln 14, the images each counted once."""
    images = np.array(list(itertools.product((0, 1), repeat=9))).reshape(-1, 3, 3)
    bars = (images == images[:, :, :1]).all(axis=(1, 2))
    stripes = (images == images[:, :1, :]).all(axis=(1, 2))
    found = images[bars | stripes].reshape(-1, 9)
    p = np.unique(datasets.bars_and_stripes(3).images, axis=0, return_counts=True)[1] / len(found)
    note = f"{len(found)} images with bars, stripes or neither; images of one colour counted once"
    return weigh(
        [len(found) * (p * np.log(p)).sum(), -len(found) * np.log(len(found))],
        -36.94680261461,
        last_digit("-36.94680261461"),
        note,
    )
