"""Certified numbers: critical values between proven bounds, by ball arithmetic and an interval Newton method.

Needs the extra `rigorous` (python-flint). `python -m replica.certified` prints them all, `python -m replica.certified
states` all states of a model at a point, with the proof that there are no others.

>>> from replica.certified import alpha_c
>>> alpha_c(digits=30).value
'0.137905566494931737843636123218'
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

NUMBERS = {
    "alpha_c": "replica.certified.hopfield",
    "y_c": "replica.certified.hopfield",
    "alpha_1": "replica.certified.hopfield",
    "alpha_3": "replica.certified.hopfield",
    "ell_star": "replica.certified.compositional",
}
"""What is certified, and the module with the proof."""

_PUBLIC = {
    **NUMBERS,
    "ProvenStates": "replica.certified.proven_states",
    "states": "replica.certified.proven_states",
    "Enclosure": "replica.certified.enclosure",
    "NotProvenError": "replica.certified.balls",
    "krawczyk": "replica.certified.interval_newton",
}

__all__ = [*_PUBLIC]  # noqa: PLE0604 - the names are the keys


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'replica.certified' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
