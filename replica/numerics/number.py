"""The type of the numbers that the formulas take and give."""

from __future__ import annotations

from typing import Any, TypeAlias

__all__ = ["Number"]

Number: TypeAlias = Any
"""A float, an array of floats, a complex step or an mpmath number.

- A float or an array of them: double precision, arrays element by element with broadcasting.
- A complex step x + iε, a number or an array: its imaginary part carries a derivative (`replica.numerics.elementary`).
- An mpmath number, real or a complex step, or an object array of them: the working precision of mpmath.

A function gives back the kind it was given, or the widest of them. The checker is told `Any`: mpmath has no types, and
of a union of the others it asks at every comparison and index which of them is at hand, which the formulas do not know.
"""
