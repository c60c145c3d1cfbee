"""Martin, blog post (2016), "RBM Training": what mean field is the beginning of.

Z of independent units factorises. From there ln Z can be expanded in the weights (T. Plefka, J. Phys. A 15, 1971,
1982): mean field is the first order, the equations of Thouless, Anderson and Palmer are the second.
"""

from __future__ import annotations

import numpy as np

import rbm_sim
from paper_checks.blog_rbm import SOURCE, machine
from paper_checks.blog_training import VISIBLE, WHERE
from paper_checks.check import Outcome, Verdict, check
from paper_checks.evidence import weigh
from rbm_sim import tap
from rbm_sim.partition import exact

SCALES = (1.0, 1 / 8, 1 / 16)
ORDERS = (1, 2, 3)


def errors(scale: float) -> np.ndarray:
    """Errors of the expansion of ln Z of a machine.

    Parameters
    ----------
    scale : float
        Factor of its weights.

    Returns
    -------
    ndarray, shape (3,)
        ln Z of first, second and third order less ln Z.
    """
    rbm = machine()
    rbm = rbm_sim.RBM(scale * rbm.weights, visible=rbm.visible, hidden=rbm.hidden)
    return np.array([tap.log_partition(rbm, order) for order in ORDERS]) - exact.log_partition(rbm)


@check(
    source=SOURCE,
    where=WHERE,
    printed="The Energy function, being quadratic, lets us readily factor Z using a mean field approximation",
    seen="p",
    right=(
        "Z factorises without weights only; mean field is first order in them and off by W², the reaction of the units "
        "on themselves (TAP) makes it W³"
    ),
    route="expansion of ln Z about independent units at three orders, weights as they are and weakened, by enumeration",
    expected="differs",
)
def mean_field_is_a_first_order() -> Verdict:
    """Errors of three orders, and how they fall with the weights: to 1/4, 1/8 and 1/16 when these are halved."""
    found, weak, weaker = (errors(scale) for scale in SCALES)
    falls = weak / weaker
    note = (
        f"orders 1, 2, 3 off by {', '.join(f'{abs(x):.4f}' for x in found)}; weak weights halved, by "
        f"{', '.join(f'{x:.1f}' for x in falls)} times less"
    )
    verdict = weigh(found[0], 0.0, VISIBLE, note)
    as_expanded = (np.diff(np.abs(found)) < 0).all() and (falls > 0.8 * 2.0 ** (1 + np.array(ORDERS))).all()
    return verdict if as_expanded else Verdict(Outcome.UNCHECKED, "orders do not converge", note, VISIBLE)
