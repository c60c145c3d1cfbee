"""One step of replica-symmetry breaking beyond the models: at T > 0, for the R-RBM, for SK."""
