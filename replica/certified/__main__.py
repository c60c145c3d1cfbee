"""`python -m replica.certified [NAME ...]` and `… states`: critical values with proven decimals, states at a point."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from replica import certified, cli

EXAMPLE = """
python -m replica.certified
python -m replica.certified alpha_c alpha_1 --digits 100
python -m replica.certified ell_star --format json
python -m replica.certified states --model relu-rbm --alpha 0.1 --theta 0.2 --g -0.02 --p 0.1 --L 10
"""
SHOWN = ("name", "value", "digits")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the proofs that are asked for; returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["states"]:
        from replica.certified.states_command import states_command

        return states_command(words[1:])
    parser = cli.Parser(
        example=EXAMPLE,
        description="Critical values with proven decimals, cut off, not rounded. "
        "csv and json have the bounds and what is proven, too. `states` lists all states of a model at a point, "
        "with the proof that there are no others: see `states --help`.",
    )
    known = ", ".join(certified.NUMBERS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to certify: {known} (all)")
    parser.add_argument(
        "--digits", type=cli.integer(1, 1000), default=20, metavar="N", help="significant decimals (20)"
    )
    cli.add_common(parser)
    args = parser.parse_args(words)
    for name in args.names:
        if name not in certified.NUMBERS:
            parser.error(f"NAME: {name!r} is not one of {known}")
    from replica.table import Table, provenance

    try:
        found = [getattr(certified, name)(args.digits) for name in args.names or certified.NUMBERS]
    except ImportError as error:
        raise cli.UsageError(str(error)) from None
    table = Table.from_rows([number._asdict() for number in found], provenance(cli.parameters(args)))
    cli.emit(table, args, shown=SHOWN)
    return 0


if __name__ == "__main__":
    sys.exit(cli.run(main))
