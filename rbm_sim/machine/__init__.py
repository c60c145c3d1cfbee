"""The machine: units joined by weights, its patterns, its Gibbs sampling."""
