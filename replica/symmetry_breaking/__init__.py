"""One step of replica-symmetry breaking where it is no model of `replica.models`: Hopfield at T > 0, R-RBM, SK."""
