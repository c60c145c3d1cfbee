"""Numerical methods that know no physics: Gaussian integrals, Newton, roots, folds, curves."""
