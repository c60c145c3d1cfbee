"""A random RBM of any two layers: its equations as curves, and the states on them."""
