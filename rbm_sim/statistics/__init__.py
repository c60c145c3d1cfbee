"""Means with errors, autocorrelation times, the limit N → ∞."""
