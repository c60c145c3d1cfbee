"""What cannot fit into memory is refused before the system ends the process for it."""

from __future__ import annotations

import os

from rbm_sim._support import check


def check_memory(name: str, value: int, what: str, needed: float) -> None:
    """Raise a ValueError if so many of something need more bytes than this machine has."""
    there = _memory()
    if there is not None and needed > there:
        raise ValueError(
            f"{name} = {check.short(value)}: so many {what} need about {needed / 1e9:.3g} GB, "
            f"there are {there / 1e9:.3g} GB"
        )


def _memory() -> float | None:
    """Bytes of memory of this machine, None where the system does not tell."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
