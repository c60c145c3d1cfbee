"""What may be asked of the commands capacity, basin and retrieve."""

import argparse

from replica import cli


def add_capacity(commands: "argparse._SubParsersAction[cli.Parser]") -> None:
    """Add the command capacity.

    Parameters
    ----------
    commands : object
        Sub-parsers of the command.
    """
    about = "load up to which patterns are retrieved at T = 0, at several N and for N to infinity"
    parser = commands.add_parser(
        "capacity",
        help=about,
        description=f"""{about[0].upper()}{about[1:]}.
Patterns are added to each machine until it loses its first one (overlap below 0.7 of the start): of that load
alpha_half is the median, alpha_mean the mean and width the scatter, crossing is where this size and the smallest one
retrieve equally often, alpha_c the limit of the mean for N to infinity, with its statistical error and what the
choice of the exponent, 1/2 or 2/3, leaves open.
With --alpha: which fraction is kept at given loads, and where it ends; machines that lost the pattern are averaged
apart.""",
        example="""python -m rbm_sim capacity --theta 0.5 --N 500 1000 2000 4000 --samples 50
                   python -m rbm_sim capacity --N 500 1000 2000 --dynamics single-unit alternating
                   python -m rbm_sim capacity --N 1000 2000 --alpha 0.13 0.2""",
    )
    _add_machine(parser, "load, M = round(alpha N) patterns (found by bisection)")
    parser.add_argument("--alpha-max", type=float, default=10.0, metavar="LOAD", help="highest load tried (10)")
    _add_sampling(parser, 20)


def add_basin(commands: "argparse._SubParsersAction[cli.Parser]") -> None:
    """Add the command basin.

    Parameters
    ----------
    commands : object
        Sub-parsers of the command.
    """
    about = "smallest initial overlap m0 from which patterns are retrieved at T = 0"
    parser = commands.add_parser(
        "basin",
        help=about,
        description=f"{about[0].upper()}{about[1:]}: m0 = 1 - 2 (fraction of units flipped), found by bisection.",
        example="python -m rbm_sim basin --N 1000 4000 --alpha 0.02 0.05 0.1 --samples 20",
    )
    _add_machine(parser, "load, M = round(alpha N) patterns (required)")
    _add_sampling(parser, 20)


def add_retrieve(commands: "argparse._SubParsersAction[cli.Parser]") -> None:
    """Add the command retrieve.

    Parameters
    ----------
    commands : object
        Sub-parsers of the command.
    """
    about = "states of L patterns at T = 0: where the dynamics ends that starts from them"
    parser = commands.add_parser(
        "retrieve",
        help=about,
        description=f"""{about[0].upper()}{about[1:]}.
The start is v = 1 where the sum of the first L patterns is positive; m_tilde is the rescaled overlap with them,
L_hat the participation ratio of the hidden units. Machines that end below 0.7 of the initial overlap are lost, and
left out of the means (m_tilde_all: of all).""",
        example="""python -m rbm_sim retrieve --N 10000 --alpha 0.13 --noise 0.1
                   python -m rbm_sim retrieve --N 10000 --p 0.1 --g -0.02 --theta 0.3 --alpha 0.6 --L 1 10""",
    )
    _add_machine(parser, "load, M = round(alpha N) patterns (required)")
    parser.add_grid("--L", integer=True, help="patterns retrieved at once (1)")
    _add_sampling(parser, 1)


def _add_machine(parser: cli.Parser, alpha: str) -> None:
    """Add the options that say which machine, and which dynamics."""
    parser.add_grid("--N", integer=True, help="visible units (required)")
    parser.add_grid("--alpha", help=alpha)
    units = "visible units (bernoulli with relu hidden units, else spin)"
    parser.add_argument("--visible", choices=("spin", "bernoulli"), help=units)
    units = "hidden units (relu with --theta, else gaussian)"
    parser.add_argument("--hidden", choices=("gaussian", "relu"), help=units)
    parser.add_grid("--theta", help="threshold of relu units (0)")
    parser.add_grid("--g", help="field on the visible units (spin: 0; bernoulli: what keeps half of them on)")
    parser.add_grid("--p", help="density of the patterns (1)")
    parser.add_grid("--noise", help="fraction of the start state that is flipped (0)")
    parser.add_argument(
        "--dynamics",
        nargs="+",
        choices=("single-unit", "alternating"),
        default=["single-unit"],
        help="one or both; alternating minimisation keeps a self-coupling (single-unit)",
    )
    parser.add_argument("--max-sweeps", type=cli.integer(1), default=1000, metavar="N", help="limit (1000)")


def _add_sampling(parser: cli.Parser, samples: int) -> None:
    parser.add_argument(
        "--samples", type=cli.integer(1), default=samples, metavar="N", help=f"random machines ({samples})"
    )
    cli.add_common(parser, jobs=True, rng=True, plot=True)
