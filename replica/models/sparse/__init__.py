"""What the R-RBM and its compositional limit share: equations, chart, level curves, states."""
