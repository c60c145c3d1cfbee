"""Data in the forms that people have them, each written here as its makers write it."""

import gzip
import os
import shutil
import struct

import numpy as np
import pytest
from PIL import Image

from rbm_sim.__main__ import main
from rbm_sim.learning import datasets
from replica import cli

GREY = (np.arange(5 * 28 * 28).reshape(5, 28, 28) * 7 % 256).astype(np.uint8)
LABELS = np.arange(5, dtype=np.uint8)


def idx(array):
    """The bytes of an IDX file of unsigned bytes."""
    return bytes([0, 0, 8, array.ndim]) + b"".join(struct.pack(">I", n) for n in array.shape) + array.tobytes()


def put(folder, name, array, pack=bytes):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(pack(idx(array)))


def same(data, count=5, first=0, labels=True):
    np.testing.assert_allclose(data.images, GREY[first : first + count].reshape(count, -1) / 255, rtol=1e-6)
    assert data.shape == (28, 28) and data.images.dtype == np.float32
    if labels:
        np.testing.assert_array_equal(data.labels, LABELS[first : first + count])


NAMES = [
    tuple(f"{prefix}-{kind}-ubyte" for prefix in prefixes for kind in kinds)
    for prefixes, kinds in (
        (("train", "t10k"), ("images-idx3", "labels-idx1")),
        (("train", "t10k"), ("images.idx3", "labels.idx1")),
        (("emnist-letters-train", "emnist-letters-test"), ("images-idx3", "labels-idx1")),
    )
]
PLACES = ["", "raw", "MNIST/raw", "mnist", "MNIST"]


@pytest.mark.some(10)
@pytest.mark.parametrize("names", NAMES, ids=lambda names: names[0])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_idx_under_its_usual_names_and_places(tmp_path, monkeypatch, names, place, pack):
    suffix = "" if pack is bytes else ".gz"
    for name, array in zip(names, (GREY[:3], LABELS[:3], GREY[3:], LABELS[3:]), strict=True):
        put(tmp_path / place, name + suffix, array, pack)
    same(datasets.load(str(tmp_path)), 3)
    same(datasets.load(f"{tmp_path}:train"), 3)
    same(datasets.load(f"{tmp_path}:test"), 2, 3)
    same(datasets.mnist(tmp_path), 3)
    monkeypatch.setenv("RBM_SIM_DATA", str(tmp_path))
    same(datasets.load("mnist:test"), 2, 3)
    same(datasets.load(tmp_path / place / (names[0] + suffix)), 3, labels=False)


def test_idx_as_kaggle_packs_it_and_both_kinds_beside_each_other(tmp_path):
    name = "train-images-idx3-ubyte"
    put(tmp_path / name, name, GREY)
    put(tmp_path / "train-labels-idx1-ubyte", "train-labels-idx1-ubyte", LABELS)
    same(datasets.load(tmp_path))
    flat = tmp_path / "flat"
    put(flat, name, GREY)
    put(flat, name + ".gz", GREY[:2], gzip.compress)  # what was unpacked lies beside it: the plain one counts
    same(datasets.load(flat), labels=False)
    assert datasets.load(flat).labels is None


def test_several_sets_in_one_folder_have_to_be_named(tmp_path):
    for kind in ("letters", "digits"):
        put(tmp_path, f"emnist-{kind}-train-images-idx3-ubyte", GREY)
    with pytest.raises(ValueError, match=r"holds the sets emnist-digits-train.*: name one of these files"):
        datasets.load(tmp_path)
    same(datasets.load(tmp_path / "emnist-digits-train-images-idx3-ubyte"), labels=False)


@pytest.mark.parametrize("names", [("x_{}", "y_{}"), ("{}_images", "{}_labels")], ids=["keras", "medmnist"])
def test_archives_of_two_sets(tmp_path, monkeypatch, names):
    parts = {"train": slice(0, 3), "test": slice(3, 5)}
    arrays = {names[0].format(part): GREY[rows] for part, rows in parts.items()}
    arrays |= {names[1].format(part): LABELS[rows] for part, rows in parts.items()}
    if "images" in names[0]:
        arrays = {key: x if "images" in key else x[:, None] for key, x in arrays.items()}
    np.savez(tmp_path / "mnist.npz", **arrays)
    same(datasets.load(tmp_path / "mnist.npz"), 3)
    same(datasets.load(f"{tmp_path}/mnist.npz:test"), 2, 3)
    same(datasets.load(tmp_path), 3)
    monkeypatch.setenv("RBM_SIM_DATA", str(tmp_path))
    same(datasets.load("mnist"), 3)
    same(datasets.load("mnist:test"), 2, 3)
    np.savez(tmp_path / "one.npz", images=GREY)
    with pytest.raises(ValueError, match="holds no arrays of the sets train and test"):
        datasets.load(f"{tmp_path}/one.npz:test")


def test_what_else_lies_in_an_archive_does_not_matter(tmp_path):
    names = np.array([f"image {k}" for k in range(5)])
    np.savez(tmp_path / "a.npz", images=GREY, names=names, labels=LABELS, gaps=np.array([np.nan]))
    same(datasets.load(tmp_path / "a.npz"))
    np.savez(tmp_path / "b.npz", pixels=GREY, names=names)  # the only numbers
    same(datasets.load(tmp_path / "b.npz"), labels=False)
    np.savez(tmp_path / "c.npz", images=GREY, labels=names)
    np.testing.assert_array_equal(datasets.load(tmp_path / "c.npz").labels, names)
    np.savez(tmp_path / "d.npz", images=GREY, labels=np.array([{}] * 5, dtype=object), about=np.array({"a": 1}))
    assert datasets.load(tmp_path / "d.npz").labels is None
    for bad, message in (
        ({"images": names}, "must be real numbers"),
        ({"names": names}, "must be real numbers"),
        ({"x": GREY, "y": GREY}, "one of them must be called images"),
        ({"images": np.array([[np.nan, 1]])}, "has the entry nan"),
    ):
        np.savez(tmp_path / "bad.npz", **bad)
        with pytest.raises(ValueError, match=message):
            datasets.load(tmp_path / "bad.npz")


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "i8", "f4", "f8", ">i2", ">f8", "f2"])
def test_grey_levels_do_not_depend_on_the_type(tmp_path, dtype):
    """Whole numbers up to 255 are grey levels whatever they are stored as; 0 and 1 stay."""
    np.save(tmp_path / "a.npy", GREY.astype(dtype))
    same(datasets.load(tmp_path / "a.npy"), labels=False)
    bits = (GREY > 100).astype(dtype)
    np.save(tmp_path / "b.npy", bits)
    np.testing.assert_array_equal(datasets.load(tmp_path / "b.npy").images, bits.reshape(5, -1))
    kept = {"f": [[0.25, 2.5], [-1, 1], [0, 256]], "i": [[-1, 1], [0, 256]], "u": [[0, 256]] if dtype != "u1" else []}
    for other in kept[np.dtype(dtype).kind]:
        np.save(tmp_path / "c.npy", np.array([other]).astype(dtype))
        np.testing.assert_array_equal(datasets.load(tmp_path / "c.npy").images, [other])


@pytest.mark.parametrize("dtype", ["u1", "i8", "f4", "f8", ">i2", "f2"])
def test_real_values_stay_as_they_are(tmp_path, dtype):
    np.save(tmp_path / "a.npy", GREY.astype(dtype))
    found = datasets.load(tmp_path / "a.npy", grey=False)
    np.testing.assert_array_equal(found.images, GREY.reshape(5, -1).astype(dtype).astype(float))
    assert found.images.dtype == float
    (tmp_path / "a.csv").write_text("1700000001.25,1e200\n0.1,2\n")
    for grey in (False, True):
        found = datasets.load(tmp_path / "a.csv", grey=grey).images
        assert found.tolist() == [[1700000001.25, 1e200], [0.1, 2]]


def test_grey_levels_of_images_do_not_depend_on_what_is_asked(tmp_path):
    pictures(tmp_path / "p")
    same(datasets.load(tmp_path / "p", grey=False), labels=False)
    put(tmp_path, "train-images-idx3-ubyte", GREY)
    same(datasets.load(tmp_path, grey=False), labels=False)


TABLE = np.array([[0, 255, 17], [3, 0, 128], [1, 2, 254], [9, 9, 9]])


def written(path, text, pack=bytes):
    path.write_bytes(pack(text.encode()))
    return path


def lines(mark, header=None, label=None, index=False):
    rows = [[*([str(label[k])] if label is not None else []), *map(str, row)] for k, row in enumerate(TABLE)]
    rows = [[str(k), *row] for k, row in enumerate(rows)] if index else rows
    return "\n".join(mark.join(row) for row in ([header] if header else []) + rows) + "\n"


@pytest.mark.some(15)
@pytest.mark.parametrize("mark", [",", ";", "\t", " ", ", "])
@pytest.mark.parametrize("header", [None, ["a", "b", "c"], ['"a"', '"b b"', "c"], ["0", "1", "2"]])
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt", ".CSV", ".csv.gz"])
def test_text_with_a_header_or_without(tmp_path, mark, header, suffix):
    if mark == " " and header and "b b" in header[1]:
        header = ["a", "b", "c"]
    pack = gzip.compress if suffix.endswith(".gz") else bytes
    data = datasets.load(written(tmp_path / f"a{suffix}", lines(mark, header), pack))
    np.testing.assert_allclose(data.images, TABLE / 255, rtol=1e-6)
    assert data.shape == (3,) and data.labels is None
    np.testing.assert_array_equal(datasets.read(tmp_path / f"a{suffix}"), TABLE)


@pytest.mark.parametrize("name", ["label", "Label", "class", "target", "y"])
@pytest.mark.parametrize("label", [[5, 0, 4, 1], ["cat", "dog", "cat", "cat"], ["1.5", "2", "", "3"]])
def test_a_column_of_labels_and_one_that_counts(tmp_path, name, label):
    expected = np.array(label)
    for index, header in (
        (False, [name, "p1", "p2", "p3"]),
        (True, ["", name, "p1", "p2", "p3"]),
        (False, [name, "0", "1", "2"]),
    ):
        data = datasets.load(written(tmp_path / "a.csv", lines(",", header, label, index)))
        np.testing.assert_allclose(data.images, TABLE / 255, rtol=1e-6)
        np.testing.assert_array_equal(data.labels, expected)
    last = "\n".join([f"p1,p2,p3,{name}", *(f"{a},{b},{c},{t}" for (a, b, c), t in zip(TABLE, label, strict=True))])
    np.testing.assert_array_equal(datasets.load(written(tmp_path / "b.csv", last)).labels, expected)


def test_other_numbers_in_text(tmp_path):
    for text, expected in (
        ("0,1\n1,0\n", [[0, 1], [1, 0]]),
        ("\ufeff-1,1\r\n1,-1\r\n\r\n", [[-1, 1], [1, -1]]),
        ("0.25;1e-1\n+.5;1", [[0.25, 0.1], [0.5, 1]]),
        ("# made by a program\n# x y\n0.5 1\n", [[0.5, 1]]),
        ('"0.5","1"\n"0.25","0"\n', [[0.5, 1], [0.25, 0]]),
    ):
        found = datasets.load(written(tmp_path / "a.csv", text)).images
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    counted = written(tmp_path / "a.csv", lines(",", ["", "0", "1", "2"], index=True))
    np.testing.assert_array_equal(datasets.read(counted), TABLE)
    assert datasets.load(written(tmp_path / "a.csv", "0,1\n1,0\n")).images.dtype == np.uint8


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0,1\n1,\n", "row 2, column 2 is empty"),
        ("a,b\n0,1\n1,x\n", "row 2, column 'b' holds 'x'"),
        ("a,b\n0,nan\n", "row 1, column 'b' holds 'nan'"),
        ("0,inf\n", "row 1, column 2 holds 'inf'"),
        ("0,1\n1\n", "row 2 has 1 entries, the first 2"),
        ("a,b\n0,1\n0,1,1\n", "row 2 has 3 entries"),
        ("a,b\n0,1,1\n", "the header names 2 columns, its first row has 3"),
        ("0,5;0,5\n1;0\n", "row 1, column 1 holds '0,5'"),
        ("NA,1\n0,1\n", "row 1, column 1 holds 'NA'"),
        (",0,1\n1,0,1\n", "row 1, column 1 is empty"),
        ("0,?,1\n1,0,1\n", "row 1, column 2 holds '?'"),
        ("a,b\n", "holds a header and no rows"),
        ("# nothing\n\n", "holds no rows"),
        ("label\n1\n", "holds no columns of numbers beside 'label'"),
        ('a,b\n"0","1"\n"0"\n', "row 2 has 1 entries"),
    ],
)
def test_what_is_wrong_in_a_text_is_named_with_its_place(tmp_path, text, message):
    with pytest.raises(ValueError, match=message) as caught:
        datasets.load(written(tmp_path / "a.csv", text))
    assert str(caught.value).startswith(str(tmp_path / "a.csv"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_text_in_other_encodings(tmp_path, encoding):
    """UTF-16 says so by its first bytes; without them it is named."""
    for name, text in (("a.csv", "a,ä\n0,255\n3,7\n"), ("a.fasta", ">ä\nAC-\n")):
        (tmp_path / name).write_bytes(text.encode(encoding))
        read = datasets.alignment if name.endswith("fasta") else datasets.read
        if encoding in ("utf-8", "utf-8-sig", "utf-16"):
            found = read(tmp_path / name)
            assert (found.states if name.endswith("fasta") else found).tolist() in ([[0, 255], [3, 7]], [[1, 2, 0]])
        else:
            with pytest.raises(ValueError, match="holds zero bytes: it is no text in UTF-8, nor in UTF-16 with a mark"):
                read(tmp_path / name)


def test_an_alignment_names_the_units_that_learn_it(tmp_path, capsys):
    (tmp_path / "al.fasta").write_text(">a\nAC-\n")
    assert cli.run(main, ["train", "--data", str(tmp_path / "al.fasta"), "--units", "2", "--epochs", "1"]) == 2
    error = capsys.readouterr().err
    assert "--visible potts learns its letters" in error and error.count("\n") == 1


def test_tables_of_results_are_no_data(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["train", "--data", "bars-and-stripes:2", "--units", "1", "--epochs", "1", "--quiet", "--out"]
    assert cli.run(main, [*words, "r.npz"]) == 0
    assert cli.run(main, ["sample", "r.npz", "--chains", "2", "--steps", "1", "--out", "s.csv"]) == 0
    with pytest.raises(ValueError, match=r"s\.csv: is a table of results.*\.npz"):
        datasets.load("s.csv")
    capsys.readouterr()


def pictures(folder, mode="L", images=GREY, suffix=".png"):
    folder.mkdir(parents=True, exist_ok=True)
    for k, image in enumerate(images):
        Image.fromarray(image).convert(mode).save(folder / f"{k:03d}{suffix}", format="PNG")
    (folder / "notes.txt").write_text("no image")
    (folder / ".hidden.png").write_bytes(b"no image")


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "LA"])
@pytest.mark.parametrize("suffix", [".png", ".PNG"])
def test_a_folder_of_png(tmp_path, mode, suffix):
    pictures(tmp_path / "p", mode, suffix=suffix)
    data = datasets.load(tmp_path / "p")
    same(data, labels=False)
    assert data.labels is None


def test_png_of_one_bit_sixteen_bits_and_colour(tmp_path):
    bits = GREY > 128
    (tmp_path / "p").mkdir()
    Image.fromarray(bits[0]).save(tmp_path / "p" / "a.png")
    np.testing.assert_array_equal(datasets.load(tmp_path / "p").images[0], bits[0].ravel())
    deep = (GREY[0].astype(np.uint16) * 257).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "p" / "a.png")
    np.testing.assert_allclose(datasets.load(tmp_path / "p").images[0], GREY[0].ravel() / 255, atol=1e-6)
    colour = np.random.default_rng(0).integers(0, 256, (4, 4, 3)).astype(np.uint8)
    Image.fromarray(colour).save(tmp_path / "p" / "a.png")
    found = datasets.load(tmp_path / "p").images[0].reshape(4, 4)
    np.testing.assert_allclose(found, np.array(Image.fromarray(colour).convert("L")) / 255, atol=0.6 / 255)


def test_subfolders_of_png_are_labels(tmp_path):
    pictures(tmp_path / "seven", images=GREY[3:])
    pictures(tmp_path / "one", images=GREY[:3])
    data = datasets.load(tmp_path)
    same(data, labels=False)
    assert data.labels.tolist() == ["one"] * 3 + ["seven"] * 2


def test_folders_that_are_no_data_are_told_why(tmp_path):
    pictures(tmp_path / "p")
    Image.fromarray(GREY[0][:20]).save(tmp_path / "p" / "z.png")
    with pytest.raises(ValueError, match=r"z\.png: has 20 × 28 pixels, 000\.png has 28 × 28"):
        datasets.load(tmp_path / "p")
    (tmp_path / "p" / "z.png").write_bytes(b"\x89PNG nonsense")
    with pytest.raises(ValueError, match=r"z\.png: is no \.png image"):
        datasets.load(tmp_path / "p")
    clear = np.zeros((28, 28, 4), np.uint8)
    Image.fromarray(clear).save(tmp_path / "p" / "z.png")
    with pytest.raises(ValueError, match=r"z\.png: is transparent in places"):
        datasets.load(tmp_path / "p")
    with pytest.raises(ValueError, match="is a folder without images of the set test"):
        datasets.load(f"{tmp_path}/p:test")
    shutil.rmtree(tmp_path / "p")
    with pytest.raises(ValueError, match="is a folder without images: no IDX files such as"):
        datasets.load(tmp_path)


@pytest.mark.medium
def test_the_command_takes_them_all(tmp_path, monkeypatch, capsys):
    """Every form of the same digits gives the same numbers; a name need not be UTF-8."""
    monkeypatch.chdir(tmp_path)
    images, labels, _ = datasets.digits()
    grey = np.rint(255 * images[:60]).astype(np.uint8).reshape(-1, 8, 8)
    put(tmp_path / "mnist" / "raw", "train-images-idx3-ubyte", grey)
    pictures(tmp_path / "png", images=grey)
    np.savez("keras.npz", x_train=grey, y_train=labels[:60], x_test=grey[:2], y_test=labels[:2])
    np.savez("text.npz", images=grey, labels=labels[:60].astype(str))
    np.save("wide.npy", grey.astype(np.int64))
    odd = os.fsdecode(b"d\xff.csv")
    np.savetxt(odd, grey.reshape(60, -1), fmt="%d", delimiter=",")
    histories = []
    names = ["mnist/raw", "./mnist", "png", "keras.npz", "keras.npz:train", "text.npz", "wide.npy", odd]
    for k, name in enumerate(names):
        words = ["train", "--data", name, "--units", "3", "--epochs", "2", "--quiet", "--format", "csv"]
        assert cli.run(main, [*words, "--out", f"{k}{os.fsdecode(bytes([0xFF]))}.csv"]) == 0
        histories.append(capsys.readouterr().out)
    assert len(set(histories)) == 1


@pytest.mark.parametrize("values", [[-1, 1], [0, 300], [-3, 4]])
def test_other_values_are_told_what_to_do(tmp_path, capsys, values):
    np.save(tmp_path / "pm1.npy", np.array([values, values[::-1]] * 5, float))
    assert cli.run(main, ["train", "--data", str(tmp_path / "pm1.npy"), "--units", "2", "--epochs", "1"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "grey has" not in error
    assert ("--visible spin" in error) == (values == [-1, 1])
