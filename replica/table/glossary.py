"""What the columns of tables and the words in them mean, in one line each."""

from __future__ import annotations

__all__ = ["GROUPS", "SUFFIXES", "TERMS", "explained"]

GROUPS = {
    "Controls": {
        "alpha": "load: patterns or hidden units per visible unit, α = M/N (dense memories: M N^{1−P})",
        "T": "temperature, Boltzmann's constant 1",
        "theta": "threshold of the hidden units (compositional limit, place: θ̃ = θ/√p)",
        "g": "field on the visible units (compositional limit, place: g̃ = g/p)",
        "p": "sparsity: variance of a weight times N, the share of weights that are not 0 if these are ±1",
        "L": "patterns that a state retrieves at once",
        "ell": "ℓ = L p, strongly active hidden units times sparsity",
        "a": "activity of sparse patterns, the share of units that are on",
        "c": "connectivity of a diluted network, the share of couplings kept",
        "body": "units in one term of the energy",
        "states": "states of a Potts unit; in measurements the number of data",
        "gamma": "patterns of the teacher's machine per unit",
        "beta_teacher": "inverse temperature of the teacher",
    },
    "Order parameters": {
        "m": "overlap of the state with the pattern it retrieves; 0 without retrieval",
        "q": "mean square of a visible unit's thermal mean (Edwards-Anderson overlap)",
        "r": "mean square of a hidden unit's thermal mean, of those not retrieved; Hopfield: of overlaps, over α",
        "C": "response of the visible units, p times their mean variance over T; for spins β(1 − q)",
        "B": "response of the hidden units, p times their mean variance over T; Hopfield: 1/(1 − C)",
        "dq": "q inside the clusters of one step of replica-symmetry breaking, less q between them",
        "dr": "the same of r",
        "mu": "limit of βx, x the size of a cluster of replicas: e^{μN(E − E₀)} states have the energy E",
        "m_tilde": "overlap m over its largest value: for {0,1} units 2m, for one of L patterns relative to all",
    },
    "States": {
        "kind": "branch of the state: retrieval, mixture, spin_glass, paramagnet, ferromagnet",
        "n": "condensed patterns, with an overlap of order 1; 0: none",
        "k": "which state without noise it descends from (random RBMs): units with W ≥ k are on",
        "f": "free energy for each visible unit",
        "energy": "its energy part, f + T s",
        "entropy": "its entropy part s; below 0 at T = 0 where replica symmetry does not hold",
        "replicon": "1 minus the growth of what breaks replica symmetry: > 0 stable, 0 on the AT line, < 0 broken",
        "stable": "whether f is a minimum over the overlaps (locally stable); of replica symmetry the replicon tells",
        "residual": "largest residual of the saddle-point equations, relative for order parameters above 1",
        "status": "converged, or what kept the state from being solved to rounding",
        "unaccounted": "what was not searched, so that states may be missing; empty: the list is complete",
    },
    "Critical lines and phases": {
        "alpha_c": "capacity: largest load with retrieval at T = 0; measured: its limit for N → ∞",
        "alpha_M": "largest load with retrieval at this temperature",
        "T_g": "spin glass exists below it",
        "T_M": "retrieval states exist below it",
        "T_c": "retrieval states are the lowest below it",
        "T_R": "replica symmetry of the retrieval state breaks below it (AT line)",
        "gamma_L": "load from which the student learns",
        "gamma_g": "load at which its spin glass begins",
        "ell_star": "ℓ*, where f̃ over ℓ is lowest; empty if it falls to the branch's end, 0 if it rises from 0",
        "f_star": "f̃ at ℓ*, in units of p",
        "f_sg": "f̃ of the lowest spin glass",
        "f_zero": "f̃ of ℓ → 0, the state without strong hidden units; empty where it has ended",
        "phase": "that of the lowest free energy: compositional, spin_glass, ferromagnetic",
    },
    "Machines": {
        "N": "visible units",
        "M": "hidden units, or patterns",
        "samples": "machines or trials that are averaged",
        "kept": "share of samples that stayed with the pattern",
        "lost": "share of samples that left the pattern; of chains or branches, what could not be followed",
        "m_all": "overlap over all samples, those that lost the pattern included",
        "m_tilde_all": "the same of m̃",
        "alpha_half": "load at which half of the machines have lost a first pattern",
        "alpha_mean": "mean load at which a machine loses its first pattern",
        "width": "scatter of it over machines",
        "crossing": "load at which this size and the smallest one retrieve equally often",
        "never_lost": "machines that kept all up to the highest load tried",
        "m0_edge": "smallest initial overlap from which patterns are retrieved",
        "sweeps": "passes over all units until nothing moved",
        "dynamics": "which units move together",
    },
    "Learning": {
        "epoch": "passes over the data",
        "p_hat": "p̂ = (1/MN) Σ_μ (Σ_i w²)²/Σ_i w⁴, sparsity measured on the weights",
        "W2": "W₂ = (1/M) Σ w²",
        "T_eff": "p̂/W₂, the temperature of the theory's machine with the same law",
        "L_hat": "L̂ = (Σ h³)²/Σ h⁶, strongly active hidden units, mean over data",
        "silent": "hidden units with h = 0, mean over data",
        "never_active": "hidden units that no datum activates",
        "empty": "hidden units without weights",
        "F": "clamped free energy of data, −ln Σ_h e^{−E(v,h)}, mean, or of the chain",
        "pseudo_ll": "pseudo-log-likelihood, Σ_i ln p(v_i | the others), mean over data",
        "valid_pseudo_ll": "the same of data that are not learned from",
        "valid_F": "clamped free energy of these",
        "log_likelihood": "ln p(v), mean over data (nats)",
        "log_Z": "ln of the partition function",
        "chain": "number of the Markov chain",
        "active": "hidden units that are on",
        "v": "visible units, one digit each",
    },
    "Where a machine stands": {
        "x": "p_i/p, share of each visible unit in the sparsity",
        "source": "where activities are measured: data or samples",
        "distance": "fraction of visible units in which two configurations differ, mean over pairs",
        "ell_hat": "L̂ p̂, to be compared with ell_star",
        "L_predicted": "ℓ*/p̂, strongly active hidden units expected",
        "m_predicted": "m̃ expected",
        "laws": "own: prediction with the machine's own p_i, g_i, θ_μ; means: with their means",
        "valid": "whether no assumption of the theory fails",
        "warnings": "the assumptions that fail",
    },
    "Lists of models and proofs": {
        "name": "of the critical value",
        "value": "its decimals, cut off",
        "lower": "proven lower bound",
        "upper": "proven upper bound",
        "digits": "decimals that are proven",
        "proven": "what the proof says",
        "model": "name for --model",
        "controls": "what it depends on",
        "lines": "what `python -m replica phase` gives over which grids",
        "title": "what it is",
    },
    "Words": {
        "chart": "coordinates in which the load is an explicit function, so that no state is lost",
        "fold": "where two states meet and end (spinodal)",
        "coexistence": "where two states have the same free energy",
        "z": "(measured − theory)/standard error",
    },
}
"""Terms and their meanings, by what they belong to."""

TERMS = {name: meaning for group in GROUPS.values() for name, meaning in group.items()}

SUFFIXES = {
    "_err": "standard error of {}",
    "_syst": "what the choice of the extrapolation leaves open in {}",
    "_sd": "standard deviation over units of {}",
    "_theory": "{} by theory",
    "_sim": "{} of machines",
    "_z": "(measured − theory)/standard error of {}",
    "_boundary": "nearest {} at which the phase changes",
    "_beyond": "phase beyond that boundary in {}",
}
"""Endings of columns, {} standing for the column before."""


def explained(column: str) -> str | None:
    """What a column means.

    Parameters
    ----------
    column : str
        Its name.

    Returns
    -------
    str or None
        One line; None if it is not known.
    """
    if column in TERMS:
        return TERMS[column]
    for ending, text in SUFFIXES.items():
        before = column.removesuffix(ending)
        if before != column and before in TERMS:
            return text.format(before)
    return None
