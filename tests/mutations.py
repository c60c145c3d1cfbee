"""Change one sign, factor or exponent in a formula and see that a test notices: `python tests/mutations.py [WORD ...]`.

Each mutation is made in a copy of the checkout and meets first the test file named beside it (at most a minute), which
passes without it, then, if it survives that, the whole suite. Words select mutations by file. Exit status 1 if one
survives both.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
FIRST = 60  # seconds for the named tests
WHOLE = 1800


class Mutation(NamedTuple):
    """A formula, its wrong form, and the tests that should notice first."""

    file: str
    right: str
    wrong: str
    tests: str


THEORY = "tests/replica"
CERTIFIED = f"{THEORY}/certified/test_certified.py"
THERMAL = f"{THEORY}/symmetry_breaking/test_hopfield.py"
BROKEN_RBM = f"{THEORY}/symmetry_breaking/test_relu_rbm.py"
PLANTED = f"{THEORY}/models/test_planted.py"
GENERAL = f"{THEORY}/models/test_general.py"
PLANTED_SIMULATED = "tests/rbm_sim/learning/test_planted.py"
MUTATIONS = (
    Mutation(
        "replica/models/general.py",
        "pair = r * C + B * q + B * C * self.T / self.p",
        "pair = r * C + B * q + B * C * self.T",
        f"{GENERAL}::test_gradient_is_that_of_the_free_energy",
    ),
    Mutation(
        "replica/models/general.py",
        "np.sqrt(self.alpha * self.p * order.r), self.alpha",
        "np.sqrt(self.alpha * order.r), self.alpha",
        f"{GENERAL}::test_gradient_is_that_of_the_free_energy",
    ),
    Mutation(
        "replica/models/general.py",
        "1 - self.alpha * self.p * self.p * v.V",
        "1 - self.alpha * self.p * v.V",
        f"{GENERAL}::test_the_replicon_ends_the_sparse_paramagnet",
    ),
    Mutation(
        "replica/models/general.py",
        "outside = 1 - order.C / layers.softest",
        "outside = 1 - order.C",
        f"{GENERAL}::test_stiffer_hidden_units_are_a_hotter_hopfield_model",
    ),
    Mutation(
        "replica/potentials/thermal_averages.py",
        "by_c = 0.5 * law.third * beta + x * response",
        "by_c = law.third * beta + x * response",
        f"{GENERAL}::test_slopes_are_those_of_the_averages",
    ),
    Mutation(
        "replica/potentials/discrete.py",
        "c * (a * a + d * d) / 2",
        "c * (a * a - d * d) / 2",
        f"{GENERAL}::test_closed_averages_against_the_general_route",
    ),
    Mutation(
        "replica/potentials/gaussian_relu.py",
        "[2 * g * M, 2 * g * g * s * H0 - 0 * Q, 2 * g * Q]",
        "[2 * g * M, 2 * g * g * s * H1 - 0 * Q, 2 * g * Q]",
        f"{GENERAL}::test_slopes_at_zero_temperature",
    ),
    Mutation(
        "replica/models/layers/curve_equations.py",
        "np.log(alpha * self.layers.p * h.r) - 2 * np.log(s)",
        "np.log(alpha * h.r) - 2 * np.log(s)",
        f"{GENERAL}::test_bernoulli_and_relu_tend_to_the_relu_rbm",
    ),
    Mutation(
        "replica/models/layers/saddle_equations.py",
        "q, p * chi, work",
        "q, chi, work",
        f"{GENERAL}::test_gradient_is_that_of_the_free_energy",
    ),
    Mutation(
        "replica/models/layers/saddle_equations.py",
        "by_q = np.where(noise == 0, 0.0, p / (2 * noise))",
        "by_q = np.where(noise == 0, 0.0, 1 / (2 * noise))",
        f"{GENERAL}::test_slopes_of_both_layers",
    ),
    Mutation(
        "replica/potentials/mixture.py",
        "v + self.Omega * (v / (1 - self.Omega)) ** 2",
        "v + self.Omega",
        f"{GENERAL}::test_the_spread_bounds_every_law",
    ),
    Mutation(
        "replica/numerics/gaussian.py",
        "-x * current + (j * previous if j else previous)\n    return current",
        "-x * current + ((j + 1) * previous if j else previous)\n    return current",
        f"{THEORY}/numerics/test_gaussian.py",
    ),
    Mutation(
        "replica/numerics/gaussian.py",
        "return -k * np.where(",
        "return k * np.where(",
        f"{THEORY}/numerics/test_gaussian.py",
    ),
    Mutation(
        "replica/averages/spin.py",
        "C = 2 * mean(phi(x)) / s\n",
        "C = mean(phi(x)) / s\n",
        f"{THEORY}/averages/test_spin.py",
    ),
    Mutation(
        "replica/averages/spin.py",
        "mean(2 * u * e / (1 + e) + log1p(e))",
        "mean(u * e / (1 + e) + log1p(e))",
        f"{THEORY}/averages/test_spin.py",
    ),
    Mutation(
        "replica/averages/spin.py",
        "(2 / (T * s) * mean(",
        "(1 / (T * s) * mean(",
        f"{THEORY}/averages/test_spin.py",
    ),
    Mutation(
        "replica/models/hopfield.py",
        "r=order.q * amplified * amplified, C=C, B=amplified",
        "r=order.q * amplified, C=C, B=amplified",
        f"{THEORY}/models/test_limits.py",
    ),
    Mutation(
        "replica/models/hopfield.py",
        "n * m * m / 2 + self.alpha / 2 * (pair + r * C)",
        "n * m * m / 2 + self.alpha / 2 * (pair - r * C)",
        f"{THEORY}/models/test_contract.py",
    ),
    Mutation(
        "replica/models/hopfield.py",
        "value = 1 - load * squared / (1 - C) ** 2",
        "value = 1 - load * squared / (1 - C)",
        f"{THEORY}/models/test_reference_values.py",
    ),
    Mutation(
        "replica/models/hopfield.py",
        "return outside, outside + cross",
        "return outside, outside - cross",
        f"{THEORY}/models/test_reference_values.py",
    ),
    Mutation(
        "replica/averages/spin.py",
        "total_m = total_m + weight * z / max(n, 1) * site.m",
        "total_m = total_m + weight * z * site.m",
        f"{THEORY}/models/test_reference_values.py",
    ),
    Mutation(
        "replica/models/threshold_hopfield.py",
        "C=phi(m / s) / s,",
        "C=phi(m / s) / (2 * s),",
        f"{THEORY}/models/test_contract.py",
    ),
    Mutation(
        "replica/models/threshold_hopfield.py",
        "hidden = self.alpha * q * H(2, x) / 2 *",
        "hidden = self.alpha * q * H(2, x) *",
        f"{THEORY}/models/test_contract.py",
    ),
    Mutation(
        "replica/models/sparse/equations.py",
        "(law.w + shift) + _column(self.alpha * order.B / 2) * law.x",
        "(law.w + shift) + _column(self.alpha * order.B) * law.x",
        f"{THEORY}/models/test_relu_rbm.py",
    ),
    Mutation(
        "replica/models/sparse/equations.py",
        "r = self._active_square(order.q) * amplified * amplified",
        "r = self._active_square(order.q) * amplified",
        f"{THEORY}/models/test_compositional.py",
    ),
    Mutation(
        "replica/models/sparse/equations.py",
        "self.alpha / 2 * (r * C + B * q) - visible - hidden",
        "self.alpha / 2 * (r * C + B * q) - visible + hidden",
        f"{THEORY}/models/test_contract.py",
    ),
    Mutation(
        "replica/models/sparse/equations.py",
        "- self.alpha * order.r / 2 - along",
        "- self.alpha * order.r / 2 + along",
        f"{THEORY}/models/test_compositional.py",
    ),
    Mutation(
        "replica/models/sparse/equations.py",
        "share = unit_mean(law.weight * law.x, few)",
        "share = unit_mean(law.weight, few)",
        f"{THEORY}/models/test_compositional.py",
    ),
    Mutation(
        "replica/averages/pattern_sum.py",
        "power, total = np.array([p / 2, 1 - p, p / 2])",
        "power, total = np.array([p, 1 - 2 * p, p])",
        f"{THEORY}/averages/test_pattern_sum.py",
    ),
    Mutation(
        "replica/averages/pattern_sum.py",
        "inverse = 2 / np.maximum(ell, 1e-300)",
        "inverse = 1 / np.maximum(ell, 1e-300)",
        f"{THEORY}/averages/test_pattern_sum.py",
    ),
    Mutation(
        "replica/models/hopfield.py",
        "total = -self.alpha / 2 * (log_margin(order, 1.0) + C * gain(order, 1.0))",
        "total = -self.alpha / 2 * (log_margin(order, 1.0) - C * gain(order, 1.0))",
        f"{THEORY}/models/test_contract.py",
    ),
    Mutation(
        "rbm_sim/units/half_line.py",
        "energy /= gap - low",
        "energy /= gap + low",
        "tests/rbm_sim/units/test_standard.py",
    ),
    Mutation(
        "rbm_sim/units/half_line.py",
        "inverse * (1 - s * (2 - s * (10 - 74 * s)))",
        "inverse * (1 + s * (2 - s * (10 - 74 * s)))",
        "tests/rbm_sim/units/test_standard.py",
    ),
    Mutation(
        "rbm_sim/observables/sparsity.py",
        "participation_ratio(columns.T, a=2)",
        "participation_ratio(columns.T, a=1)",
        "tests/rbm_sim/observables/test_observables.py",
    ),
    Mutation(
        "rbm_sim/partition/couplings.py",
        "(1 + visible.low) * diagonal / 2",
        "(1 + visible.low) * diagonal",
        "tests/rbm_sim/partition/test_couplings.py",
    ),
    Mutation(
        "rbm_sim/learning/contrastive_divergence.py",
        "gradients, (1, -1, -1, 1, 1), strict=False)",
        "gradients, (1, 1, -1, 1, 1), strict=False)",
        "tests/rbm_sim/learning/test_contrastive_divergence.py",
    ),
    Mutation(
        "rbm_sim/learning/batch_gradients.py",
        "else (dw, dv - dw @ lam, dh - mu @ dw)",
        "else (dw, dv + dw @ lam, dh - mu @ dw)",
        "tests/rbm_sim/learning/test_contrastive_divergence.py",
    ),
    Mutation(
        "rbm_sim/learning/penalties.py",
        "norms = np.abs(w).sum(axis=0) ** (options.exponent - 1)",
        "norms = np.abs(w).sum(axis=0) ** options.exponent",
        "tests/rbm_sim/learning/test_contrastive_divergence.py",
    ),
    Mutation(
        "rbm_sim/learning/measurements.py",
        '"T_eff": p_hat / W2',
        '"T_eff": W2 / p_hat',
        "tests/rbm_sim/commands/test_training.py",
    ),
    Mutation(
        "rbm_sim/units/standard.py",
        "return T ** (order / 2) * reduced",
        "return T**order * reduced",
        "tests/rbm_sim/units/test_standard.py",
    ),
    Mutation(
        "rbm_sim/partition/likelihood.py",
        "-machine.free_energy(v_moved, T).astype(np.float64) / T, rbm)",
        "-machine.free_energy(v_moved, T).astype(np.float64), rbm)",
        "tests/rbm_sim/partition/test_likelihood.py",
    ),
    Mutation("replica/certified/hopfield.py", "(y / n + 2 * y * y * y)", "(y / n + y * y * y)", CERTIFIED),
    Mutation("replica/certified/hopfield.py", "6 - arb(2 * square) / n - 4", "6 - arb(2 * square) / n - 3", CERTIFIED),
    Mutation(
        "replica/certified/hopfield.py",
        "root * root / 4 - m * m / (4 * y * y)",
        "root * root / 4 - m * m / (2 * y * y)",
        CERTIFIED,
    ),
    Mutation(
        "replica/certified/interval_newton.py",
        "(int(i == j) - spread[i, j])",
        "(int(i == j) + spread[i, j])",
        CERTIFIED,
    ),
    Mutation("replica/certified/interval_newton.py", "x.contains_interior(k)", "x.overlaps(k)", CERTIFIED),
    Mutation(
        "replica/certified/subdivision.py",
        "if found > 0:\n            continue",
        "if found >= 0:\n            continue",
        CERTIFIED,
    ),
    Mutation(
        "replica/certified/skellam.py",
        "weight[abs(k - 1)]) / 2 - weight[k]",
        "weight[abs(k - 1)]) / 2 + weight[k]",
        CERTIFIED,
    ),
    Mutation(
        "replica/certified/skellam.py",
        "rest = 2 * scale * tail(ell[0], J - 1)",
        "rest = 1e-9 * scale * tail(ell[0], J - 1)",
        CERTIFIED,
    ),
    Mutation("replica/certified/skellam.py", "half = ell.upper() / 2", "half = ell.upper() / 4", CERTIFIED),
    Mutation(
        "replica/certified/compositional.py",
        "s * s * margin * H0 / (2 * q * H2)",
        "s * s * margin * H0 / (q * H2)",
        CERTIFIED,
    ),
    Mutation("replica/certified/compositional.py", "(m * m - s * bend) / 2", "(m * m - s * bend / 2) / 2", CERTIFIED),
    Mutation(
        "replica/certified/gaussian.py", "(-density(x[0]), -H0, -2 * H1)", "(-density(x[0]), -H0, -H1)", CERTIFIED
    ),
    Mutation(
        "replica/certified/low_noise.py",
        "gap * (m / 2 + G) - 6 * region.flipped",
        "gap * (m + G) - 6 * region.flipped",
        CERTIFIED,
    ),
    Mutation(
        "replica/certified/low_noise.py",
        "(-U * U / 2).exp() / 2, U * density(U) / c",
        "(-U * U / 2).exp() / 2, density(U) / c",
        CERTIFIED,
    ),
    Mutation(
        "replica/certified/low_noise.py", "machine.alpha * H0 / (2 * margin)", "machine.alpha * H0 / margin", CERTIFIED
    ),
    Mutation("replica/certified/enclosure.py", "-(-high * scale // 1)", "high * scale // 1", CERTIFIED),
    Mutation("replica/averages/one_step_spin.py", "+ w * w * x * flat / 2\n    variance", "\n    variance", THERMAL),
    Mutation("replica/averages/one_step_spin.py", "kept * (w * d - 2 * u * p)", "kept * (w * d + 2 * u * p)", THERMAL),
    Mutation("replica/averages/one_step_spin.py", "(energy - (u + w * w) * z) / Z", "(energy - u * z) / Z", THERMAL),
    Mutation("replica/averages/one_step_spin.py", "back @ (more - f * power)", "back @ (more + f * power)", THERMAL),
    Mutation("replica/averages/one_step_spin.py", "w * mean(y * f))", "mean(y * f))", THERMAL),
    Mutation("replica/averages/one_step_spin.py", "strip, growth = 0.45 *", "strip, growth = 2.7 *", THERMAL),
    Mutation("replica/symmetry_breaking/hopfield_thermal.py", "(q - dq) / D + r * C", "(q - dq) / D - r * C", THERMAL),
    Mutation(
        "replica/symmetry_breaking/hopfield_thermal.py", "alpha / 2 * (log1p(-C) + C", "alpha * (log1p(-C) + C", THERMAL
    ),
    Mutation(
        "replica/symmetry_breaking/hopfield_thermal.py",
        "return float(-np.linalg",
        "return float(1 - np.linalg",
        THERMAL,
    ),
    Mutation(
        "replica/symmetry_breaking/sk.py",
        "log(-4 * spin.work / (mu * dq) ** 2)",
        "log(-2 * spin.work / (mu * dq) ** 2)",
        THERMAL,
    ),
    Mutation("replica/symmetry_breaking/sk.py", "spin.entropy - C * C / 4)", "spin.entropy - C * C / 2)", THERMAL),
    Mutation(
        "replica/averages/one_step_relu.py",
        "(fourth - second * second) / 4",
        "(fourth - second * second) / 2",
        BROKEN_RBM,
    ),
    Mutation("replica/averages/one_step_relu.py", "- 0.5 * np.log(1 - v)", "+ 0.5 * np.log(1 - v)", BROKEN_RBM),
    Mutation("replica/averages/one_step_relu.py", "tau[..., None] / width", "tau[..., None] * width", BROKEN_RBM),
    Mutation("replica/symmetry_breaking/relu_rbm.py", "(field + w * s1 / 2) / s0", "field / s0", BROKEN_RBM),
    Mutation("replica/symmetry_breaking/relu_rbm.py", "hidden.on / (1 - C)\n", "hidden.on\n", BROKEN_RBM),
    Mutation("replica/symmetry_breaking/relu_rbm.py", "(w * w * dq / 2)", "(w * w * dq)", BROKEN_RBM),
    Mutation(
        "replica/symmetry_breaking/relu_rbm.py", "alpha * state.log_z / state.mu", "state.log_z / state.mu", BROKEN_RBM
    ),
    Mutation(
        "replica/models/planted.py",
        "r = (order.q + self.signal * order.m * order.m)",
        "r = (order.q - self.signal * order.m * order.m)",
        PLANTED,
    ),
    Mutation(
        "replica/models/planted.py",
        "(q - self.signal * m * m) * gain(order, 1.0)",
        "(q + self.signal * m * m) * gain(order, 1.0)",
        PLANTED,
    ),
    Mutation(
        "replica/models/planted.py",
        "return spin_entropy(*self._field(order), self.T) - self.gamma / 2",
        "return spin_entropy(*self._field(order), self.T) - self.gamma",
        PLANTED,
    ),
    Mutation(
        "replica/models/planted.py",
        "1 - self.gamma * self.signal * order.C * gain(order, 1.0)",
        "1 - self.gamma * self.signal * gain(order, 1.0)",
        PLANTED,
    ),
    Mutation(
        "replica/models/planted.py",
        "return self.beta_teacher / (1 - self.beta_teacher)",
        "return self.beta_teacher / (1 + self.beta_teacher)",
        PLANTED,
    ),
    Mutation(
        "replica/models/planted.py",
        "margin = y / s * (q / (delta * m) + m)",
        "margin = y / s * (q / (delta * m) - m)",
        PLANTED,
    ),
    Mutation(
        "replica/models/planted.py",
        "return C + q / (delta[i] * C * s * s) - 1",
        "return C + q / (delta[i] * s * s) - 1",
        PLANTED,
    ),
    Mutation(
        "replica/models/planted.py",
        "1 / (1 + model.gamma * model.signal), np.inf",
        "1 / (1 + model.signal), np.inf",
        PLANTED,
    ),
    Mutation("rbm_sim/learning/planted.py", "weight = beta / (2 * N) *", "weight = beta / N *", PLANTED_SIMULATED),
    Mutation("rbm_sim/learning/planted.py", "- gammaln(N - k + 1)", "", PLANTED_SIMULATED),
    Mutation(
        "rbm_sim/partition/conditional.py",
        "yield (h @ I - rbm.hidden.potential(h).sum(axis=1)) / T + K",
        "yield (h @ I - rbm.hidden.potential(h).sum(axis=1)) + K",
        "tests/rbm_sim/partition/test_conditional.py::test_both_enumerations_agree",
    ),
    Mutation(
        "rbm_sim/partition/conditional.py",
        "yield -rbm.free_energy(v, T) / T, x",
        "yield -rbm.free_energy(v) / T, x",
        "tests/rbm_sim/partition/test_conditional.py::test_against_the_joint_law",
    ),
    Mutation(
        "rbm_sim/sampling/conditional.py",
        "scatter / n_chains**0.5",
        "scatter / n_chains",
        "tests/rbm_sim/sampling/test_conditional.py::test_against_enumeration",
    ),
)


def main(words: list[str]) -> int:
    """Run the mutations and print one line for each."""
    chosen = [m for m in MUTATIONS if not words or any(word in m.file for word in words)]
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(
            ROOT, copy, ignore=shutil.ignore_patterns(".venv", ".git", "__pycache__", ".*_cache", ".hypothesis")
        )
        for tests in dict.fromkeys(mutation.tests for mutation in chosen):
            if fails(copy, [tests, "-n", "0"], WHOLE):
                raise SystemExit(f"{tests} fails without any mutation")
        for mutation in chosen:
            start = time.monotonic()
            fate = caught(mutation, copy)
            survivors += fate == "SURVIVED"
            changed = " ".join(f"{mutation.right}  →  {mutation.wrong}".split())
            print(f"{fate:28s}{time.monotonic() - start:6.0f} s  {mutation.file}: {changed}", flush=True)
    print(f"{len(chosen)} mutations, {survivors} survived")
    return int(survivors > 0)


def caught(mutation: Mutation, copy: Path) -> str:
    """What noticed the mutation."""
    path = copy / mutation.file
    text = path.read_text()
    if text.count(mutation.right) != 1:
        raise SystemExit(f"{mutation.file}: {mutation.right!r} is there {text.count(mutation.right)} times, not once")
    path.write_text(text.replace(mutation.right, mutation.wrong))
    try:
        if fails(copy, [mutation.tests, "-n", "0"], FIRST):
            return "caught by the named tests"
        return "caught by the whole suite" if fails(copy, ["-n", "auto"], WHOLE) else "SURVIVED"
    finally:
        path.write_text(text)


def fails(copy: Path, words: list[str], limit: float) -> bool:
    """Whether pytest finds a failure in this time; to run out of it is none."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *words]
    try:
        done = subprocess.run(command, cwd=copy, capture_output=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
