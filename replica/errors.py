"""Exceptions and warnings of the package."""

from __future__ import annotations

__all__ = ["ConvergenceError", "IncompleteWarning", "UsageError"]


class ConvergenceError(ValueError):
    """A solve that found no solution; the message says what to try."""


class IncompleteWarning(UserWarning):
    """States may be missing from an answer; the message says which ends of curves or which searches are."""


class UsageError(ValueError):
    """Bad input by the user: commands print its text as one line and end with exit status 2."""
