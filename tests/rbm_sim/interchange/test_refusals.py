"""Files that are no machine, or do harm: one line that names the file, and nothing allocated, run or followed."""

import io
import pickle
import random
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from rbm_sim import RBM, Bernoulli, Mixture, ReLU, interchange

h5py = pytest.importorskip("h5py")
JULIA = "RestrictedBoltzmannMachines.jl"
LITTLE = 4_000_000
"""Bytes that a refusal may take, beside those of the file."""


def refused(path, **asked):
    """The line that refuses a file, and that it took no memory."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError) as caught:
            interchange.load(path, **asked)
        assert tracemalloc.get_traced_memory()[1] < LITTLE
    finally:
        tracemalloc.stop()
    line = str(caught.value)
    assert line.startswith(str(path)) and "\n" not in line and len(line) < 500
    return line.removeprefix(f"{path}: ")


def machine():
    w = np.random.default_rng(0).normal(size=(6, 4))
    return RBM(w, visible=Bernoulli(0.1), hidden=Bernoulli(-0.2))


def saved(path, format):
    interchange.save(machine(), path, format)
    return path


def rbms(path, **changes):
    """A file of rbms, with an item made by a function of its group in place of an array."""
    with h5py.File(path, "w") as file:
        file["model_type"] = "BBRBM"
        params = file.create_group("update_1/params")
        for name, value in {"weight_matrix": np.ones((3, 2)), "vbias": np.ones(3), "hbias": np.ones(2)}.items():
            if name in changes:
                changes[name](params)
            else:
                params[name] = value
    return path


HUGE = 10**12


def test_an_array_larger_than_any_file(tmp_path):
    def huge(group):
        group.create_dataset("weight_matrix", shape=(HUGE, HUGE), dtype="f8", chunks=(100, 100))

    line = refused(rbms(tmp_path / "m.h5", weight_matrix=huge))
    assert line.startswith(f"weight_matrix of shape ({HUGE}, {HUGE}) would take 8e+24 bytes, and the file has ")
    saved(tmp_path / "j.h5", JULIA)
    for name in ("weights", "visible_par", "hidden_par"):
        saved(tmp_path / "j.h5", JULIA)
        with h5py.File(tmp_path / "j.h5", "a") as file:
            del file[name]
            file.create_dataset(name, shape=(HUGE, HUGE), dtype="f4", chunks=(10, 10))
        assert refused(tmp_path / "j.h5").startswith(f"{name} of shape ({HUGE}, {HUGE}) would take 4e+24 bytes")


def test_pieces_larger_than_the_file(tmp_path):
    def huge(group):
        group.create_dataset("weight_matrix", shape=(3, 2), maxshape=(None, None), dtype="f8", chunks=(20000, 20000))

    assert "a piece of weight_matrix would take 3.2e+09 bytes" in refused(rbms(tmp_path / "m.h5", weight_matrix=huge))


def test_a_piece_that_unpacks_to_more_than_it_says(tmp_path):
    def bomb(group):
        array = group.create_dataset("weight_matrix", shape=(3, 2), dtype="f8", chunks=(3, 2), compression="gzip")
        array.id.write_direct_chunk((0, 0), zlib.compress(bytes(20_000_000)))

    line = refused(rbms(tmp_path / "m.h5", weight_matrix=bomb))
    assert line == "weight_matrix has a piece that does not unpack to 48 bytes: damaged"


def test_other_filters_are_not_run(tmp_path):
    def packed(group):
        group.create_dataset("weight_matrix", data=np.ones((3, 2)), chunks=(3, 2), compression="lzf")

    assert "plain or gzip only" in refused(rbms(tmp_path / "m.h5", weight_matrix=packed))


def test_nothing_in_another_file_is_read(tmp_path):
    rbms(tmp_path / "other.h5")
    np.ones(6).tofile(tmp_path / "raw")

    def link(group):
        group["weight_matrix"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/update_1/params/weight_matrix")

    def soft(group):
        group["weight_matrix"] = h5py.SoftLink("/update_1/params/vbias")

    def raw(group):
        external = [(str(tmp_path / "raw"), 0, h5py.h5f.UNLIMITED)]
        group.create_dataset("weight_matrix", shape=(3, 2), dtype="f8", external=external)

    def virtual(group):
        layout = h5py.VirtualLayout(shape=(3, 2), dtype="f8")
        layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "/update_1/params/weight_matrix", shape=(3, 2))
        group.create_virtual_dataset("weight_matrix", layout)

    for way, word in ((link, "is a link to "), (soft, "is a link to "), (raw, "lies in another file")):
        assert word in refused(rbms(tmp_path / "m.h5", weight_matrix=way))
    assert "lies in another file" in refused(rbms(tmp_path / "m.h5", weight_matrix=virtual))
    with h5py.File(tmp_path / "g.h5", "w") as file:
        file["update_1"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/update_1")
    assert "update_1 is a link to " in refused(tmp_path / "g.h5")


def test_what_was_never_written_is_no_machine_of_zeros(tmp_path):
    def never(group):
        group.create_dataset("weight_matrix", shape=(3, 2), dtype="f8")

    assert refused(rbms(tmp_path / "m.h5", weight_matrix=never)) == "weight_matrix of shape (3, 2) was never written"


def more(group):
    group["weight_matrix"], group["sigma"] = np.ones((3, 2)), np.ones(3)


def lists(group):
    array = group.create_dataset("weight_matrix", shape=(3, 2), dtype=h5py.vlen_dtype(np.dtype("f8")))
    array[0, 0] = np.ones(5)


WRONG = {
    "text": (lambda g: g.__setitem__("weight_matrix", "ones"), "must be real numbers"),
    "a group": (lambda g: g.create_group("weight_matrix"), "weight_matrix is no array"),
    "nothing": (lambda g: None, "has no weight_matrix among 'hbias, vbias'"),
    "complex": (
        lambda g: g.__setitem__("weight_matrix", np.ones((3, 2)) * 1j),
        "holds complex128, must be real numbers",
    ),
    "nan": (lambda g: g.__setitem__("weight_matrix", np.full((3, 2), np.nan)), "every entry must be finite"),
    "turned": (lambda g: g.__setitem__("weight_matrix", np.ones((2, 3))), "they do not fit"),
    "empty": (lambda g: g.__setitem__("weight_matrix", h5py.Empty("f8")), "weight_matrix is no array"),
    "objects": (lists, "must be real numbers"),
    "more": (more, "update_1/params holds 'sigma': no machine of one matrix"),
}


@pytest.mark.parametrize("what", WRONG)
def test_arrays_that_are_none(tmp_path, what):
    way, message = WRONG[what]
    assert message in refused(rbms(tmp_path / "m.h5", weight_matrix=way))


@pytest.mark.parametrize("kind", ["BGRBM", "IGRBM", "CEBM", "PBRBM"])
def test_other_machines_of_rbms(tmp_path, kind):
    with h5py.File(rbms(tmp_path / "m.h5"), "a") as file:
        file["model_type"][()] = kind
    assert f"model_type = '{kind}'" in refused(tmp_path / "m.h5")


def test_spins_of_rbms(tmp_path):
    with h5py.File(rbms(tmp_path / "m.h5"), "a") as file:
        file["model_type"][()] = "IIRBM"
    v = np.array([1.0, -1, 1])
    expected = -v.sum() - 2 * np.log(2 * np.cosh(1 + v.sum()))
    assert interchange.load(tmp_path / "m.h5").free_energy(v) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("names", [["W.npy"], ["meta.npy", "w.npy", "step_w.npy"]], ids=["plain", "run"])
def test_archives_that_unpack_to_more_than_they_can_mean(tmp_path, names):
    with zipfile.ZipFile(tmp_path / "m.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in names:
            archive.writestr(name, bytes(75_000_000 // len(names)))
    assert refused(tmp_path / "m.npz").startswith("its arrays would take 7.5e+07 bytes, and the file has ")


def test_an_archive_that_lies_about_a_size(tmp_path):
    """The stream goes on far beyond the size that is written: it is not unpacked to its end."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (4, 4)})
    whole = head.getvalue() + bytes(40_000_000)
    with zipfile.ZipFile(tmp_path / "m.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("W.npy", whole)
    said = (len(head.getvalue()) + 128).to_bytes(4, "little")
    content = (tmp_path / "m.npz").read_bytes().replace(len(whole).to_bytes(4, "little"), said)
    (tmp_path / "m.npz").write_bytes(content)
    assert "truncated or damaged" in refused(tmp_path / "m.npz")


@pytest.mark.parametrize("names", [["W.npy"], ["meta.npy", "w.npy", "step_w.npy"]], ids=["plain", "run"])
def test_an_array_that_lies_about_its_shape(tmp_path, names):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (HUGE, HUGE)})
    with zipfile.ZipFile(tmp_path / "m.npz", "w") as archive:
        for name in names:
            archive.writestr(name, head.getvalue() + bytes(80))
    assert f"truncated: shape ({HUGE}, {HUGE}) of float64" in refused(tmp_path / "m.npz")


def test_the_name_of_the_file_comes_first_whatever_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("images.npz", images=np.ones(3))
    Path("images.npz").rename("h")
    assert refused("h").startswith("holds images")
    np.save("w", np.ones(3))
    Path("w.npy").rename("w")
    assert refused("w").startswith("weights has shape (3,)")


class Trap:
    """Runs something when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_no_pickle_is_opened(tmp_path, protocol):
    trap = tmp_path / "sprung"
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(Trap(trap), protocol))
    with zipfile.ZipFile(tmp_path / "m.pt", "w") as archive:
        archive.writestr("m/data.pkl", pickle.dumps(Trap(trap), protocol))
    for name in ("m.pkl", "m.pt"):
        line = refused(tmp_path / name)
        assert line.startswith("is a pickle") and "numpy.savez(" in line and "RBM.from_sklearn" in line
    objects = np.array([Trap(trap)], object)
    np.save(tmp_path / "o.npy", objects)
    np.savez(tmp_path / "o.npz", W=objects)
    for name in ("o.npy", "o.npz"):
        assert "holds object, must be real numbers" in refused(tmp_path / name)
    assert not trap.exists()


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b'{"W":{"dtype":"F64","shape":[1000000000000,1000000000000],"data_offsets":[0,8]}}', "have 8e+24 bytes"),
        (b'{"W":{"dtype":"F64","shape":[1,1],"data_offsets":[8,16]}}', "must begin at 0"),
        (b'{"W":{"dtype":"F64","shape":[1,1],"data_offsets":[0,4]}}', "have 8 bytes"),
        (b'{"W":{"dtype":"F8_E4M3","shape":[8,1],"data_offsets":[0,8]}}', "no array of a machine"),
        (b'{"W":{"dtype":"F64","shape":[-1,-1],"data_offsets":[0,8]}}', "its entry 'W' is damaged"),
        (b'{"W":{"dtype":"F64","shape":[true,1],"data_offsets":[0,8]}}', "its entry 'W' is damaged"),
        (b'{"W":{"dtype":"F64","shape":[1,1]}}', "its entry 'W' is damaged"),
        (b'{"W":{"dtype":["F64"],"shape":[1,1],"data_offsets":[0,8]}}', "no array of a machine"),
        (b'{"W":{"dtype":"F64","shape":[1,1],"data_offsets":[0,8]},"W":1}', "has a name twice"),
        (b'{"W":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}', "weights has shape ()"),
        (b'{"W":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}', "end after 4 bytes, 8 are there"),
        (b'{"__metadata__":{"visible":1},"W":{"dtype":"F64","shape":[1,1],"data_offsets":[0,8]}}', "must hold texts"),
        (b'{"__metadata__":{"visible":"x"},"W":{"dtype":"F64","shape":[1,1],"data_offsets":[0,8]}}', "visible = 'x'"),
        (b'{"W":' + b"[" * 100_000, "is no JSON"),
        (b'{"W"\xff', "is no JSON"),
        (b"{}", "its arrays end after 0 bytes"),
    ],
)
def test_headers_of_safetensors(tmp_path, header, message):
    (tmp_path / "m").write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    assert message in refused(tmp_path / "m")


@pytest.mark.parametrize("length", [2**64 - 1, 2**40, 2**20 + 1, 0, 1])
def test_lengths_of_headers_are_bounded(tmp_path, length):
    (tmp_path / "m.safetensors").write_bytes(length.to_bytes(8, "little") + b'{"W":' + bytes(2000))
    line = refused(tmp_path / "m.safetensors")
    assert f"its header would have {length} bytes" in line or line.startswith("starts with the bytes")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty, must be a run, .npz"),
        (b"1 2 3\n4 5 6\n", "starts with the bytes 31 20 32 20, must be a run"),
        (b"\x89PNG\r\n\x1a\n" + bytes(30), "starts with the bytes 89 50 4e 47, must be a run"),
        (b"\x1f\x8b\x08" + bytes(30), "starts with the bytes 1f 8b 08 00"),
        (b"PK\x03\x04" + bytes(40), "its zip archive is truncated or damaged, must be a whole .npz file"),
        (b"\x93NUMPY\x01\x00", "its .npy header is truncated or damaged"),
        (b"\x89HDF\r\n\x1a\n" + bytes(40), "is a truncated or damaged HDF5 file"),
    ],
)
def test_foreign_files(tmp_path, content, message):
    (tmp_path / "m.h5").write_bytes(content)
    assert message in refused(tmp_path / "m.h5")


def test_foreign_archives(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("readme.txt", "x")
    assert "is a zip archive without arrays" in refused(tmp_path / "a.npz")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"] = np.ones(3)
    line = refused(tmp_path / "a.h5")
    assert line == (
        "is an HDF5 file with 'data', must have update_N/params of rbms; weights, visible_type and visible_par of "
        + JULIA
    )
    assert "must have update_N/params of rbms" in refused(tmp_path / "a.h5", format="rbms")
    assert "is no file of the format rbms, but npz" in refused(saved(tmp_path / "m.npz", "npz"), format="rbms")
    assert "must have the format npz" in refused(saved(tmp_path / "m.h5", "rbms"), format="npz")
    assert refused(tmp_path / "none.npz") == "cannot be read: No such file or directory"
    assert refused(tmp_path).startswith("cannot be read: Is a directory")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": np.ones((3, 2))}, "holds images, must hold the weights by the name weights or "),
        ({"W": np.ones((3, 2)), "w": np.ones((3, 2))}, "holds W, w, which are the same thing"),
        ({"W": np.ones((3, 2)), "sigma": np.ones(3)}, "holds sigma, not known as a part of a machine"),
        ({"W": np.ones((3, 2)), "vbias": np.ones(3), "visible_g": np.ones(3)}, "one of them must go"),
        ({"W": np.ones((3, 2)), "vbias": np.ones(5)}, "but the lengths are vbias 5: they do not fit"),
        ({"W": np.ones(3)}, "weights has shape (3,)"),
        ({"W": np.ones((3, 2, 2)), "visible": "spin"}, "must be a matrix, or (N, states, M) of Potts units"),
        ({"W": np.ones((3, 2, 2)), "visible_states": 3}, "visible_states = 3: the weights have 2 states"),
        ({"W": np.ones((3, 2)), "visible": "quark"}, "visible = 'quark': must be one of bernoulli, spin"),
        ({"W": np.ones((3, 2)), "orientation": "up"}, "orientation = 'up': must be one of 'visible, hidden'"),
        ({"W": np.full((3, 2), np.inf)}, "every entry must be finite"),
        ({"W": np.array([["a"]])}, "must be"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, arrays, message):
    np.savez(tmp_path / "m.npz", **arrays)
    assert message in refused(tmp_path / "m.npz")


def test_what_the_file_says_is_not_asked(tmp_path):
    saved(tmp_path / "m.npz", "npz")
    assert "hidden = 'spin': the file says bernoulli" in refused(tmp_path / "m.npz", hidden="spin")
    assert "update = 3: is not asked of this format" in refused(tmp_path / "m.npz", update=3)
    assert "hidden = 'spin': is not asked" in refused(saved(tmp_path / "m.h5", "rbms"), hidden="spin")
    for asked in ({"format": "hdf"}, {"hidden": "quark"}, {"update": -1}):
        with pytest.raises(ValueError, match=f"^{next(iter(asked))} = "):
            interchange.load(tmp_path / "m.npz", **asked)


@pytest.mark.parametrize("format", ["npz", "rbms", JULIA, "safetensors"])
def test_truncated_files(tmp_path, format):
    whole = saved(tmp_path / "m", format).read_bytes()
    for end in range(0, len(whole), max(1, len(whole) // 40)):
        (tmp_path / "m").write_bytes(whole[:end])
        refused(tmp_path / "m")


@pytest.mark.parametrize("format", ["npz", "rbms", JULIA, "safetensors"])
def test_damaged_files(tmp_path, format):
    """Either the numbers are some others, or there is one line."""
    whole, rng = saved(tmp_path / "m", format).read_bytes(), random.Random(7)
    for _ in range(60):
        damaged = bytearray(whole)
        damaged[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        (tmp_path / "m").write_bytes(damaged)
        try:
            interchange.load(tmp_path / "m")
        except ValueError as error:
            assert str(error).startswith(f"{tmp_path / 'm'}: ") and "\n" not in str(error)


class Own(Bernoulli):
    """Units of one's own, whose law is not that of their parent."""


@pytest.mark.parametrize("unit", [Mixture(0.5), Own(0.1)], ids=["mixture", "own"])
@pytest.mark.parametrize("format", ["npz", "rbms", JULIA, "safetensors"])
def test_units_without_a_form(tmp_path, format, unit):
    (tmp_path / "m").write_bytes(b"as it was")
    with pytest.raises(ValueError, match=r"units|has no form in files"):
        interchange.save(RBM(np.ones((3, 2)), visible=Bernoulli(), hidden=unit), tmp_path / "m", format)
    assert (tmp_path / "m").read_bytes() == b"as it was" and len(list(tmp_path.iterdir())) == 1


def test_what_cannot_be_saved(tmp_path):
    relu = RBM(np.ones((3, 2)), visible=Bernoulli(), hidden=ReLU())
    for words, message in (
        ((relu, tmp_path / "m.h5"), "RestrictedBoltzmannMachines.jl has others"),
        ((relu, tmp_path / "m.txt"), "name it .npz, .npy, .h5"),
        ((relu, tmp_path / "m", "hdf"), "format = 'hdf': must be one of"),
        (("relu", tmp_path / "m.npz"), "must be an RBM"),
    ):
        with pytest.raises(ValueError) as caught:
            interchange.save(*words)
        assert message in str(caught.value)


def test_without_h5py(tmp_path, monkeypatch):
    import sys

    saved(tmp_path / "m.h5", "rbms")
    monkeypatch.setitem(sys.modules, "h5py", None)
    for way in (lambda: interchange.load(tmp_path / "m.h5"), lambda: saved(tmp_path / "n.h5", "rbms")):
        with pytest.raises(ImportError, match=r"pip install 'replica-toolkit\[interchange\]'"):
            way()
