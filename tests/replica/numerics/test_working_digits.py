"""Many digits in several threads: the numbers of one thread, and a precision that is restored."""

import multiprocessing
import os
import threading

import pytest
from mpmath import mp
from mpmath.libmp import dps_to_prec

import replica
from replica.models import Hopfield, ThresholdHopfield
from replica.numerics.gaussian import H
from replica.numerics.working_digits import digits_of, guard_bits, working_digits


def bits(value):
    """A number bit by bit."""
    return getattr(value, "_mpf_", value)


def state(alpha, precision):
    """Everything that a state in many digits says, some of it computed only when asked for."""
    found = replica.solve(Hopfield(alpha=alpha, T=0.3), precision=precision)
    return [bits(v) for v in (*found.order, found.free_energy, found.curvature, found.replicon)]


def fold(alpha, precision):
    """A capacity and the state there."""
    point = replica.spinodal(ThresholdHopfield(alpha=alpha, theta=0.3), along="alpha", precision=precision)
    return [bits(v) for v in (point.value, *point.order, point.states[0].curvature)]


def tail(x, precision):
    """A function that takes guard digits."""
    return [bits(H(3, mp.mpf(x)))] * 20 + [precision]


@pytest.mark.slow
def test_threads_compute_what_one_thread_computes_and_restore_the_precision():
    jobs = [(state, 0.05, 20), (state, 0.05, 30), (state, 0.06, 40), (fold, 0.1, 25), (tail, 7.5, 0), (tail, 2.5, 0)]
    before = mp.prec
    alone = [task(x, digits) for task, x, digits in jobs]
    for _ in range(3):
        together = [None] * len(jobs)

        def run(i, out=together):
            task, x, digits = jobs[i]
            out[i] = task(x, digits)

        threads = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(len(jobs))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)
        assert together == alone
        assert mp.prec == before


def test_the_precision_is_restored_after_an_error_and_nests():
    before = mp.prec
    with pytest.raises(ZeroDivisionError), working_digits(50):
        with guard_bits(20):
            assert mp.prec == dps_to_prec(50) + 20
        1 / 0  # noqa: B018
    assert mp.prec == before


def test_quantities_of_a_state_have_its_digits():
    found = replica.solve(Hopfield(alpha=0.05, T=0.3), precision=40)
    lazily = found.replicon
    with working_digits(55):
        again = replica.solve(Hopfield(alpha=0.05, T=0.3), precision=40).replicon
        assert abs(lazily - again) < mp.mpf(10) ** -40
    with digits_of(1.0, mp.mpf(1)):
        assert mp.prec >= 53


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_process_forked_meanwhile_can_compute():
    """The lock that another thread holds at that moment is not inherited for ever."""
    inside, done = threading.Event(), threading.Event()
    leave = threading.Timer(0.3, done.set)

    def busy():
        with working_digits(60):
            inside.set()
            done.wait()

    thread = threading.Thread(target=busy, daemon=True)
    thread.start()
    inside.wait()
    leave.start()
    child = multiprocessing.get_context("fork").Process(target=_compute)
    child.start()
    child.join(timeout=60)
    thread.join(timeout=60)
    assert child.exitcode == 0


def _compute():
    assert mp.dps == 15
    with working_digits(30):
        assert mp.dps == 30
