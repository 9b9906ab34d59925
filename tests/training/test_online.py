"""The online probe of a run: what it reports, and that it leaves no trace in the encoder."""

import keras
import numpy as np
import pytest

from mmssl.runs import Run, read_history
from mmssl.runs.kept import kept_steps
from mmssl.training import loop
from mmssl.training.pretraining import pretrain
from tests.contract.cases import all_cases
from tests.stopping import StoppedError, stop_after

FIXED = ("--fit.steps=5", "--fit.checkpoint_seconds=0", "--fit.monitor_examples=0")
# A method, what else could see the probe, and labeled items.
CASES = {
    "simclr": ("--fit.jit_compile=true",),
    "byol": ("--fit.strategy=mirrored",),
    "data2vec": ("--fit.precision=mixed_bfloat16", "--probe.layer=block_1"),
    "bert": ("--fit.accumulate=2",),
}


@pytest.fixture(scope="module")
def labeled(tmp_path_factory):
    """Pictures and texts of two classes; returns the overrides that name them, by method."""
    folder = tmp_path_factory.mktemp("labeled")
    rng = np.random.default_rng(0)
    rows = ["text\tkind"]
    for number in range(24):
        kind = ("dark", "light")[number % 2]
        shade = rng.integers(0, 90, (16, 16, 3)) + 150 * (kind == "light")
        path = folder / "pictures" / kind / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        keras.utils.save_img(path, shade, scale=False)
        if kind == "dark":
            (folder / "one" / kind).mkdir(parents=True, exist_ok=True)
            keras.utils.save_img(folder / "one" / kind / path.name, shade, scale=False)
        rows.append(f"all is {kind} {number}. And so it stays.\t{kind}")
    (folder / "texts.tsv").write_text("\n".join(rows))
    texts = [f"--probe.online.source={folder / 'texts.tsv'}", "--probe.online.label_column=kind"]
    pictures = [
        f"--probe.online.source={folder / 'pictures'}",
        "--probe.online.label_column=folder",
    ]
    return {name: texts if name == "bert" else pictures for name in CASES}


def train(name, folder, *overrides):
    case = all_cases()[name]
    return pretrain(case.recipe, folder, [*case.tiny, *FIXED, *CASES[name], *overrides], quiet=True)


def state(run):
    with np.load(run.files.checkpoint) as archive:
        return [archive[f"variable_{i}"] for i in range(len(archive.files) - 1)]


@pytest.mark.bfloat16
@pytest.mark.parametrize("name", CASES)
def test_a_run_has_the_same_weights_with_and_without_a_probe(name, tmp_path, labeled):
    plain = train(name, tmp_path / "plain")
    probed = train(name, tmp_path / "probed", *labeled[name], "--probe.online.every=2")
    before, after = state(plain), state(probed)
    assert len(after) > len(before)
    for one, other in zip(before, after, strict=False):
        np.testing.assert_array_equal(one, other)
    encoders = [run.encoder.get_weights() for run in (plain, probed)]
    assert len(encoders[0]) == len(encoders[1])
    for one, other in zip(*encoders, strict=True):
        np.testing.assert_array_equal(one, other)
    rows = read_history(probed.files.history)
    assert [bool(row["online_linear"]) for row in rows] == [False, True, True, True, True]
    assert all(0 <= float(row["online_knn"]) <= 1 for row in rows[1:])


def test_a_resumed_run_ends_with_the_same_probe(tmp_path, monkeypatch):
    # Its own labels: of so many items that it does not come round to the first ones.
    online = ["--probe.online.every=1", "--fit.strategy=auto", "--fit.keep.best=2"]
    whole = train("byol", tmp_path / "whole", *online)
    with monkeypatch.context() as patch:
        patch.setattr(loop, "save_state", stop_after(3))
        with pytest.raises(StoppedError):
            train("byol", tmp_path / "parts", *online)
    parts = train("byol", tmp_path / "parts", *online)
    for one, other in zip(state(whole), state(parts), strict=True):
        np.testing.assert_array_equal(one, other)
    names = ("online_linear", "online_knn")
    rows = [read_history(run.files.history) for run in (whole, parts)]
    assert [row[n] for row in rows[0] for n in names] == [row[n] for row in rows[1] for n in names]
    best = sorted(rows[0], key=lambda row: -float(row["online_linear"]))[:2]
    for run in (whole, parts):
        kept = kept_steps(run.files.checkpoint.parent)
        assert kept == sorted(int(row["step"]) for row in best)
    assert Run.load(parts.folder).method().encoder.name  # it opens without the probe


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["--data.source={dark}", "--probe.online.every=2"],
            "probe.online: .*dark has no labels to probe with",
        ),
        (["--probe.online.every=0"], "probe.online.every must be at least 1; got 0"),
        (
            ["--probe.online.evry=2"],
            "no key 'probe.online.evry'; did you mean 'probe.online.every'",
        ),
        (["--probe.online.source={one}", "--probe.online.label_column=folder"], "two classes"),
        (["--probe.online.source={texts}", "--probe.online.label_column=kind"], "probe.online: .*"),
        (["--probe.online.source={dark}/none"], "probe.online: .*none"),
    ],
)
def test_what_cannot_be_probed_with_is_refused_before_the_first_step(
    overrides, message, tmp_path, labeled
):
    pictures = labeled["byol"][0].partition("=")[2]
    texts = labeled["bert"][0].partition("=")[2]
    places = {"dark": f"{pictures}/dark", "one": f"{pictures}/../one", "texts": texts}
    given = [override.format(**places) for override in overrides]
    with pytest.raises(ValueError, match=message):
        train("byol", tmp_path / "run", "--fit.strategy=auto", *given)
    assert not (tmp_path / "run").exists()
