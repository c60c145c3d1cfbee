"""Published formulas and numbers, each recomputed: one file per section of a source, one function per claim.

A check is a function decorated with `paper_checks.check.check` that returns a `Verdict`. It is found by being
in a module of this package; `python -m paper_checks` runs them all and prints the verdicts.
"""
