"""Prints what numpy chooses by the processor it meets, for a run without it: the rounding of the least processor.

``NPY_DISABLE_CPU_FEATURES="$(python tests/no_vectors.py)" make test`` runs the tests with numpy's baseline only: sums,
exp, log and tanh then have the last digits of a machine without wide vectors. Processes that tests start inherit it.
The BLAS library and scipy choose for themselves: for products there is ``pytest --shake`` (tests/shaken/shake.py), and
``OPENBLAS_CORETYPE``.
"""

import os

os.environ.pop("NPY_DISABLE_CPU_FEATURES", None)

import numpy as np

# Any other name would be a warning in each process that imports numpy, and warnings are errors in the tests.
print(" ".join(np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])))
