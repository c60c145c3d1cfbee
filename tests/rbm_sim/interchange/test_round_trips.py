"""One machine in every format: written, read back, and read from files that the other programs made."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from rbm_sim import RBM, Bernoulli, DReLU, Gaussian, Normal, Potts, ReLU, Spin, interchange
from rbm_sim.learning import Learner, run_files
from rbm_sim.observables import weight_norm, weight_sparsity
from rbm_sim.partition import exact

pytest.importorskip("h5py")
MADE = Path(__file__).parent / "data"
"""Files that rbms 0.5.0 wrote by its own save_model: the machine below after 10 updates, half its weights after 9."""
JULIA = "RestrictedBoltzmannMachines.jl"
WRITTEN = ("npz", "rbms", JULIA, "safetensors")
I, MU = np.arange(6)[:, None], np.arange(4)
W = 0.6 * np.sin(1 + I + 2 * MU + I * MU)
G, B = 0.1 * np.cos(np.arange(6)), -0.2 + 0.1 * MU
LN_Z, LN_Z_SPINS, CONSTANT = 7.2608968503188110547, 7.35646682665380781, -0.0955699763349967579


def machine(dtype=float):
    return RBM(W.astype(dtype), visible=Bernoulli(G), hidden=Bernoulli(B))


def check_numbers(rbm):
    """ln Z in both forms, the constant between them, p̂ and W₂, from an independent program."""
    spins, constant = interchange.with_spins(rbm)
    assert exact.log_partition(rbm) == pytest.approx(LN_Z, abs=1e-12)
    assert exact.log_partition(spins) == pytest.approx(LN_Z_SPINS, abs=1e-12)
    assert constant == pytest.approx(CONSTANT, abs=1e-12)
    assert weight_sparsity(rbm.weights) == pytest.approx(0.757069200889684779, abs=1e-12)
    assert weight_norm(rbm.weights) == pytest.approx(1.34889385164740516, abs=1e-12)


@pytest.mark.parametrize("format", WRITTEN)
def test_the_machine_comes_back_from_every_format(tmp_path, format):
    assert interchange.save(machine(), tmp_path / "m", format) == 0
    found = interchange.read(tmp_path / "m")
    assert (found.format, found.log_constant) == (format, 0)
    check_numbers(found.rbm)
    check_numbers(interchange.load(tmp_path / "m", format))


@pytest.mark.parametrize("format", WRITTEN)
def test_spins_come_back_from_every_format(tmp_path, format):
    spins, _ = interchange.with_spins(machine())
    constant = interchange.save(spins, tmp_path / "m", format)
    found = interchange.load(tmp_path / "m")
    assert constant + exact.log_partition(found) == pytest.approx(LN_Z_SPINS, abs=1e-12)
    assert isinstance(found.visible, Bernoulli if format == "rbms" else Spin)


@pytest.mark.parametrize("format", WRITTEN)
def test_precision_is_kept(tmp_path, format):
    interchange.save(machine(np.float32), tmp_path / "m", format)
    found = interchange.load(tmp_path / "m")
    assert found.dtype == np.float32 and (found.weights == W.astype(np.float32)).all()


@pytest.mark.parametrize("name", ["m.npz", "m.h5", "m.hdf5", "m.safetensors"])
def test_the_suffix_chooses(tmp_path, name):
    interchange.save(machine(), tmp_path / name)
    check_numbers(interchange.load(str(tmp_path / name)))


UNITS = [
    (Bernoulli(G), DReLU([1.0, 2, 0.5, 1], [0.3, 1, 2, 1], [0.1, -0.2, 0, 1], [0.2, 0.3, -0.4, 1])),
    (Spin(G), ReLU([0.1, -0.2, 0.3, 0])),
    (Normal(G, 1.5 + G), Spin(B)),
    (Gaussian(), Bernoulli(B)),
    (Bernoulli(G), Gaussian()),
    (Potts(3, np.arange(6.0).reshape(2, 3)), Normal(B, 2 + B)),
    (Bernoulli(G), Potts(2, [[0.1, 0.2], [0.3, -0.1]])),
]


@pytest.mark.parametrize("format", ["npz", JULIA, "safetensors"])
@pytest.mark.parametrize(("visible", "hidden"), UNITS, ids=lambda unit: type(unit).__name__)
def test_units_come_back_with_their_parameters(tmp_path, format, visible, hidden):
    before = RBM(W, visible=visible, hidden=hidden)
    assert interchange.save(before, tmp_path / "m", format) == 0
    after = interchange.load(tmp_path / "m")
    v = visible.sample(np.zeros((7, 6)) + before.visible.offset, np.random.default_rng(0))
    assert type(after.visible) is type(before.visible) and type(after.hidden) is type(before.hidden)
    assert after.free_energy(v) == pytest.approx(before.free_energy(v), rel=1e-12)


def test_files_of_rbms_itself():
    """Its own energies of the unit vectors and of three sequences, as it printed them."""
    found = interchange.read(MADE / "made_by_rbms.h5")
    assert (found.format, found.about) == ("rbms", {"update": 10})
    check_numbers(found.rbm)
    energies = [-3.0594317086709713, -2.8537014966906593, -2.852014412039375]
    energies += [-2.915614945203511, -1.6723061559029384, -3.416426417945817]
    assert found.rbm.free_energy(np.eye(6)) == pytest.approx(energies, rel=1e-12)
    potts = interchange.load(MADE / "made_by_rbms_potts.h5")
    v = np.eye(3)[[[0, 1, 2, 0], [2, 2, 1, 0], [1, 1, 1, 1]]]
    energies = [-0.9374170975517989, -0.32229125312291557, -5.907655635306693]
    assert potts.free_energy(v) == pytest.approx(energies, rel=1e-12)


def test_any_update_of_rbms():
    """The last is that of the largest number, not the last of the names in order."""
    half = interchange.load(MADE / "made_by_rbms.h5", update=9)
    assert half.weights == pytest.approx(W / 2, abs=1e-16)
    with pytest.raises(ValueError, match=r"made_by_rbms.h5: update = 3: the file has 9, 10$"):
        interchange.load(MADE / "made_by_rbms.h5", update=3)


def test_a_run(tmp_path):
    data = np.random.default_rng(0).integers(0, 2, (20, 5)).astype(float)
    learner = Learner.begin(data, visible=Bernoulli(), hidden=ReLU(), units=3, rng=0)
    run_files.train(learner, data, epochs=1, file=tmp_path / "r.npz", about={"shape": [1, 5]})
    found = interchange.read(tmp_path / "r.npz")
    assert (found.format, found.about) == ("run", {"shape": [1, 5]})
    assert (found.rbm.weights == learner.rbm.weights).all()
    with pytest.raises(ValueError, match="'run': is written by train"):
        interchange.save(found.rbm, tmp_path / "s.npz", "run")


def test_safetensors_are_those_of_the_library(tmp_path):
    library = pytest.importorskip("safetensors.numpy")
    interchange.save(machine(), tmp_path / "m.safetensors")
    arrays = library.load_file(tmp_path / "m.safetensors")
    assert (arrays["weights"] == W).all() and (arrays["visible_g"] == G).all() and (arrays["hidden_g"] == B).all()
    library.save_file({"W": W.T.copy(), "v_bias": G, "h_bias": B}, tmp_path / "t.safetensors", {"format": "pt"})
    check_numbers(interchange.load(tmp_path / "t.safetensors"))


@pytest.mark.parametrize("value", [1.0, -2.5, 3.140625])
def test_half_precision_of_safetensors(tmp_path, value):
    """bfloat16 is the upper half of a single: values of 8 significant bits are exact."""
    import struct

    upper = struct.pack("<f", value)[2:]
    header = b'{"W":{"dtype":"BF16","shape":[1,1],"data_offsets":[0,2]}}'
    (tmp_path / "m").write_bytes(len(header).to_bytes(8, "little") + header + upper)
    assert interchange.load(tmp_path / "m").weights.tolist() == [[value]]


NAMES = [
    ("W", "vbias", "hbias"),
    ("weights", "visible_bias", "hidden_bias"),
    ("w", "g", "b"),
    ("weight_matrix", "a", "b"),
    ("rbm.W", "rbm.v_bias", "rbm.h_bias"),
    ("weights", "visible_g", "hidden_g"),
]


@pytest.mark.parametrize("names", NAMES, ids=" ".join)
@pytest.mark.parametrize("turned", [False, True])
def test_plain_arrays_in_either_orientation(tmp_path, names, turned):
    w, g, b = names
    np.savez(tmp_path / "m.npz", **{w: W.T if turned else W, g: G, b: B})
    if "visible_g" in names and turned:
        with pytest.raises(ValueError, match="Bernoulli has 6 parameters"):
            interchange.load(tmp_path / "m.npz")
        check_numbers(interchange.load(tmp_path / "m.npz", orientation="hidden, visible"))
        return
    found = interchange.read(tmp_path / "m.npz")
    assert found.about == {"assumed": ["visible", "hidden"]}
    check_numbers(found.rbm)


def test_arrays_of_scikit_learn_have_the_hidden_index_first(tmp_path):
    square = np.arange(9.0).reshape(3, 3)
    arrays = {"components_": square, "intercept_visible_": np.zeros(3), "intercept_hidden_": np.ones(3)}
    np.savez(tmp_path / "m.npz", **arrays)
    assert (interchange.load(tmp_path / "m.npz").weights == square.T).all()


def test_square_weights_need_a_word(tmp_path):
    np.savez(tmp_path / "m.npz", W=np.arange(9.0).reshape(3, 3), vbias=np.zeros(3))
    with pytest.raises(ValueError, match=r"m.npz: W is square: say which index comes first by orientation = "):
        interchange.load(tmp_path / "m.npz")
    turned = interchange.load(tmp_path / "m.npz", orientation="hidden, visible")
    assert turned.weights[0].tolist() == [0, 3, 6]
    np.savez(tmp_path / "m.npz", W=np.arange(9.0).reshape(3, 3), vbias=np.zeros(3), orientation="hidden, visible")
    assert (interchange.load(tmp_path / "m.npz").weights == turned.weights).all()


def test_biases_add_to_the_input(tmp_path):
    """Whatever the units: a field g, or a threshold −θ."""
    np.savez(tmp_path / "m.npz", W=W, hbias=B)
    for kind, unit in (("spin", Spin(B)), ("relu", ReLU(-B)), ("gaussian", Normal(B)), ("drelu", DReLU(1, 1, -B, -B))):
        found = interchange.load(tmp_path / "m.npz", hidden=kind)
        same = RBM(W, visible=Bernoulli(), hidden=unit)
        assert found.free_energy(np.eye(6)) == pytest.approx(same.free_energy(np.eye(6)), rel=1e-12)


def test_plain_weights_alone(tmp_path):
    np.save(tmp_path / "w.npy", W)
    assert (interchange.load(tmp_path / "w.npy").weights == W).all()
    assert interchange.load(tmp_path / "w.npy", orientation="hidden, visible").shape == (4, 6)
    assert isinstance(interchange.load(tmp_path / "w.npy", visible="spin", hidden="relu").hidden, ReLU)
    interchange.save(RBM(W, visible=Bernoulli(), hidden=Bernoulli()), tmp_path / "v.npy")
    assert (np.load(tmp_path / "v.npy") == W).all()
    with pytest.raises(ValueError, match=r"\.npy holds weights alone; take \.npz"):
        interchange.save(machine(), tmp_path / "v.npy")


def test_potts_weights_by_their_axes(tmp_path):
    w = np.arange(24.0).reshape(4, 3, 2)
    np.savez(tmp_path / "m.npz", W=w, vbias=np.ones((4, 3)), hbias=np.zeros(2))
    found = interchange.load(tmp_path / "m.npz")
    assert isinstance(found.visible, Potts) and (found.weights == w.reshape(12, 2)).all()


def test_a_packed_npz_is_read(tmp_path):
    np.savez_compressed(tmp_path / "m.npz", W=np.zeros((2000, 500)), v_bias=np.zeros(2000))
    with zipfile.ZipFile(tmp_path / "m.npz") as archive:
        assert archive.infolist()[0].compress_size < archive.infolist()[0].file_size / 500
    assert interchange.load(tmp_path / "m.npz").shape == (2000, 500)


def test_a_compressed_hdf5_is_read(tmp_path):
    import h5py

    with h5py.File(tmp_path / "m.h5", "w") as file:
        params = file.create_group("update_1/params")
        params.create_dataset("weight_matrix", data=W, chunks=(4, 3), compression="gzip", shuffle=True)
        params["vbias"], params["hbias"] = G, B
    check_numbers(interchange.load(tmp_path / "m.h5"))
