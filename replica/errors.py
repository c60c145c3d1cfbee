"""Exceptions of the package."""

from __future__ import annotations

__all__ = ["ConvergenceError", "UsageError"]


class ConvergenceError(ValueError):
    """A solve that found no solution; the message says what to try."""


class UsageError(ValueError):
    """Bad input by the user: commands print its text as one line and end with exit status 2."""
