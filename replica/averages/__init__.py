"""One site in its Gaussian field: a spin, one step of symmetry breaking; and the law of W, its condensed field."""
