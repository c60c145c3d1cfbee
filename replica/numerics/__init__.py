"""Numerical methods, of any equations: Gaussian integrals, Newton, roots, folds, curves."""
