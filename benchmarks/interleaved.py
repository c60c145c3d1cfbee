"""Minima of interleaved repeats: what else the machine does falls on all cases alike."""

import time


def minima(cases, repeats=20):
    """Shortest time of each case in seconds, the cases in turn in every repeat.

    `cases` maps names to functions without arguments; each one runs once before the clock starts.
    """
    for run in cases.values():
        run()
    best = dict.fromkeys(cases, float("inf"))
    for _ in range(repeats):
        for name, run in cases.items():
            time.sleep(0.02)  # threads of the last case may still be waiting for work
            start = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - start)
    return best
