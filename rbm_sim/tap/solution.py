"""What solving returns: means, variances, ln Z, and a status that says what to try."""

from __future__ import annotations

import enum
from typing import NamedTuple

import numpy as np

from rbm_sim._support import shown


class Status(enum.IntEnum):
    """How a solve ended; `text` says what to try next.

    Attributes
    ----------
    text : str
        What it means, and what to try.
    """

    CONVERGED = 0, "converged"
    NOT_CONVERGED = (
        1,
        "the sweeps did not converge: try another start (tap.solve_all), a higher T, or sampling (partition.ais)",
    )
    NO_LAW = (
        2,
        "a layer of continuous units has no law beside such variances of the other one: start nearer to a state "
        "(start=, a configuration), or try a higher T",
    )
    UNSTABLE = (
        3,
        "a solution at which the expansion does not hold, perturbations grow (replicon < 0): try another start "
        "(tap.solve_all), a higher T, or sampling (partition.ais)",
    )

    text: str

    def __new__(cls, value: int, text: str) -> Status:
        """Make a status of its number and its text."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.text = text
        return member


class Solution(NamedTuple):
    """A solution of the equations of one machine.

    Attributes
    ----------
    value : float
        ln Z; nan if there is no solution.
    v, h : ndarray, shape (N,) and (M,)
        Means ⟨v_i⟩ and ⟨h_μ⟩.
    var_v, var_h : ndarray, shape (N,) and (M,)
        Their variances.
    residual : float
        Largest difference of a mean or variance and what its equation says, relative above 1.
    replicon : float
        1 minus the growth per sweep of the variance of small perturbations with independent entries; of random
        machines 1 − αp²⟨(var_v/T)²⟩⟨(var_h/T)²⟩. Where it is negative the expansion does not hold; where it is
        positive, common directions (weights of low rank) may still leave the solution: `amp.growth` tells.
    status : Status
        Whether it is a solution, and if not, what to try.
    """

    value: float
    v: np.ndarray
    h: np.ndarray
    var_v: np.ndarray
    var_h: np.ndarray
    residual: float
    replicon: float
    status: Status

    def __repr__(self) -> str:
        return shown.fields(self)
