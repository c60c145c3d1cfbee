"""Potentials of units, and the law of one unit: the moments of x under exp{(I x + c x²/2 − U(x))/T}.

I is the input of a unit and c the self-coupling that the other layer makes. Values are those of a list (`Discrete`,
of which `Spin` and `Bernoulli` are two) or fill an interval (`Continuous`, summed by quadrature);
`Gaussian`, `ReLU` and `Mixture` are known in closed form; a layer of several kinds is a `Population`. A potential of
one's own is a subclass with a few lines:

>>> import numpy as np
>>> class Trit(Discrete):
...     values = (-1.0, 0.0, 1.0)
...
...     def energy(self, x, T):
...         return 0.3 * x**2
>>> unit_law = Trit().law(np.array([0.0, 0.5]), np.zeros(2), 1.0)
>>> unit_law.mean.round(6).tolist()
[0.0, 0.289087]

At T = 0 a unit takes the value that minimises U(x) − I x − c x²/2.
"""

from replica.potentials.continuous import Continuous
from replica.potentials.discrete import Bernoulli, Discrete, Spin
from replica.potentials.gaussian_relu import Gaussian, ReLU
from replica.potentials.law import UnitLaw
from replica.potentials.mixture import Mixture
from replica.potentials.population import Population
from replica.potentials.potential import Potential

__all__ = [
    "Bernoulli",
    "Continuous",
    "Discrete",
    "Gaussian",
    "Mixture",
    "Population",
    "Potential",
    "ReLU",
    "Spin",
    "UnitLaw",
]
