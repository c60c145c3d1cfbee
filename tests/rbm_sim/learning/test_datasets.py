"""Data sets against counts known beforehand; files written here byte by byte, whole and damaged."""

import gzip
import itertools
import os
import struct
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rbm_sim.learning import datasets

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def idx(array, code=0x08):
    """The bytes of an IDX file, from the description of the format."""
    dims = b"".join(struct.pack(">I", n) for n in array.shape)
    return bytes([0, 0, code, array.ndim]) + dims + array.astype(TYPES[code]).tobytes()


def written(path, content):
    path.write_bytes(content)
    return path


@pytest.fixture
def small_mnist(tmp_path, monkeypatch):
    """A folder with the files of MNIST, three images to train and two to test, the latter gzipped."""
    monkeypatch.delenv("RBM_SIM_DATA", raising=False)
    folder = tmp_path / "data" / "mnist"
    folder.mkdir(parents=True)
    for prefix, count, pack, suffix in (("train", 3, bytes, ""), ("t10k", 2, gzip.compress, ".gz")):
        images = np.arange(count * 28 * 28).reshape(count, 28, 28) % 256
        written(folder / f"{prefix}-images-idx3-ubyte{suffix}", pack(idx(images)))
        written(folder / f"{prefix}-labels-idx1-ubyte{suffix}", pack(idx(np.arange(count))))
    return folder


@pytest.mark.parametrize(("side", "count"), [(1, 2), (2, 6), (3, 14), (4, 30), (8, 510)])
def test_bars_and_stripes_are_distinct_and_all_there(side, count):
    data = datasets.bars_and_stripes(side)
    assert data.images.shape == (count, side**2) and data.images.dtype == np.uint8
    assert data.shape == (side, side) and data.labels is None
    assert len(np.unique(data.images, axis=0)) == count
    pictures = data.images.reshape(-1, side, side)
    bars = (pictures == pictures[:, :, :1]).all(axis=(1, 2))
    stripes = (pictures == pictures[:, :1, :]).all(axis=(1, 2))
    assert (bars | stripes).all() and (bars & stripes).sum() == 2


def test_bars_and_stripes_by_testing_every_image():
    every = (np.arange(2**9)[:, None] >> np.arange(9)) & 1
    pictures = every.reshape(-1, 3, 3)
    keep = (np.ptp(pictures, axis=1) == 0).all(axis=1) | (np.ptp(pictures, axis=2) == 0).all(axis=1)
    assert {tuple(x) for x in every[keep]} == {tuple(x) for x in datasets.bars_and_stripes(3).images}


@pytest.mark.parametrize("side", [0, 17, 2.5, True])
def test_bars_and_stripes_refuses(side):
    with pytest.raises(ValueError, match="side = "):
        datasets.bars_and_stripes(side)


def test_digits():
    data = datasets.digits()
    assert data.images.shape == (1797, 64) and data.images.dtype == np.float32 and data.shape == (8, 8)
    assert data.images.min() == 0 and data.images.max() == 1
    np.testing.assert_array_equal(np.unique(data.images), np.arange(17, dtype=np.float32) / 16)
    np.testing.assert_array_equal(np.bincount(data.labels), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])


@pytest.mark.parametrize(("function", "package"), [("digits", "sklearn.datasets"), ("mnist", "pooch")])
def test_a_missing_package_is_named_with_its_extra(function, package, monkeypatch):
    monkeypatch.delenv("RBM_SIM_DATA", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=r"pip install 'replica-toolkit\[data\]'"):
        getattr(datasets, function)()


@pytest.mark.parametrize("code", TYPES)
@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 4), (0, 4)])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_idx_of_every_type(code, shape, pack, tmp_path):
    rng = np.random.default_rng(code)
    low = 0 if code == 0x08 else -100
    array = rng.integers(low, 120, shape).astype(TYPES[code]) / (1 if code < 0x0D else 8)
    found = datasets.read(written(tmp_path / "file", pack(idx(array, code))))
    assert found.dtype == np.dtype(TYPES[code]).newbyteorder("=") and found.dtype.isnative
    np.testing.assert_array_equal(found, array.reshape(shape))


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int64, np.float32, ">f8", np.float16])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("suffix", [".npy", ".npz", ".npy.gz"])
def test_files_of_numpy(dtype, order, suffix, tmp_path):
    array = np.asarray(np.arange(12).reshape(3, 4) % 2, dtype, order=order)
    path = tmp_path / f"file{suffix}"
    if suffix == ".npz":
        np.savez_compressed(path, array)
    else:
        np.save(tmp_path / "file.npy", array)
        content = (tmp_path / "file.npy").read_bytes()
        written(path, gzip.compress(content) if suffix == ".npy.gz" else content)
    np.testing.assert_array_equal(datasets.read(path), array)


WHOLE = idx(np.arange(24).reshape(2, 3, 4))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (gzip.compress(b""), "is empty"),
        (b"\0", "starts with the bytes 00, must be"),
        (b"\0\0\x08", "starts with the bytes 00 00 08, must be"),
        (b"\0\0\x0a\x01" + WHOLE[4:], "starts with the bytes 00 00 0a 01"),
        (b"\0\0\x08\0", "starts with the bytes 00 00 08 00"),
        (b"P5 28 28", "starts with the bytes 50 35 20 32"),
        (WHOLE[:9], "expected 16 bytes, found 9"),
        (WHOLE[:-1], r"truncated: shape \(2, 3, 4\) of uint8 after the header: expected 24 bytes, found 23"),
        (WHOLE + b"\0", "too long.*expected 24 bytes, found 25"),
        (b"\0\0\x0e\x03" + b"\xff" * 12, "truncated.*found 0"),
        (gzip.compress(WHOLE)[:-9], "gzip stream of .* bytes is truncated or damaged"),
        (gzip.compress(WHOLE)[:-1] + b"\x07", "gzip stream"),
        (b"\x1f\x8bnonsense", "gzip stream"),
        (b"PK\x03\x04nonsense", "zip archive"),
        (b"\x93NUMPY", "npy header"),
        (b"\x93NUMPY\x01\x00\x05\x00{'a'}", "npy header"),
        (idx(np.array([1.0, np.nan, 2.0]), 0x0E), "has the entry nan at position 1"),
    ],
    ids=itertools.count(),  # the bytes of a gzip stream hold the time
)
def test_a_damaged_file_is_named_with_what_is_wrong(content, message, tmp_path):
    path = written(tmp_path / "broken", content)
    with pytest.raises(ValueError, match=message) as caught:
        datasets.read(path)
    assert str(path) in str(caught.value)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_give_an_array_or_one_clear_error(tmp_path_factory, content):
    path = written(tmp_path_factory.getbasetemp() / "any", content)
    for start in (b"", b"\0\0\x08\x01", b"\x93NUMPY\x01\x00", b"PK\x03\x04", b"\x1f\x8b\x08"):
        path.write_bytes(start + content)
        try:
            assert isinstance(datasets.read(path), np.ndarray)
        except ValueError as error:
            assert str(error).startswith(str(path))


def test_damaged_files_of_numpy(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[0.0, np.nan]]))
    with pytest.raises(ValueError, match=r"a\.npy: has the entry nan at position 1"):
        datasets.read(tmp_path / "a.npy")
    np.save(tmp_path / "b.npy", np.arange(10.0))
    content = (tmp_path / "b.npy").read_bytes()
    with pytest.raises(ValueError, match=r"truncated.*expected 80 bytes, found 72"):
        datasets.read(written(tmp_path / "c.npy", content[:-8]))
    for array in (np.array([1j]), np.array(["a"]), np.array([{}], dtype=object)):
        np.save(tmp_path / "d.npy", array)
        with pytest.raises(ValueError, match=r"d\.npy: holds .*, must be real numbers"):
            datasets.read(tmp_path / "d.npy")
    np.savez(tmp_path / "e.npz", x=np.zeros(2), y=np.zeros(2))
    with pytest.raises(ValueError, match="holds the arrays x, y: one of them must be called images"):
        datasets.read(tmp_path / "e.npz")
    content = (tmp_path / "e.npz").read_bytes()
    with pytest.raises(ValueError, match=r"zip archive of .* truncated or damaged"):
        datasets.read(written(tmp_path / "f.npz", content[:-30]))


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(ValueError, match="absent: cannot be read: No such file"):
        datasets.read(tmp_path / "absent")
    with pytest.raises(ValueError, match="cannot be read: Is a directory"):
        datasets.read(tmp_path)
    for name in ("absent", "bars-and-stripes:x", "bars-and-stripes", 3, None):
        with pytest.raises(ValueError, match="no such file, and not one of"):
            datasets.load(name)


def test_load_a_file(tmp_path):
    grey = np.array([[[0, 51], [255, 102]]] * 3, np.uint8)
    data = datasets.load(written(tmp_path / "images", idx(grey)))
    assert data.images.dtype == np.float32 and data.shape == (2, 2) and data.labels is None
    np.testing.assert_allclose(data.images, [[0, 0.2, 1, 0.4]] * 3, rtol=1e-7)
    two = datasets.load(str(tmp_path / "images"), binarise=0.4)
    np.testing.assert_array_equal(two.images, [[0, 0, 1, 1]] * 3)
    np.savez(tmp_path / "spins.npz", images=np.array([[-1, 1], [1, 1]]), labels=np.array([3, 4]))
    spins = datasets.load(tmp_path / "spins.npz")
    np.testing.assert_array_equal(spins.images, [[-1, 1], [1, 1]])
    np.testing.assert_array_equal(spins.labels, [3, 4])
    assert spins.images.dtype == np.float64 and spins.shape == (2,)
    np.save(tmp_path / "two.npy", np.array([[0, 1], [1, 1]]))
    assert datasets.load(tmp_path / "two.npy").images.dtype == np.uint8


def test_load_refuses_what_are_no_images(tmp_path):
    for name, array in (("flat", np.arange(3)), ("none", np.zeros((0, 4))), ("thin", np.zeros((4, 0)))):
        np.save(tmp_path / f"{name}.npy", array)
        with pytest.raises(ValueError, match="at least one of each"):
            datasets.load(tmp_path / f"{name}.npy")
    np.savez(tmp_path / "labels.npz", images=np.zeros((3, 2)), labels=np.zeros(2))
    with pytest.raises(ValueError, match=r"labels have shape .* one for each of 3 images"):
        datasets.load(tmp_path / "labels.npz")


def test_load_by_name(small_mnist, monkeypatch):
    monkeypatch.setenv("RBM_SIM_DATA", str(small_mnist.parent))
    assert datasets.load("bars-and-stripes:4").images.shape == (30, 16)
    assert datasets.load("mnist").images.shape == (3, 784)
    assert datasets.load("mnist:test").images.shape == (2, 784)
    two = datasets.load("digits", binarise=0.5)
    assert two.images.dtype == np.uint8 and two.labels is not None
    np.testing.assert_array_equal(two.images, datasets.digits().images >= 0.5)
    drawn = datasets.load("digits", binarise="random", rng=3).images
    np.testing.assert_array_equal(drawn, datasets.load("digits", binarise="random", rng=3).images)
    assert datasets.load("digits", binarise="random").images.shape == drawn.shape
    with pytest.raises(ValueError, match="binarise = 'half': must be one of 'random'"):
        datasets.load("digits", binarise="half")


@pytest.mark.parametrize("inside", [True, False])
def test_mnist_in_a_folder_or_the_variable(inside, small_mnist, monkeypatch, tmp_path):
    place = small_mnist if inside else small_mnist.parent
    data = datasets.mnist(place)
    assert data.images.shape == (3, 784) and data.images.dtype == np.float32 and data.shape == (28, 28)
    np.testing.assert_array_equal(data.labels, [0, 1, 2])
    np.testing.assert_allclose(data.images, np.arange(3 * 784).reshape(3, 784) % 256 / 255, rtol=1e-7)
    monkeypatch.setenv("RBM_SIM_DATA", str(place))
    assert datasets.mnist(split="test").images.shape == (2, 784)
    monkeypatch.setenv("RBM_SIM_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(
        ValueError, match=r"RBM_SIM_DATA = .*nowhere.*: neither it nor its subfolder mnist holds train-im"
    ):
        datasets.mnist()
    assert datasets.mnist(place).images.shape == (3, 784)  # a folder that is given goes first
    with pytest.raises(ValueError, match="folder = "):
        datasets.mnist(tmp_path)
    with pytest.raises(ValueError, match="split = 'validation'"):
        datasets.mnist(place, split="validation")


def test_mnist_files_that_do_not_belong_together(small_mnist):
    written(small_mnist / "train-labels-idx1-ubyte", idx(np.arange(4)))
    with pytest.raises(ValueError, match=r"train-labels.*\(4,\), must be one for each of 3 images"):
        datasets.mnist(small_mnist)
    written(small_mnist / "train-images-idx3-ubyte", idx(np.arange(4)))
    with pytest.raises(ValueError, match=r"train-images.*must be images of unsigned bytes"):
        datasets.mnist(small_mnist)


def test_mnist_is_fetched_with_a_checksum(small_mnist, monkeypatch):
    asked = {}

    def retrieve(url, known_hash, fname, path):
        asked[url] = known_hash
        return str(small_mnist / fname)

    monkeypatch.setattr("pooch.retrieve", retrieve)
    assert datasets.mnist(split="test").images.shape == (2, 784)
    assert len(asked) == 2 and all(len(value.removeprefix("sha256:")) == 64 for value in asked.values())

    def refuse(*args, **keywords):
        raise OSError("no network")

    monkeypatch.setattr("pooch.retrieve", refuse)
    with pytest.raises(ValueError, match=r"could not be fetched \(no network\): set RBM_SIM_DATA"):
        datasets.mnist()


@pytest.mark.medium
@pytest.mark.skipif(not os.environ.get("RBM_SIM_DATA"), reason="RBM_SIM_DATA names no folder with MNIST")
@pytest.mark.parametrize(
    ("split", "counts", "mean"),
    [
        ("train", [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949], 0.1307),
        ("test", [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009], 0.1325),
    ],
)
def test_the_real_mnist(split, counts, mean):
    data = datasets.mnist(split=split)
    assert data.images.shape == (sum(counts), 784) and data.shape == (28, 28)
    np.testing.assert_array_equal(np.bincount(data.labels), counts)
    assert data.images.mean(dtype=float) == pytest.approx(mean, abs=5e-5)


def test_binarise():
    grey = np.linspace(0, 1, 11)
    np.testing.assert_array_equal(datasets.binarise(grey), grey >= 0.5)
    np.testing.assert_array_equal(datasets.binarise(grey, 1.0), grey == 1)
    assert datasets.binarise(grey).dtype == np.uint8
    many = np.tile(grey, (40_000, 1))
    drawn = datasets.binarise(many, rng=5)
    error = np.sqrt(grey * (1 - grey) / len(many))
    # z of the eleven means, fixed seed; 0 and 1 are certain
    assert (np.abs(drawn.mean(axis=0) - grey) <= 4 * error).all()
    for bad in ([0.5, 1.5], [-0.1], [np.nan], ["a"]):
        with pytest.raises(ValueError, match="grey"):
            datasets.binarise(bad)
    for threshold in (0, 1.1, np.nan, "0.5"):
        with pytest.raises(ValueError, match="threshold"):
            datasets.binarise(grey, threshold)
    with pytest.raises(ValueError, match="must be left out if rng is given"):
        datasets.binarise(grey, 0.5, rng=0)


def test_spins():
    spins = datasets.as_spins(datasets.bars_and_stripes(2).images)
    assert spins.dtype == np.float32
    np.testing.assert_array_equal((spins + 1) / 2, datasets.bars_and_stripes(2).images)
    with pytest.raises(ValueError, match=r"binary has the entry 0\.5: must be 0 or 1"):
        datasets.as_spins([0, 0.5])
