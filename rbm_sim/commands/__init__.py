"""The longer commands of `python -m rbm_sim`, capacity to sample, and their pictures."""
