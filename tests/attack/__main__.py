"""`python tests/attack [N=200] [SEED=1] [JOBS=1] [T=0|T=+] [FAMILY …]`: replica against our own solver.

At random points of any temperature, at T = 0 or at T > 0.

For each family: points, states, what is missing, spurious, mislabelled, inaccurate, refused (replica raised), not
called complete, states of replica's that our search did not see, what 40 digits did not settle, and CPU seconds of both
sides. One line for each fault, with the call that repeats it; those at points not called complete are marked. Exit
status 1 if there are faults among points called complete, inaccurate members excepted: where the noise is below the
rounding of the fields, no double is accurate.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

if __name__ in ("__main__", "__mp_main__"):
    here = Path(__file__).resolve().parent
    # the checkout first: beside this folder lies one that is called replica
    sys.path[:] = [str(here.parents[1]), str(here.parent), *(entry for entry in sys.path if entry != str(here))]

from attack.compare import Verdict, judged
from attack.driver import answer, call
from attack.points import DRAWS, SHARES, draw

FAULTS = ("missing", "spurious", "mislabelled", "inaccurate", "refused")
COLUMNS = ("points", "states", *FAULTS, "incomplete", "unseen", "unsettled")


def attacked(family, T, seed):
    """One point: its verdict, and CPU seconds of the two sides."""
    point = draw(family, seed, T)
    start = time.process_time()
    try:
        own = point.states()
    except (ArithmeticError, ValueError) as error:
        return point, Verdict([], unsettled=[f"the attack itself failed: {error}"]), 0.0, 0.0
    middle = time.process_time()
    try:
        listed, unaccounted = answer(point)
    except Exception as error:
        return point, Verdict([("refused", f"{type(error).__name__}: {error}")]), middle - start, 0.0
    spent = time.process_time() - middle
    verdict = judged(point, own, listed)
    verdict.unaccounted = unaccounted
    return point, verdict, middle - start, spent


def run(families, seed, count, out=print, mapped=map, T=""):
    """All points of some families; prints faults and returns the counts of each family."""
    table, shares = {}, SHARES[T]
    for family in families:
        tally, own_time, their_time = Counter(), 0.0, 0.0
        points = range(max(1, round(count * shares[family] / sum(shares[name] for name in families))))
        outcomes = mapped(functools.partial(attacked, family, T), [[seed, i] for i in points])
        for i, (point, verdict, own, theirs) in enumerate(outcomes):
            tally.update(points=1, states=verdict.states, unseen=len(verdict.unseen), unsettled=len(verdict.unsettled))
            tally.update(incomplete=not verdict.complete)
            own_time, their_time = own_time + own, their_time + theirs
            for text in verdict.unseen:
                out(f"# unseen by the attack: {call(point)}  # seed {seed}, {i}: {text}")
            for text in verdict.unsettled:
                out(f"# not settled: {call(point)}  # seed {seed}, {i}: {text}")
            for line in verdict.unaccounted:
                out(f"# not called complete: {call(point)}  # seed {seed}, {i}: {line}")
            for kind, text in verdict.faults:
                tally[kind if verdict.complete else f"excused {kind}"] += 1
                mark = "" if verdict.complete else " (not called complete)"
                out(f"{kind}{mark}: {call(point)}  # seed {seed}, {i}: {text}")
        table[family] = tally, own_time, their_time
        out(f"# {family}: {dict(+tally)}, own {own_time:.1f} s, replica {their_time:.1f} s")
    return table


def printed(table, out=print):
    """The table of counts, and whether there are no faults."""
    wide = max(map(len, table))
    out(f"{'family':{wide}}  " + " ".join(f"{name:>11}" for name in COLUMNS) + "   own s  replica s")
    for family, (tally, own, theirs) in table.items():
        counts = " ".join(f"{tally[name]:11d}" for name in COLUMNS)
        out(f"{family:{wide}}  {counts} {own:7.1f} {theirs:10.1f}")
    return not any(tally[kind] for tally, _, _ in table.values() for kind in FAULTS if kind != "inaccurate")


ARGUMENTS = (("N", 200, 1), ("SEED", 1, 0), ("JOBS", 1, 1))
"""Numbers that may be given, their values if not, and the least allowed."""


def _whole(given, name, value, least):
    try:
        number = int(given.get(name, value))
    except ValueError:
        number = least - 1
    if number < least:
        sys.exit(f"{name} = {given[name]}: a whole number >= {least} is needed")
    return number


def main(arguments):
    """Parse `N=… SEED=… JOBS=… FAMILY …` and run."""
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return 0
    given = dict(word.split("=", 1) for word in arguments if "=" in word)
    T = given.get("T", "")
    known = SHARES.get(T, {})
    families = [word for word in arguments if "=" not in word] or list(known)
    unknown = [*(set(given) - {"N", "SEED", "JOBS", "T"}), *(set(families) - set(known))]
    if unknown or not known:
        sys.exit(
            f"unknown: {', '.join(unknown or ['T=' + T])}; known are N=, SEED=, JOBS=, T=0, T=+ and {', '.join(DRAWS)}"
        )
    count, seed, jobs = (_whole(given, name, value, least) for name, value, least in ARGUMENTS)
    print(f"# N={count} SEED={seed} {f'T={T} ' if T else ''}{' '.join(families)}", flush=True)
    with contextlib.ExitStack() as stack:
        mapped = map
        if jobs > 1:
            mapped = stack.enter_context(ProcessPoolExecutor(jobs)).map
        clean = printed(run(families, seed, count, lambda text: print(text, flush=True), mapped, T))
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
