"""Where phases meet: critical lines, phase diagrams on grids, the best ℓ of the compositional regime."""
