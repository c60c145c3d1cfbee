"""Laws of the weights of a random RBM: w_iμ = η_iμ/√N with η of mean 0 and variance p.

The weak hidden units feel the variance alone; visible units feel the L strong ones by W, the sum of L entries. Each law
says its variance, the law of that sum, and draws entries for a machine (`rbm_sim.random_patterns(…, law=…)`). A mean
other than 0 adds a condensed direction of its own and makes another model: it is refused.

One's own law is any object with `variance`, `sum_of(L)` and `draw(rng, shape)`.
"""

from replica.weight_laws.laws import Normal, SignNormal, Uniform, Values
from replica.weight_laws.protocol import WeightLaw

__all__ = ["Normal", "SignNormal", "Uniform", "Values", "WeightLaw"]
