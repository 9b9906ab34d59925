"""A run is whitened by what it was trained on, and its vectors are the same everywhere."""

import numpy as np
import pytest

from mmssl.apply.embed import embed_files
from mmssl.deploy.reader import load_exported
from mmssl.deploy.runs import export_run
from mmssl.encoders import cut
from mmssl.evaluation.probes.features import embed_source
from mmssl.evaluation.whitening import of_run
from mmssl.evaluation.whitening.of_run import whiten_run
from mmssl.runs.whitening import read_whitening
from tests.evaluation.whitening.conftest import TRAINED
from tests.tolerances import NETWORK, SUM, TRAINING, assert_close


def test_the_mean_is_that_of_the_training_items_alone(make_run):
    run = make_run(whiten="auto")
    whiten_run(run)
    whitening, about = read_whitening(run.files.whitening)
    vectors = embed_source(run.encoder, run.data, run.data.items)
    assert (about.items, len(vectors)) == (TRAINED, TRAINED)
    assert_close(whitening.mean, vectors.mean(axis=0, dtype="float64"), SUM)


def test_many_items_are_drawn_by_seed(make_run, monkeypatch):
    monkeypatch.setattr(of_run, "ITEMS", 20)
    means = []
    for seed in (0, 0, 1):
        run = make_run(whiten="auto")
        run.files.whitening.unlink(missing_ok=True)
        whiten_run(run, seed)
        whitening, about = read_whitening(run.files.whitening)
        assert about.items == 20
        means.append(whitening.mean)
    np.testing.assert_array_equal(means[0], means[1])
    assert (means[0] != means[2]).any()


def test_of_a_layer_it_is_that_of_the_layer(make_run):
    run = make_run(whiten="pca", layer="block_1")
    whiten_run(run)
    whitening, about = read_whitening(run.files.whitening)
    assert about.layer == "block_1"
    assert len(whitening.mean) == cut(run.encoder, "block_1").output["embedding"].shape[-1]


@pytest.mark.parametrize("probe", [{}, {"whiten": "none"}], ids=["older", "none"])
def test_a_run_that_does_not_ask_for_it_gets_none_and_says_nothing(make_run, probe, caplog):
    run = make_run(**probe)
    whiten_run(run)
    assert not run.files.whitening.exists()
    assert run.deployed_encoder() is run.encoder
    assert not caplog.text


def test_a_whitening_that_is_there_is_kept(whitened_run, monkeypatch):
    monkeypatch.setattr(of_run, "Embedder", None)
    whiten_run(whitened_run)


def test_vectors_that_are_not_finite_are_refused(make_run):
    run = make_run(whiten="auto")
    run.encoder.get_layer("block_1")
    weights = run.encoder.get_weights()
    run.encoder.set_weights([np.full_like(w, np.nan) for w in weights])
    with pytest.raises(ValueError, match="returns NaN or infinity for items that it trained on"):
        whiten_run(run)
    assert not run.files.whitening.exists()


def test_embedded_and_exported_vectors_are_the_same(whitened_run, tmp_path):
    run = whitened_run
    plain = embed_source(run.encoder, run.data, run.data.items)
    expected = read_whitening(run.files.whitening)[0](plain)
    shape = embed_files(run, [run.data.source], tmp_path / "vectors.npz")
    with np.load(tmp_path / "vectors.npz", allow_pickle=False) as archive:
        embedded = archive["vectors"][:TRAINED]
    batches = run.data.examples(run.data.items)
    exported = load_exported(export_run(run, "saved_model").path)
    found = np.concatenate([exported(batch)["embedding"] for batch in batches])
    assert shape[1] == 3
    assert_close(embedded, expected, NETWORK)
    assert_close(found, expected, TRAINING)


def test_vectors_can_be_had_plain(whitened_run, tmp_path):
    run, width = whitened_run, whitened_run.encoder.output["embedding"].shape[-1]
    assert embed_files(run, [run.data.source], tmp_path / "v.npz", whiten="none")[1] == width
    assert run.deployed_encoder(whiten="none") is run.encoder
