"""Finite machines with units of any two potentials at T > 0, against the replica-symmetric theory.

The general free energy of G. Manzan, slides (2021), and of J. Tubiana & R. Monasson, PRL 118, 138301 (2017), for eleven
pairs of potentials, three of them with units of one's own: three values, an interval, a quartic energy. Simulation:
alternating Gibbs sampling of 16 machines at each point, from two different starts; in the phase where replica symmetry
is broken parallel tempering.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from matplotlib.lines import Line2D

import rbm_sim
import replica
from figures._spread import spread
from rbm_sim.machine.patterns import pattern_weights, random_patterns
from rbm_sim.sampling.averages import thermal_averages
from rbm_sim.sampling.fluctuation import order_parameters_at
from rbm_sim.statistics.estimates import estimate
from replica import potentials
from replica.models.general import GeneralRBM
from replica.numerics.number import Number
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (11.0, 11.5)
SEED, SAMPLES = 2018, 16
CHAINS, BURN_IN, SWEEPS = 6, 150, 150
QUANTITIES = ("m", "q", "r", "C", "B", "energy")
LINE = 25
"""Temperatures of a line of theory."""
BROKEN_N, SWAPS, LADDER = 400, 1500, 14
"""Visible units, sweeps and temperatures where parallel tempering is used."""


class Trit(potentials.Discrete):
    """Three values, the middle one favoured."""

    values = (-1.0, 0.0, 1.0)

    def energy(self, x: Number, T: Number) -> Number:
        """0.3 x²."""
        return 0.3 * x**2


class TritUnit(rbm_sim.Discrete):
    """The same for the simulator."""

    values: ClassVar[tuple[float, ...]] = Trit.values
    energy = Trit.energy


class Quartic(potentials.Continuous):
    """A well steeper than a parabola."""

    def energy(self, x: Number, T: Number) -> Number:
        """x²/2 + x⁴/10."""
        return x**2 / 2 + x**4 / 10


class QuarticUnit(rbm_sim.Continuous):
    """The same for the simulator."""

    energy = Quartic.energy


class Box(potentials.Continuous):
    """Any value between −1 and 1."""

    support = (-1.0, 1.0)

    def energy(self, x: Number, T: Number) -> Number:
        """0."""
        return 0.0 * x


class BoxUnit(rbm_sim.Continuous):
    """The same for the simulator."""

    support: ClassVar[tuple[float, ...]] = Box.support
    energy = Box.energy


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two potentials, for theory and for the simulator, and where they are compared.

    Parameters
    ----------
    visible, hidden : tuple
        Potential of theory, unit of the simulator.
    alpha, p : float
        Load and density of the weights.
    start : str
        Kind of the state: "retrieval" or "spin_glass", any state without overlap.
    temperatures : tuple of float
        Where machines are simulated.
    N : int
        Visible units.
    broken : tuple of float
        Temperatures at which replica symmetry is broken.
    """

    visible: tuple[Any, Any]
    hidden: tuple[Any, Any]
    alpha: float
    start: str
    temperatures: tuple[float, ...]
    p: float = 1.0
    N: int = 1000
    broken: tuple[float, ...] = ()

    def model(self, T: float | np.ndarray) -> GeneralRBM:
        """The theory of the pair.

        Parameters
        ----------
        T : float or ndarray
            Temperature.

        Returns
        -------
        GeneralRBM
            With the pair's load and sparsity, at one temperature or an array of them.
        """
        return GeneralRBM(self.visible[0], self.hidden[0], alpha=self.alpha, T=T, p=self.p)

    def machine(self, N: int, seed: int | np.random.Generator) -> tuple[np.ndarray, rbm_sim.RBM]:
        """A random machine of the pair.

        Parameters
        ----------
        N : int
            Visible units.
        seed : int or numpy.random.Generator
            Of its patterns.

        Returns
        -------
        xi : ndarray, shape (N, M)
            Its patterns.
        rbm : RBM
            A machine whose weights are these patterns over √N.
        """
        xi = random_patterns(N, round(self.alpha * N), p=self.p, rng=seed)
        return xi, rbm_sim.RBM(pattern_weights(xi, np.float64), visible=self.visible[1], hidden=self.hidden[1])


def both(name: str, *parameters: float) -> tuple[potentials.Potential, rbm_sim.Unit]:
    """A unit that theory and simulator know by the same name.

    Parameters
    ----------
    name : str
        Name of the class.
    *parameters : float
        Its parameters.

    Returns
    -------
    potential : Potential
        For `GeneralRBM`.
    unit : Unit
        For the simulator.
    """
    return getattr(potentials, name)(*parameters), getattr(rbm_sim, name)(*parameters)


TRIT, QUARTIC, BOX = (Trit(), TritUnit()), (Quartic(), QuarticUnit()), (Box(), BoxUnit())
GAUSSIAN = both("Gaussian")
PAIRS = {
    "spin–Gaussian": Pair(both("Spin"), GAUSSIAN, 0.05, "retrieval", (0.2, 0.35, 0.45), N=2000),
    "spin–ReLU": Pair(both("Spin"), both("ReLU"), 0.05, "retrieval", (0.3, 0.4, 0.5), N=2000),
    "Bernoulli–ReLU, p = 0.3": Pair(
        both("Bernoulli", -0.08), both("ReLU"), 0.03, "retrieval", (0.005, 0.01, 0.014), p=0.3, N=4000
    ),
    "three values–Gaussian": Pair(TRIT, GAUSSIAN, 0.05, "retrieval", (0.1, 0.14, 0.18), N=2000),
    "interval–Gaussian": Pair(BOX, GAUSSIAN, 0.05, "retrieval", (0.05, 0.1, 0.14), N=2000),
    "spin–spin": Pair(
        both("Spin", 0.4), both("Spin", 0.2), 0.5, "spin_glass", (0.3, 0.4, 0.7, 1.0, 1.5), broken=(0.3, 0.4)
    ),
    "spin–mixture": Pair(both("Spin", 0.3), both("Mixture", 0.6), 0.5, "spin_glass", (1.2, 1.5, 2.0)),
    "Bernoulli–Bernoulli": Pair(both("Bernoulli", -0.1), both("Bernoulli"), 0.5, "spin_glass", (0.1, 0.2, 0.4)),
    "Bernoulli–Gaussian": Pair(both("Bernoulli", -0.3), GAUSSIAN, 0.3, "spin_glass", (0.3, 0.6, 0.9)),
    "Bernoulli–ReLU, p = 0.1, m = 0": Pair(
        both("Bernoulli", -0.02), both("ReLU", 0.2), 0.3, "spin_glass", (0.02, 0.03, 0.05), p=0.1
    ),
    "Bernoulli–quartic": Pair(both("Bernoulli", 0.1), QUARTIC, 0.5, "spin_glass", (0.1, 0.2, 0.4)),
}
POINTS = [("simulation", name, T) for name, pair in PAIRS.items() for T in pair.temperatures]
KEYS = ("series", "pair", "T")
"""Columns that a point sets."""
SPOT = (20,)


def theory(pair: Pair, T: float) -> dict[str, float]:
    """Order parameters of the state of a pair.

    Parameters
    ----------
    pair : Pair
        The pair.
    T : float
        Temperature.

    Returns
    -------
    dict
        m, q, r, C, B, energy, replicon; no energy if a potential depends on T.
    """
    state = replica.solve(pair.model(T), start=pair.start)
    values = {**state.order._asdict(), "energy": state.energy, "replicon": state.replicon}
    if isinstance(pair.hidden[1], rbm_sim.Mixture):
        del values["energy"]
    return {name: float(value) for name, value in values.items()}


def starts(pair: Pair, xi: np.ndarray, T: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Two starts of the chains of a machine, from which they have to come to the same state.

    Parameters
    ----------
    pair : Pair
        The pair.
    xi : ndarray, shape (N, M)
        Patterns.
    T : float
        Temperature.
    rng : numpy.random.Generator
        Random numbers.

    Returns
    -------
    list of ndarray
        For retrieval the first pattern, and the pattern with a tenth of its units drawn afresh; else the pattern, and
        units without input.
    """
    unit = pair.visible[1]
    pattern = unit.mode(np.where(xi[:, 0] > 0, 1e3, -1e3))
    free = unit.sample(np.zeros((CHAINS, len(xi))), rng, T)
    if pair.start == "retrieval":
        return [pattern, np.where(rng.random(free.shape) < 0.1, free, pattern)]
    return [pattern, free]


def sample(pair: Pair, T: float, N: int, seed: np.random.SeedSequence) -> list[dict[str, float]]:
    """Order parameters and energy of one machine, from both starts.

    Parameters
    ----------
    pair : Pair
        The pair.
    T : float
        Temperature.
    N : int
        Visible units.
    seed : SeedSequence
        Of machine and chains.

    Returns
    -------
    list of dict
        m, q, r, C, B, energy and its autocorrelation time tau, once for each start.
    """
    rng = np.random.default_rng(seed)
    xi, rbm = pair.machine(N, rng)
    begun = [tempered(rbm, T, rng)] if T in pair.broken else starts(pair, xi, T, rng)
    found = []
    for start in begun:
        options: dict[str, Any] = {
            "T": T,
            "n_chains": CHAINS,
            "steps": SWEEPS,
            "burn_in": BURN_IN,
            "start": start,
            "rng": rng,
        }
        order = order_parameters_at(rbm, p=pair.p, **options)
        values = {"m": order.m[0].mean, **{name: getattr(order, name).mean for name in ("q", "r", "C", "B")}}
        if not isinstance(pair.hidden[1], rbm_sim.Mixture):
            energy = thermal_averages(rbm, {"E": rbm.energy}, **options)["E"]
            values |= {"energy": energy.mean / N, "tau": energy.tau}
        found.append(values)
    return found


def tempered(rbm: rbm_sim.RBM, T: float, rng: np.random.Generator) -> np.ndarray:
    """Independent states of a machine in a phase of many states, by parallel tempering from 4 T down to T.

    Parameters
    ----------
    rbm : RBM
        Machine.
    T : float
        Temperature.
    rng : numpy.random.Generator
        Random numbers.

    Returns
    -------
    ndarray, shape (chains, N)
        States of the visible layer at temperature T, one for each chain.
    """
    ladder = T * np.geomspace(4, 1, LADDER)
    return rbm_sim.parallel_tempering(rbm, ladder, n_chains=CHAINS, sweeps=SWAPS, rng=rng).v[-1]


def row(point: tuple[str, str, float]) -> Row:
    """Means over machines at one point, beside theory.

    Parameters
    ----------
    point : tuple
        Series, pair and temperature.

    Returns
    -------
    dict
        Series, pair, T, N, replicon; each quantity of theory, and with _sim and _err as simulated; starts_z, tau.
    """
    series, name, T = point
    pair = PAIRS[name]
    index = list(PAIRS).index(name)
    seeds = np.random.SeedSequence([SEED, index, round(1e4 * T)]).spawn(SAMPLES)
    N = BROKEN_N if T in pair.broken else pair.N
    machines = [sample(pair, T, N, seed) for seed in seeds]
    known = theory(pair, T)
    result: Row = {"series": series, "pair": name, "T": T, "N": N, "replicon": known["replicon"]}
    between = []
    for quantity in QUANTITIES:
        if quantity not in known or (quantity == "m" and pair.start != "retrieval"):
            continue
        values = np.array([[found[quantity] for found in machine] for machine in machines])
        mean = estimate(values.mean(axis=1))
        result |= {quantity: known[quantity], f"{quantity}_sim": mean.mean, f"{quantity}_err": mean.stderr}
        if values.shape[1] == 2:
            gap = estimate(values[:, 0] - values[:, 1])
            between.append(gap.mean / gap.stderr)
    if between:
        result["starts_z"] = float(max(between, key=abs))
    taus = [found["tau"] for machine in machines for found in machine if "tau" in found]
    return result | ({"tau": float(np.mean(taus))} if taus else {})


def compute() -> Table:
    """Lines of theory, and simulated points beside the theory of the same temperature.

    Returns
    -------
    Table
        Columns series ("theory", "simulation"), pair, T, N, replicon; m, q, r, C, B, energy (per visible unit) of
        theory; the same with _sim and _err (mean and standard error over machines); starts_z (largest difference
        between the two starts, in standard errors), tau (autocorrelation time of the energy, sweeps).
    """
    rows = [line for name, pair in PAIRS.items() for line in _line(name, pair)]
    rows += spread(row, POINTS)
    return Table.from_rows(rows, {"rng": SEED, "samples": SAMPLES, "chains": CHAINS, "sweeps": SWEEPS})


def _line(name: str, pair: Pair) -> list[Row]:
    """Rows of theory between the temperatures of a pair, and a little beyond."""
    ends = min(pair.temperatures), max(pair.temperatures)
    step = (ends[1] - ends[0]) / (LINE - 5)
    rows = []
    for T in np.linspace(ends[0] - 2 * step, ends[1] + 2 * step, LINE):
        values = theory(pair, float(T))
        if math.isfinite(values["q"]):
            rows.append({"series": "theory", "pair": name, "T": float(T), **values})
    return rows


def draw(table: Table, figure: Figure) -> None:
    """Draw q, C and m against temperature for every pair, and all deviations in standard errors.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    rows = table.rows()
    grid = figure.add_gridspec(4, 4, height_ratios=(1, 1, 1, 1.15))
    for k, name in enumerate(PAIRS):
        ax = figure.add_subplot(grid[k // 4, k % 4])
        _panel(ax, [r for r in rows if r["pair"] == name])
        ax.set_title(name, fontsize=10)
        ax.set_ylim(0, None)
    handles = [
        Line2D([], [], linestyle=style, marker=marker, color=shade, markerfacecolor="white", label=f"${quantity}$")
        for quantity, (style, marker, shade) in STYLES.items()
    ]
    handles.append(Line2D([], [], linestyle=(0, (1, 1)), color="0.5", label="replica symmetry broken"))
    title = "lines: theory\nsymbols: simulation"
    figure.legend(handles=handles, frameon=False, loc="center", bbox_to_anchor=(0.88, 0.43), title=title, fontsize=10)
    _deviations(figure.add_subplot(grid[3, :]), [r for r in rows if r["series"] == "simulation"])


STYLES: dict[str, tuple[Any, str, str]] = {"m": ("-.", "^", "0.35"), "q": ("-", "o", "black"), "C": ("--", "s", "0.5")}
MARKERS = {"m": "^", "q": "o", "C": "s", "r": "D", "B": "v", "energy": "x"}


def _panel(ax: Axes, rows: list[Row]) -> None:
    """Draw lines and points of one pair."""
    lines = [r for r in rows if r["series"] == "theory"]
    points = [r for r in rows if r["series"] == "simulation"]
    for quantity, (style, marker, shade) in STYLES.items():
        if not any(r[f"{quantity}_sim"] is not None for r in points):
            continue
        for good in (True, False):
            part = [r for r in lines if (r["replicon"] > 0) == good]
            ax.plot(
                [r["T"] for r in part],
                [r[quantity] for r in part],
                linestyle=style if good else (0, (1, 1)),
                color=shade if good else "0.5",
            )
        ax.errorbar(
            [r["T"] for r in points],
            [r[f"{quantity}_sim"] for r in points],
            [r[f"{quantity}_err"] for r in points],
            fmt=marker,
            color=shade,
            markerfacecolor="white",
            markersize=5,
            capsize=2,
        )
    ax.locator_params(axis="x", nbins=4)
    ax.set_xlabel("temperature $T$", labelpad=0)
    ax.set_ylabel(", ".join(f"${name}$" for name in STYLES if any(r[f"{name}_sim"] is not None for r in points)))


def _deviations(ax: Axes, points: list[Row]) -> None:
    """Draw (simulation − theory)/standard error of all quantities at all points."""
    names = list(PAIRS)
    place = {}
    for k, name in enumerate(names):
        own = [r for r in points if r["pair"] == name]
        for i, r in enumerate(own):
            place[name, r["T"]] = k + 0.8 * ((i + 0.5) / len(own) - 0.5)
    for quantity, marker in MARKERS.items():
        for good in (True, False):
            part = [r for r in points if r[f"{quantity}_sim"] is not None and (r["replicon"] > 0) == good]
            ax.plot(
                [place[r["pair"], r["T"]] for r in part],
                [(r[f"{quantity}_sim"] - r[quantity]) / r[f"{quantity}_err"] for r in part],
                marker,
                color="black" if good else "0.6",
                markerfacecolor="white",
                markersize=5,
                label=(f"${quantity}$" if len(quantity) == 1 else quantity) if good else None,
            )
    for level in (-2, 0, 2):
        ax.axhline(level, color="0.8", linewidth=0.8, linestyle="-" if level == 0 else ":", zorder=0)
    ax.set_xticks(range(len(names)), [name.replace("–", "–\n", 1).replace(", ", "\n") for name in names], fontsize=9)
    ax.set_xlim(-0.6, len(names) - 0.4)
    ax.set(xlabel="visible–hidden units", ylabel="(simulation − theory)/error")
    ax.legend(frameon=False, ncols=6, loc="upper center", bbox_to_anchor=(0.5, 1.16), fontsize=9)
