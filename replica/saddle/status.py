"""Whether a solve found what was asked for, and what to try if not."""

from __future__ import annotations

import enum

__all__ = ["Status"]


class Status(enum.IntEnum):
    """How a solve ended; `.advice` says what to try next."""

    CONVERGED = 0
    ABSENT = 1
    FAILED = 2
    OVERFLOW = 3

    @property
    def advice(self) -> str:
        """What the status means and what to try."""
        return {
            Status.CONVERGED: "converged: every residual is below 1e-10, or at the rounding of C where 1 - C is small",
            Status.ABSENT: "no such state here: try another load or temperature, or list what exists with solve_all",
            Status.FAILED: "not solved to rounding: C is 1 to nearly all digits, or the point ill-conditioned; "
            "move it slightly, or give precision=50",
            Status.OVERFLOW: "the control or an order parameter is beyond a double (inf or 0), f is not known: "
            "take log_value, or give precision=50",
        }[self]
