"""One site in its Gaussian field: a spin, one step of symmetry breaking, the law of W."""
