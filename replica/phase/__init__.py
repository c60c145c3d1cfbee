"""The phase command: critical lines of a model over a grid of its control parameters."""
