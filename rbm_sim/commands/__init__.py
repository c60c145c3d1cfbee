"""The commands of `python -m rbm_sim`, and their pictures."""
