"""`--simulate`: theory and simulation side by side, from `replica` and `rbm_sim`.

Below capacity the theory is the retrieval state. The simulated machines start at one of their patterns and move
by single-unit flips that lower E(v) = min_h E(v, h); those that leave the pattern are counted as lost, and the
means are over the others. Above capacity the theory has no retrieval state and the means are over all samples.
Theory is taken at the load M/N of the machines. Where 1 − m is about 1/N single units decide and z means nothing.
For a threshold θ the condensed hidden unit has activation √N m − θ: theory, which drops the θ/√N, is approached
as 1/√N, so z grows with the number of samples at fixed N.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from replica import cli
from replica.models.base import Model, control_fields

if TYPE_CHECKING:
    import numpy as np

    from rbm_sim.units import TwoValued, Unit
    from replica.models.hopfield import Hopfield
    from replica.models.threshold_hopfield import ThresholdHopfield

__all__ = ["compare", "simulate"]

FACTORS = (0.8, 1.2)
"""Default loads over the capacity."""
SAMPLES = 20
MOST_ENTRIES = 5e8
"""N × M of the largest machine: 2.5 GB with its weights."""
MEASURED = ("m", "q", "r")


def simulate(parser: cli.Parser, args: argparse.Namespace, cls: type[Model], grids: dict[str, list[Any]]) -> int:
    """Run `--simulate` of the phase command and return the exit status."""
    from replica.table import Table, provenance

    if args.precision is not None or args.plot is not None:
        parser.error("--simulate goes with neither --precision nor --plot")
    if cls.name not in SIMULATED:
        parser.error(f"--simulate: {cls.name} is not simulated; there are {', '.join(SIMULATED)}")
    sizes = grids.pop("simulate")
    if min(sizes) < 2:
        parser.error(f"--simulate: N = {min(sizes)}: at least 2 visible units are needed")
    if any(float(T) != 0 for T in grids.pop("T", [0.0])):
        parser.error("--T: --simulate compares with the theory at T = 0")
    samples = SAMPLES if args.samples is None else args.samples
    loads = grids.pop("alpha", None)
    points = []
    for others in cli.product(grids) if grids else [{}]:
        others = {k: float(v) for k, v in others.items()}
        for alpha in _loads(cls, others) if loads is None else [float(a) for a in loads]:
            cls(**{cls.load: alpha, **others})
            points += [{**others, "alpha": alpha, "N": int(N)} for N in sizes]
    for point in points:
        entries = point["N"] * max(1, round(point["alpha"] * point["N"]))
        if entries > MOST_ENTRIES:
            place = ", ".join(f"{k} = {v:g}" for k, v in point.items())
            parser.error(
                f"--simulate: {place} needs {entries:.2g} pattern entries; at most {MOST_ENTRIES:.0e} are allowed"
            )
    tasks = [(i, point) for i, point in enumerate(points)]
    task = functools.partial(_task, cls.name, samples, args.rng)
    computed = cli.compute(task, tasks, args, "simulating")
    rows, failed = [], 0
    for index, outcome in computed.outcomes:
        if isinstance(outcome, Exception):
            failed += 1
            cli.warn(f"{', '.join(f'{k} = {v:g}' for k, v in points[index].items())}: {cli.reason(outcome)}")
            outcome = {}
        rows.append({**points[index], "samples": samples, **outcome})
    measured = [f"{name}_{what}" for name in MEASURED for what in ("theory", "sim", "err", "z")]
    columns = [
        *(f for f in ("theta",) if f in cls.__dataclass_fields__),
        "alpha",
        "N",
        "samples",
        *measured,
        "lost",
    ]
    filled = {c: [row.get(c) for row in rows] for c in columns}
    cli.emit(Table(filled, provenance(cli.parameters(args), seed=args.rng)), args)
    return computed.end(failed)


def compare(
    model: Hopfield | ThresholdHopfield,
    N: int,
    *,
    samples: int = SAMPLES,
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
) -> dict[str, float | None]:
    """Compare theory and simulation of m, q, r at one point.

    Parameters
    ----------
    model : Hopfield or ThresholdHopfield
        Model with scalar controls, at T = 0.
    N : int
        Number of visible units; M = round(αN) patterns, and theory at α = M/N.
    samples : int
        Independent machines, ≥ 2.
    rng : None, int, SeedSequence or Generator
        Random numbers.

    Returns
    -------
    dict
        For each of m, q, r: ``_theory`` (None above capacity), ``_sim`` and ``_err`` (mean and
        standard error over the samples that stayed at the pattern; above capacity, or if none stayed, over all),
        ``_z``; and ``lost``, the fraction that left it.
    """
    from rbm_sim.retrieval import capacity
    from replica.saddle.solver import solve

    M = max(1, round(model.alpha * N))
    model = model.replace(alpha=M / N)
    state = solve(model, throw=False)
    exists = state.status == 0
    reference = state if exists else solve(model, start="spin_glass")
    visible, hidden = SIMULATED[model.name](model, reference.order)
    result = capacity.retrieval(N, model.alpha, visible=visible, hidden=hidden, samples=samples, rng=rng)
    kept = exists and result.lost_fraction < 1
    row: dict[str, float | None] = {}
    for name in MEASURED:
        theory = getattr(state.order, name) if exists else None
        mean, error, _ = result.estimate(name, of="kept" if kept else "all")
        row[f"{name}_theory"], row[f"{name}_sim"], row[f"{name}_err"] = theory, mean, error
        row[f"{name}_z"] = (mean - theory) / error if theory is not None and error > 0 else None
    return {**row, "lost": result.lost_fraction}


def _hopfield_units(model: Hopfield, order: Any) -> tuple[TwoValued, Unit]:
    from rbm_sim.units import Gaussian, Spin

    return Spin(0.0), Gaussian()


def _threshold_units(model: ThresholdHopfield, order: Any) -> tuple[TwoValued, Unit]:
    """0/1 units in the field g = −αB/2 that cancels the self-field of the state."""
    from rbm_sim.units import Bernoulli, ReLU

    return Bernoulli(-model.alpha * order.B / 2), ReLU(model.theta)


SIMULATED: dict[str, Callable[[Any, Any], tuple[TwoValued, Unit]]] = {
    "hopfield": _hopfield_units,
    "threshold-hopfield": _threshold_units,
}


def _loads(cls: type[Model], others: dict[str, float]) -> list[float]:
    """Return 0.8 and 1.2 of the capacity."""
    from replica.critical import spinodal

    capacity = spinodal(cls(**{cls.load: 1e-12, **others}), along=cls.load).value
    return [factor * capacity for factor in FACTORS]


def _task(name: str, samples: int, seed: int, task: tuple[int, dict[str, Any]]) -> dict[str, float | None]:
    """Compute one row, its random numbers the child of the seed with the row's index."""
    import numpy as np

    from replica.models import get

    index, point = task
    cls: Any = get(name)
    controls = {f.name: point[f.name] for f in control_fields(cls) if f.name in point}
    rng = np.random.SeedSequence(seed, spawn_key=(index,))
    return compare(cls(**controls), point["N"], samples=samples, rng=rng)
