"""Random numbers that points are made of."""

from __future__ import annotations

import math

import numpy as np


def log_uniform(rng, low, high):
    """A number whose logarithm is uniform."""
    return float(math.exp(rng.uniform(math.log(low), math.log(high))))


def near(rng, value):
    """A number close to a value, on either side, the relative distance log-uniform in 1e-9 … 0.3."""
    return value * (1 + float(rng.choice([-1, 1])) * log_uniform(rng, 1e-9, 0.3))


def chosen(rng, **shares):
    """One of the names, with these shares."""
    names = list(shares)
    weights = np.array([shares[name] for name in names])
    return str(rng.choice(names, p=weights / weights.sum()))
