"""`python -m replica.certified [NAME ...]`: critical values with proven decimals."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from replica import certified, cli

EXAMPLE = """
python -m replica.certified
python -m replica.certified alpha_c alpha_1 --digits 100
python -m replica.certified ell_star --format json
"""
SHOWN = ("name", "value", "digits")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the proofs that are asked for; returns the exit status."""
    parser = cli.Parser(
        example=EXAMPLE,
        description="Critical values with proven decimals, cut off, not rounded. "
        "csv and json have the bounds and what is proven, too.",
    )
    known = ", ".join(certified.NUMBERS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to certify: {known} (all)")
    parser.add_argument(
        "--digits", type=cli.integer(1, 1000), default=20, metavar="N", help="significant decimals (20)"
    )
    cli.add_common(parser)
    args = parser.parse_args(argv)
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
