"""Martin, blog post (2016), "Post-Post Comments": size consistency and size extensivity.

Brackets hold formulas that the text copy has lost, as in `blog_rbm`. Two machines that do not interact, joined by
block-diagonal weights, should have ln Z = ln Z₁ + ln Z₂, n copies n ln Z.
"""

from __future__ import annotations

import numpy as np

from paper_checks.blog_rbm import SOURCE, SUMS, energies, log_sum, machine, parts
from paper_checks.blog_training import VISIBLE
from paper_checks.check import Outcome, Tolerance, Verdict, check
from paper_checks.evidence import weigh
from rbm_sim.partition import extensivity, renormalisation

WHERE = "Post-Post Comments, size consistency"
ESTIMATES = Tolerance("estimates", 1e-8, "mean-field iterations end within 1e-9 of their maximum")


@check(
    source=SOURCE,
    where=WHERE,
    printed="a Size-Consistency and/ or Size-Extensivity condition [ln Z = ln Z₁ + ln Z₂; n ln Z₁]",
    seen="p",
    route="enumeration of the joined machines, with none of the closed forms",
    extraction=True,
)
def free_energy_is_size_consistent() -> Verdict:
    """Two different machines and three copies of one: ln Z of the whole against the sum over the parts."""
    one, other = machine(2, 2), machine(3, 2, seed=1)
    sums = [log_sum(energies(*parts(rbm))) for rbm in (one, other)]
    joined = [log_sum(energies(*parts(extensivity.join(*rbms)))) for rbms in ((one, other), (one, one, one))]
    return weigh(joined, [sum(sums), 3 * sums[0]], SUMS, "512 and 4096 states, one by one")


@check(
    source=SOURCE,
    where=WHERE,
    printed=(
        "requirements proven essential to obtaining highly accurate solutions - whether implemented "
        "exactly or approximately"
    ),
    seen="p",
    route="error of estimates of ln Z for one, two and three copies of a machine",
    expected="unchecked",
)
def estimates_must_be_extensive() -> Verdict:
    """An extensive estimate keeps its error per copy, one that is not loses accuracy with every copy."""
    one = machine(3, 2)
    errors = {"cumulants": [], "moments": []}  # type: dict[str, list[float]]
    for n in (1, 2, 3):
        values = extensivity.log_partitions(extensivity.join(*[one] * n), starts=1)
        for name, found in errors.items():
            found.append((getattr(values, name) - values.exact) / n)
    linked, unlinked = (np.array(errors[name]) for name in ("cumulants", "moments"))
    constant = np.ptp(linked) < ESTIMATES.value
    growing = (np.diff(np.abs(unlinked - linked)) > 1e-3).all() and (np.diff(unlinked) > 1e-3).all()
    shown = f"per copy {linked[0]:.4f} always; {', '.join(f'{x:.4f}' for x in unlinked)}"
    note = (
        "second order in cumulants, and in moments, the fault of truncated configuration interaction; "
        "of machines it holds, chemistry is not tried"
    )
    return Verdict(Outcome.UNCHECKED if constant and growing else Outcome.DIFFERS, shown, note, ESTIMATES)


@check(
    source=SOURCE,
    where=WHERE,
    printed="preserving Free Energy, ... say, by layer normalization, ... a similar requirement, ... Size-Consistency",
    seen="p",
    right="layer normalisation couples parts that do not interact, and breaks size consistency",
    route="enumeration: change of ln Z of the joined machine less those of its parts",
    expected="differs",
)
def layer_normalisation_is_size_consistent() -> Verdict:
    """Layer normalisation of two machines side by side, against each by itself."""
    one, other = machine(4, 3), machine(3, 3, seed=1)

    def change(*rbms) -> float:
        return renormalisation.layer_changes(extensivity.join(*rbms)).standardised.log_Z

    note = "the mean over a layer is one over both parts; that the like is at play in deep learning is not tested"
    return weigh(change(one, other), change(one) + change(other), VISIBLE, note)
