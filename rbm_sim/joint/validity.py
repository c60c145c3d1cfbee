"""Where a machine departs from what the theory assumes of it, and what follows from that."""

from __future__ import annotations

import numpy as np

from rbm_sim.joint.rescaling import Rescaled

__all__ = ["column_overlap", "column_sums", "warnings_for"]

SPARSE, COLD, CORRELATED, UNEVEN, DEAD, FEW = 0.2, 0.25, 1.5, 0.5, 0.1, 10.0
FULL = 0.2
"""Share of weights other than 0 beyond which products of full matrices are faster."""


def column_overlap(w: np.ndarray) -> float:
    """Mean square of Σ_i w_iμ w_iν over pairs μ ≠ ν, over what it is for independent weights of the same rows' norms.

    Of independent columns it is Σ_i (Σ_μ w_iμ²)²/M² per pair; 1 then, and larger where columns resemble each other.
    """
    M = w.shape[1]
    if M < 2:
        return 1.0
    square = w * w
    norms = square.sum(axis=0)
    observed = (_overlaps_squared(w) - np.sum(norms**2)) / (M * (M - 1))
    rows, fourth = square.sum(axis=1), (square**2).sum(axis=1)
    expected = np.sum(rows**2 - fourth) / (M * (M - 1))
    return float(observed / expected) if expected > 0 else 1.0


def _overlaps_squared(w: np.ndarray) -> float:
    """Σ over pairs, μ = ν included, of (Σ_i w_iμ w_iν)²."""
    if np.count_nonzero(w) > FULL * w.size:
        return float(np.sum((w.T @ w) ** 2))
    from scipy.sparse import csr_array

    few = csr_array(w)
    return float(((few.T @ few).data ** 2).sum())


def column_sums(w: np.ndarray) -> float:
    """Mean of (Σ_i w_iμ)² over that of Σ_i w_iμ²: 1 for weights of mean 0."""
    total = float(np.sum(w * w))
    return float(np.sum(w.sum(axis=0) ** 2) / total) if total else 1.0


def warnings_for(machine: Rescaled, *, never_active: float, L_predicted: float, laws: str) -> list[str]:
    """Lines, each naming an assumption that fails, the number that says so, and what it does to the answer."""
    w = machine.machine.weights.astype(float)
    norms = (w * w).sum(axis=0)
    overlap, sums, uneven = column_overlap(w), column_sums(w), float(norms.std() / norms.mean())
    said = []
    if machine.p > SPARSE:
        said.append(
            f"p_hat = {machine.p:.3g} is not small: the theory is that of p -> 0, with errors of the order of p"
        )
    if machine.W2 * COLD < 1:
        said.append(
            f"T_eff/p_hat = 1/W2 = {1 / machine.W2:.3g} is not small: theory is without temperature, which melts states"
        )
    if overlap > CORRELATED:
        said.append(
            f"columns of the weights overlap {overlap:.3g} times as much (mean square) as independent ones:"
            " the noise of weakly active units is larger than the theory's by about this factor, as if alpha were"
        )
    if sums > CORRELATED + 3 * np.sqrt(2 / len(norms)):
        said.append(
            f"weights of a hidden unit do not cancel: (sum w)^2 is {sums:.3g} times sum w^2 instead of 1;"
            " the mean input is a part of the thresholds that the theory does not have"
        )
    if uneven > UNEVEN:
        said.append(f"norms of hidden units differ by {uneven:.2g} of their mean: theory takes them as equal")
    if never_active > DEAD:
        said.append(
            f"{100 * never_active:.0f} % of the hidden units are never active: the load of the others is"
            f" {machine.alpha * (1 - never_active):.3g}"
        )
    if L_predicted > machine.machine.shape[1] / 2:
        said.append(
            f"L_predicted = {L_predicted:.3g} is not small beside the {machine.machine.shape[1]} hidden units:"
            " strongly active units are taken as few"
        )
    units = machine.p * machine.machine.shape[0]
    if units < FEW:
        said.append(
            f"p_hat N = {units:.3g} units of a hidden unit are few: what is of the order of 1/(p_hat N) is not in the"
            " theory"
        )
    if laws == "means":
        said.append(
            "prediction with the means of p_i, g_i and theta_mu: with its own laws none of the states without"
            " strong units was followed"
        )
    return said
