"""Machines of RestrictedBoltzmannMachines.jl: what is read against its own energies, integrated and summed."""

import numpy as np
import pytest
from scipy.integrate import quad

from rbm_sim import interchange
from rbm_sim.partition import exact

h5py = pytest.importorskip("h5py")
N, M = 4, 2
RNG = np.random.default_rng(3)
W = RNG.normal(size=(N, M)) * 0.5
V = (np.arange(2**N)[:, None] >> np.arange(N) & 1).astype(float)
"""Configurations of the visible layer, in {0, 1}."""


def gauss(theta, gamma, x):
    return abs(gamma) * x * x / 2 - theta * x


def eta(xi):
    return xi / (1 + abs(xi))


ENERGIES = {
    "Gaussian": gauss,
    "ReLU": lambda theta, gamma, x: gauss(theta, gamma, x) if x >= 0 else np.inf,
    "dReLU": lambda tp, tn, gp, gn, x: gauss(tp, gp, x) if x >= 0 else gauss(tn, gn, x),
    "pReLU": lambda t, g, d, e, x: gauss(t + np.sign(x) * d / (1 + np.sign(x) * e), g / (1 + np.sign(x) * e), x),
    "xReLU": lambda t, g, d, xi, x: ENERGIES["pReLU"](t, g, d, eta(xi), x),
    "nsReLU": lambda t, d, xi, x: ENERGIES["pReLU"](t, 1, d, eta(xi), x),
}
"""As that package documents them."""
ROWS = {
    "Gaussian": [[0.3, -0.2], [-1.5, 0.8]],
    "ReLU": [[0.4, -0.7], [2.0, -0.6]],
    "dReLU": [[0.3, -0.5], [-0.4, 0.6], [1.5, -0.7], [-0.8, 2.0]],
    "pReLU": [[0.2, -0.3], [1.2, -0.9], [0.5, -0.4], [0.6, -0.7]],
    "xReLU": [[0.2, -0.3], [-1.2, 0.9], [0.5, -0.4], [1.6, -0.7]],
    "nsReLU": [[0.2, -0.3], [0.5, -0.4], [1.6, -0.7]],
}


def write(path, w=W, visible=("Binary", None), hidden=("Binary", None), kind="RBM", **extras):
    """A file as Julia writes it: every array with its axes reversed."""
    sides = {"visible": (visible, np.zeros((1, N))), "hidden": (hidden, np.zeros((1, M)))}
    with h5py.File(path, "w") as file:
        file["rbm_hdf5_file_format_version"], file["rbm_type"] = "1.0.0", kind
        file["weights"] = np.transpose(w)
        for side, ((name, par), usual) in sides.items():
            file[f"{side}_type"] = name
            file[f"{side}_par"] = np.transpose(usual if par is None else np.asarray(par, float))
        for name, value in extras.items():
            file[name] = np.transpose(value)
    return path


def log_partition(visible_field, hidden, rows, w=W, offsets=((0,) * N, (0,) * M), scales=((1,) * N, (1,) * M)):
    """ln Z of Binary visible units, the integrals over h by quadrature."""
    total = 0.0
    for v in V:
        weight = np.exp(np.dot(visible_field, v))
        for mu in range(M):
            inputs = ((v - offsets[0]) / scales[0]) @ w[:, mu]
            own = [row[mu] for row in rows]

            def density(x, mu=mu, inputs=inputs, own=own):
                joint = inputs * (x - offsets[1][mu]) / scales[1][mu]
                return np.exp(joint - ENERGIES[hidden](*own, x))

            weight *= sum(quad(density, *ends, epsabs=1e-13, epsrel=1e-12)[0] for ends in ((-40, 0), (0, 40)))
        total += weight
    return np.log(total)


@pytest.mark.medium
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("hidden", ROWS)
def test_ln_z_of_every_layer(tmp_path, hidden):
    field = np.array([0.1, -0.3, 0.2, 0.4])
    path = write(tmp_path / "m.h5", visible=("Binary", field[None]), hidden=(hidden, ROWS[hidden]))
    found = interchange.read(path)
    expected = log_partition(field, hidden, ROWS[hidden])
    assert exact.log_partition(found.rbm) + found.log_constant == pytest.approx(expected, rel=1e-10)


@pytest.mark.medium
@pytest.mark.parametrize("hidden", ["Gaussian", "ReLU", "xReLU"])
def test_ln_z_of_standardised_machines(tmp_path, hidden):
    """Scales of either sign, as that package allows them."""
    rng = np.random.default_rng(5)
    a, b, s, t = rng.normal(size=N), rng.normal(size=M), np.array([0.5, -2, 1.5, 0.8]), np.array([1.3, -0.7])
    extras = {"offset_v": a, "offset_h": b, "scale_v": s, "scale_h": t}
    path = write(tmp_path / "m.h5", hidden=(hidden, ROWS[hidden]), kind="StandardizedRBM", **extras)
    found = interchange.read(path)
    expected = log_partition(np.zeros(N), hidden, ROWS[hidden], offsets=(a, b), scales=(s, t))
    assert exact.log_partition(found.rbm) + found.log_constant == pytest.approx(expected, rel=1e-10)


def test_ln_z_of_centred_machines_by_sums(tmp_path):
    a, b = RNG.normal(size=N), RNG.normal(size=M)
    path = write(tmp_path / "m.h5", kind="CenteredRBM", offset_v=a, offset_h=b)
    H = (np.arange(2**M)[:, None] >> np.arange(M) & 1).astype(float)
    found = interchange.read(path)
    expected = np.log(np.exp((V - a) @ W @ (H - b).T).sum())
    assert exact.log_partition(found.rbm) + found.log_constant == pytest.approx(expected, rel=1e-12)


def test_axes_of_images_and_of_sequences(tmp_path):
    """w[x, y, μ] of images and w[a, i, μ] of sequences, the first index running fastest in a vector."""
    w = np.arange(12.0).reshape(2, 3, 2)
    theta = np.arange(6.0).reshape(2, 3)
    path = write(tmp_path / "m.h5", w, visible=("Binary", theta[None]))
    found = interchange.read(path)
    assert found.about == {"shape": [3, 2]}
    assert (found.rbm.weights == w.reshape(6, 2, order="F")).all()
    assert (found.rbm.visible.g == theta.ravel(order="F")).all()
    path = write(tmp_path / "p.h5", w, visible=("PottsGumbel", theta[None]))
    found = interchange.read(path)
    assert found.rbm.visible.states == 2 and found.about == {}
    v = np.eye(2)[[[1, 0, 1]]]  # states of the three units
    fields = sum(theta[a, i] for i, a in enumerate([1, 0, 1]))
    inputs = sum(w[a, i] for i, a in enumerate([1, 0, 1]))
    assert found.rbm.free_energy(v) == pytest.approx(-fields - np.logaddexp(0, inputs).sum(), rel=1e-12)


def test_files_without_a_type_of_machine_are_plain(tmp_path):
    """Older versions wrote none."""
    path = write(tmp_path / "m.h5", visible=("Spin", [[0.1, 0.2, 0.3, 0.4]]))
    with h5py.File(path, "a") as file:
        del file["rbm_type"], file["rbm_hdf5_file_format_version"]
    assert interchange.read(path).format == "RestrictedBoltzmannMachines.jl"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden": ("Mystery", None)}, "hidden_type = 'Mystery': must be one of Binary"),
        ({"hidden": ("ReLU", None)}, "hidden_par has 1 rows: ReLU units have 2"),
        ({"hidden": ("Gaussian", [[0, 0], [1, 0]])}, "hidden_par has γ = 0"),
        ({"hidden": ("pReLU", [[0, 0], [1, 1], [0, 0], [0, 1]])}, "has η beyond ±1"),
        ({"hidden": ("dReLU", [[0, 0], [1, 1], [0, 1], [1, 1]])}, "gamma_plus has the entry 0: must be > 0"),
        ({"visible": ("ReLU", [[0.0] * 4, [2.0] * 4])}, "visible_par has γ ≠ 1"),
        ({"kind": "Deep"}, "rbm_type = 'Deep': must be one of RBM, CenteredRBM, StandardizedRBM"),
        ({"kind": "CenteredRBM"}, "has no offset_v among"),
        ({"kind": "CenteredRBM", "offset_v": np.zeros(3)}, r"offset_v has axes \(3,\) there: the layer has \(4,\)"),
        ({"w": np.zeros((2, 4))}, r"weights has axes \(2, 4\) there: the layers have \(4,\) and \(2,\)"),
        ({"w": np.full((4, 2), np.nan)}, "weights has the entry nan"),
        ({"hidden": ("Binary", [0.0, 0.0])}, r"hidden_par has shape \(2,\)"),
    ],
)
def test_what_does_not_fit_is_one_line(tmp_path, change, message):
    with pytest.raises(ValueError, match=message) as caught:
        interchange.load(write(tmp_path / "m.h5", **change))
    assert str(caught.value).startswith(str(tmp_path / "m.h5: ")) and "\n" not in str(caught.value)


def test_a_scale_of_zero_and_another_version(tmp_path):
    ones = {"offset_v": np.ones(N), "offset_h": np.ones(M), "scale_v": np.ones(N), "scale_h": np.zeros(M)}
    path = write(tmp_path / "m.h5", kind="StandardizedRBM", **ones)
    with pytest.raises(ValueError, match="scale_h has an entry 0"):
        interchange.load(path)
    with h5py.File(path, "a") as file:
        del file["rbm_hdf5_file_format_version"]
        file["rbm_hdf5_file_format_version"] = "2.0.0"
    with pytest.raises(ValueError, match=r"file_format_version = '2\.0\.0': must be 1\.0\.0"):
        interchange.load(path)
