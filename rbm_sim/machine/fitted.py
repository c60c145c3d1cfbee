"""Parameters of a machine that scikit-learn has fitted."""

from __future__ import annotations

from typing import Any

import numpy as np

from rbm_sim._support import check

NAMES = ("components_", "intercept_visible_", "intercept_hidden_")


def parameters(estimator: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights and fields of a BernoulliRBM, E(v, h) = −Σ w_{iμ} v_i h_μ − Σ g_i v_i − Σ b_μ h_μ.

    Parameters
    ----------
    estimator : sklearn.neural_network.BernoulliRBM
        One that is fitted.

    Returns
    -------
    w, g, b : ndarray, shape (N, M), (N,), (M,)
        Copies of its parameters.

    Raises
    ------
    ValueError
        If it has not all of them, or they do not fit together.
    """
    missing = [name for name in NAMES if not hasattr(estimator, name)]
    if missing:
        raise ValueError(
            f"estimator = {check.short(estimator)}: must be a fitted BernoulliRBM of scikit-learn, has no "
            + ", ".join(missing)
        )
    components, g, b = (check.real_array(name, getattr(estimator, name)) for name in NAMES)
    if components.ndim != 2 or g.shape != components.shape[1:] or b.shape != components.shape[:1]:
        raise ValueError(
            f"components_ has shape {components.shape}, intercept_visible_ {g.shape} and intercept_hidden_ {b.shape}: "
            "must be (M, N), (N,) and (M,)"
        )
    return components.T.copy(), g.copy(), b.copy()
