"""Values read off the figures of Tubiana & Monasson, PRL 118, 138301 (2017), by digitising, and their controls."""

from __future__ import annotations

from paper_checks.check import Tolerance

__all__ = [
    "CAPACITY",
    "CROSSES",
    "DIGITISED",
    "ENERGY",
    "FIG_3",
    "FIG_3B",
    "FIG_4",
    "GLASS_LEVEL",
    "OVERLAP",
    "SIMULATED",
    "SOURCE",
]

SOURCE = "Tubiana & Monasson, PRL 118, 138301 (2017)"

FIG_3 = {"p": 0.1, "g": -0.02}
FIG_3B = {**FIG_3, "alpha": 0.6, "theta": 0.3}
FIG_4 = {"alpha": 0.5, "theta": 1.5, "g": -0.21}
"""Homogeneous curves; rescaled quantities."""

CAPACITY = {
    1: {0.0: 0.137, 0.1: 1.60, 0.15: 8.9, 0.2: 72.0},
    2: {0.0: 0.090, 0.1: 0.515, 0.2: 6.04},
    5: {0.0: 0.051, 0.1: 0.177, 0.2: 0.84, 0.3: 5.7},
    10: {0.0: 0.0247, 0.1: 0.072, 0.2: 0.265, 0.3: 1.25},
    15: {0.0: 0.0132, 0.1: 0.0365, 0.2: 0.124, 0.3: 0.52},
}
"""Fig. 3(a): α_c(θ) for each L."""

CROSSES = {1: 0.995, 2: 0.9445, 5: 0.8167, 10: 0.666, 13: 0.616}
"""Fig. 3(b), theory: m̃(L)."""

SIMULATED = {2: 0.952, 5: 0.824, 10: 0.687}
"""Fig. 3(b), simulation of N = 10⁴: centres of the bars."""

ENERGY = {0.1: -1.60e-3, 0.2: -2.48e-3, 0.5: -2.85e-3, 1.0: -0.61e-3, 1.4: 1.4e-3}
"""Fig. 4(a), homogeneous: e_ℓ."""

GLASS_LEVEL = -0.62e-3
"""Fig. 4(a), homogeneous: energy of the spin glass."""

OVERLAP = {0.22: 0.901, 0.5: 0.801, 1.0: 0.673, 1.4: 0.602}
"""Fig. 4(c), homogeneous: m̃(ℓ)."""

DIGITISED = Tolerance("digitised", 0.03, "values read off a printed figure carry 1 to 3 %", relative=True)
