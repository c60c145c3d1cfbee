"""What is measured on a configuration or on weights: overlaps, order parameters, sparsity, histograms."""

from rbm_sim.observables.histograms import Histogram, histogram
from rbm_sim.observables.order import OrderParameters, condensed, densities, order_parameters
from rbm_sim.observables.overlap import distance, overlaps, rescaled_overlap
from rbm_sim.observables.reconstruction import reconstruct, reconstruction_error
from rbm_sim.observables.sparsity import participation_ratio, silent_units, weight_norm, weight_sparsity

__all__ = [
    "Histogram",
    "OrderParameters",
    "condensed",
    "densities",
    "distance",
    "histogram",
    "order_parameters",
    "overlaps",
    "participation_ratio",
    "reconstruct",
    "reconstruction_error",
    "rescaled_overlap",
    "silent_units",
    "weight_norm",
    "weight_sparsity",
]
