"""`train --validate … --stop …`."""

import sys

import numpy as np
import pytest

from rbm_sim import datasets
from rbm_sim.__main__ import main
from rbm_sim.learning import run_files
from rbm_sim.partition.likelihood import pseudo_log_likelihood
from replica import cli

TRAIN = ("train", "--data", "bars-and-stripes:4", "--hidden", "bernoulli", "--units", "8", "--learning-rate", "0.5")
EARLY = (*TRAIN, "--epochs", "60", "--validate", "0.3", "--stop", "valid_pseudo_ll:3", "--rng", "1")


def test_stopped_run_goes_on_and_gives_its_best_machine(tmp_path, capsys):
    file = str(tmp_path / "run.npz")
    assert main([*EARLY, "--out", file]) == 0
    run = run_files.load(file)
    values = [row["valid_pseudo_ll"] for row in run.history]
    assert len(values) < 60 and np.argmax(values) == len(values) - 4
    best = np.argmax(values) + 1
    said = capsys.readouterr().err
    assert f"stopped after epoch {len(values)}" in said and f"after epoch {best}, whose machine is kept" in said
    assert main([*EARLY, "--out", file]) == 0
    assert len(run_files.load(file).history) == len(values)
    assert main([*(word.replace(":3", ":6") for word in EARLY), "--out", file]) == 0
    assert len(run_files.load(file).history) > len(values)


def test_other_data_to_validate_with(tmp_path, capsys):
    np.save(tmp_path / "other.npy", datasets.bars_and_stripes(4).images[::3])
    file = str(tmp_path / "run.npz")
    assert main([*TRAIN, "--epochs", "2", "--validate", str(tmp_path / "other.npy"), "--out", file]) == 0
    run = run_files.load(file)
    other = datasets.bars_and_stripes(4).images[::3]
    assert run.history[-1]["valid_pseudo_ll"] == pytest.approx(pseudo_log_likelihood(run.learner.rbm, other).mean)
    assert run.history[-1]["valid_F"] == pytest.approx(run.learner.rbm.clamped_free_energy(other))


def test_the_machine_that_is_kept_is_the_one_that_is_named(tmp_path, capsys):
    """The first epoch was the best, but its machine is gone when a later command asks for the best."""
    words = [*TRAIN, "--validate", "0.3", "--rng", "1", "--out", str(tmp_path / "r.npz"), "--epochs"]
    stop = ["--stop", "valid_pseudo_ll:6"]
    assert main([*words, "5"]) == 0
    learner, history, about = run_files.load(tmp_path / "r.npz")
    history[0]["valid_pseudo_ll"] = 0.0
    run_files.save(tmp_path / "r.npz", learner, history, about)
    for epochs in ("7", "9", "11"):  # two of them go on with a best machine of before
        capsys.readouterr()
        assert main([*words, epochs, *stop]) == 0
        learner, history, _ = run_files.load(tmp_path / "r.npz")
        watched = history[5:]
        best = max(watched, key=lambda row: row["valid_pseudo_ll"])
        assert f"after epoch {best['epoch']}, whose machine is kept" in capsys.readouterr().err
        assert learner.best_epoch == best["epoch"] and len(history) == int(epochs)


@pytest.mark.parametrize("option", ["--validate", "--test"])
def test_other_data_do_not_continue_a_run(tmp_path, capsys, option):
    images = datasets.bars_and_stripes(4).images
    np.save(tmp_path / "one.npy", images[::3])
    np.save(tmp_path / "other.npy", images[::5])
    words = [*TRAIN, "--likelihood", "1", "--out", str(tmp_path / "r.npz"), "--epochs"]
    assert main([*words, "1", option, str(tmp_path / "one.npy")]) == 0
    assert main([*words, "2", option, str(tmp_path / "one.npy")]) == 0
    for epochs in ("2", "3"):
        with pytest.raises(cli.UsageError, match=f"was begun with other options, {option} \\(digest\\)"):
            main([*words, epochs, option, str(tmp_path / "other.npy")])
    if option == "--validate":  # nor is it forgotten when a command does without
        assert main([*words, "3"]) == 0
        with pytest.raises(cli.UsageError, match="--validate"):
            main([*words, "4", option, str(tmp_path / "other.npy")])
    capsys.readouterr()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--stop", "valid_pseudo_ll"), "measured with --validate only"),
        (("--stop", "log_likelihood:2"), "measured with --likelihood only"),
        (("--stop", "loss"), "must be one of valid_pseudo_ll"),
        (("--stop", "pseudo_ll:0"), "--stop"),
        (("--validate", "1.5"), "--validate 1.5: a share"),
        (("--validate", "0.01"), "--validate 0.01: a share"),
        (("--validate", "nan"), "--validate nan"),
        (("--validate", "bars-and-stripes:3"), "--validate: 9 pixels"),
        (("--validate", "no-such-file.npy"), "--validate"),
    ],
)
def test_what_is_refused(options, message, capsys):
    with pytest.raises(SystemExit) as done:
        sys.exit(cli.run(main, [*TRAIN, *options]))
    assert done.value.code == 2 and message in capsys.readouterr().err


def test_validation_data_are_not_written_over(tmp_path, capsys):
    np.savez(tmp_path / "other.npz", images=datasets.bars_and_stripes(4).images)
    file = str(tmp_path / "other.npz")
    with pytest.raises(SystemExit) as done:
        sys.exit(cli.run(main, [*TRAIN, "--validate", file, "--out", file]))
    assert done.value.code == 2 and "--validate" in capsys.readouterr().err and len(np.load(file)["images"]) == 30
