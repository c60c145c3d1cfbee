"""Each check of the blog post turns its verdict when one of the formulas it rests on is changed."""

import numpy as np
import pytest

import rbm_sim
from paper_checks import (
    bars_and_stripes,
    blog_coarse_graining,
    blog_rbm,
    blog_renormalisation,
    blog_size_consistency,
    blog_trace,
    blog_training,
    blog_training_mean_field,
)
from paper_checks.check import Check
from rbm_sim.learning import datasets, maximum_likelihood
from rbm_sim.partition import exact, extensivity, renormalisation

MODULES = (
    bars_and_stripes,
    blog_coarse_graining,
    blog_rbm,
    blog_renormalisation,
    blog_size_consistency,
    blog_trace,
    blog_training,
    blog_training_mean_field,
)
CHECKS = {c.name: c for m in MODULES for c in vars(m).values() if isinstance(c, Check)}

energies, log_sum, machine = blog_rbm.energies, blog_rbm.log_sum, blog_rbm.machine
contrastive, gibbs_step, pseudocode = blog_training.contrastive, blog_training.gibbs_step, blog_training._pseudocode
sigma, statistic, strong = blog_training.sigma, blog_training.statistic, blog_training.strong
law, renormalised, trace, variational = (
    blog_renormalisation.law,
    blog_renormalisation.renormalised,
    blog_trace.trace,
    blog_trace.variational,
)
decimate, coarse_grain = renormalisation.decimate, renormalisation.coarse_grain
bars, fit, layer_changes = datasets.bars_and_stripes, maximum_likelihood.fit, renormalisation.layer_changes


def other_sign(w, b, c):
    return energies(-w, b, c)


def not_normalised(E, K):
    return E[None, :] + K


def uncoupled(*_):
    w, b, c = strong()
    return 0 * w, b, c


def without_weights(*_):
    return rbm_sim.RBM(np.zeros((4, 3)), visible=rbm_sim.Bernoulli(0.3), hidden=rbm_sim.Bernoulli(-0.2))


def same_constant(rbm):
    found = layer_changes(rbm)
    return found._replace(standardised=found.normalised)


MUTATIONS = {
    "blog_rbm.energy_function": (blog_rbm, "energies", other_sign),
    "blog_rbm.partition_function": (blog_rbm, "energies", other_sign),
    "blog_rbm.visible_law": (blog_rbm, "energies", other_sign),
    "blog_rbm.likelihood_in_two_parts": (blog_rbm, "energies", other_sign),
    "blog_rbm.standard_free_energy": (blog_rbm, "log_sum", lambda E: -log_sum(E)),
    "blog_rbm.clamped_free_energy": (blog_rbm, "log_sum", lambda E: -log_sum(E)),
    "blog_rbm.clamped_free_energy_is_easy": (blog_rbm, "energies", other_sign),
    "blog_rbm.partition_function_is_hard": (exact, "log_partition", lambda rbm: rbm.shape[0]),
    "blog_training.conditional_probabilities": (blog_training, "sigma", lambda x: sigma(-x)),
    "blog_training.factorised_by_mean_field": (extensivity, "mean_field", exact.log_partition),
    "blog_training_mean_field.mean_field_is_a_first_order": (
        blog_training_mean_field,
        "errors",
        lambda scale: scale**2 * np.array([1e-9, 1e-10, 1e-11]),
    ),
    "blog_training.update_rule": (blog_training, "statistic", lambda *a: -statistic(*a)),
    "blog_training.phases": (blog_training, "statistic", lambda *a: -statistic(*a)),
    "blog_training.limit_of_infinite_sampling": (
        blog_training,
        "gibbs_step",
        lambda w, b, c: gibbs_step(0.9 * w, b, c),
    ),
    "blog_training.one_step_is_mean_field": (blog_training, "strong", uncoupled),
    "blog_training.contrastive_divergence_is_a_gradient": (
        blog_training,
        "contrastive",
        lambda fields, k: contrastive(fields, 500),
    ),
    "blog_training.pseudocode": (blog_training, "_pseudocode", lambda n, r, d, m: pseudocode(n, r, 0.5 * d, m)),
    "blog_renormalisation.partition_function_is_not_the_law": (blog_renormalisation, "renormalised", not_normalised),
    "blog_renormalisation.rescaled_energy": (blog_renormalisation, "log_sum", lambda E: float(E.sum())),
    "blog_renormalisation.generating_function": (blog_renormalisation, "energies", other_sign),
    "blog_renormalisation.without_the_distribution": (blog_renormalisation, "renormalised", variational),
    "blog_renormalisation.kernel_factors_out": (blog_renormalisation, "renormalised", variational),
    "blog_renormalisation.partition_functions_are_identical": (blog_renormalisation, "renormalised", not_normalised),
    "blog_renormalisation.marginal_of_the_construction": (
        renormalisation,
        "kadanoff_energy",
        renormalisation.variational_energy,
    ),
    "blog_renormalisation.marginals_can_differ": (blog_renormalisation, "renormalised", variational),
    "blog_renormalisation.every_kernel_changes_the_law": (
        blog_renormalisation,
        "renormalised",
        lambda E, K: renormalised(E, K / 2),
    ),
    "blog_renormalisation.same_number_of_units": (blog_renormalisation, "renormalised", not_normalised),
    "blog_renormalisation.observables_are_retained": (blog_renormalisation, "law", lambda E: law(E) ** 2),
    "blog_renormalisation.nothing_of_the_law_is_learned": (
        maximum_likelihood,
        "fit",
        lambda *a, **given: fit(*a, **{**given, "iterations": 1}),
    ),
    "blog_coarse_graining.decimation_retains_the_observables": (
        renormalisation,
        "decimate",
        lambda J, kept: decimate(0.99 * J, kept),
    ),
    "blog_coarse_graining.half_the_units_keep_everything": (
        renormalisation,
        "decimate",
        lambda J, kept: decimate(J, kept, pin=10.0),
    ),
    "blog_coarse_graining.free_energy_is_lost_with_the_law": (
        renormalisation,
        "coarse_grain",
        lambda E, units, **given: coarse_grain(E, units, iterations=1)._replace(divergence=np.array([4.0, 0.1])),
    ),
    "blog_trace.layer_normalisation_keeps_free_energy": (blog_trace, "machine", without_weights),
    "blog_trace.proof_is_wrong": (blog_trace, "renormalised", variational),
    "blog_trace.trace_condition": (blog_trace, "variational", not_normalised),
    "blog_trace.trace_condition_keeps_free_energy": (blog_trace, "variational", lambda E, K: E[:, None] + K),
    "blog_trace.free_energy_without_trace_condition": (blog_trace, "renormalised", variational),
    "blog_trace.kernel_is_not_constant": (blog_trace, "renormalised", variational),
    "blog_trace.approximate_trace_condition": (blog_trace, "trace", lambda *a: trace(*a) ** 0.1),
    "blog_trace.either_way_is_as_good": (blog_trace, "law", lambda E: np.ones_like(E) / E.size),
    "blog_size_consistency.free_energy_is_size_consistent": (
        blog_size_consistency,
        "log_sum",
        lambda E: log_sum(E) + 1,
    ),
    "blog_size_consistency.estimates_must_be_extensive": (extensivity, "join", lambda *rbms: rbms[0]),
    "blog_size_consistency.layer_normalisation_is_size_consistent": (renormalisation, "layer_changes", same_constant),
    "bars_and_stripes.bound": (datasets, "bars_and_stripes", lambda side: bars(side - 1)),
}


@pytest.mark.medium
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if c.slow else []) for name, c in CHECKS.items()]
)
def test_a_changed_formula_turns_the_verdict(name, monkeypatch):
    item = CHECKS[name]
    assert item().outcome == item.expected
    monkeypatch.setattr(*MUTATIONS[name])
    assert item.function().outcome != item.expected


def test_every_check_of_the_post_says_how_it_was_checked():
    assert set(MUTATIONS) == set(CHECKS)
    for item in CHECKS.values():
        assert item.route
        assert bool(item.right) == (item.expected in ("misprint", "differs"))
        assert not item.extraction or "[" in item.printed
