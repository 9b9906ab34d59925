import json

import numpy as np
import pytest

from mmssl.encoders.parts.whitening import Whitening, whitened
from mmssl.evaluation import LabeledData, evaluate
from mmssl.evaluation.probes.results import read_results
from mmssl.pipelines.sources import open_source
from mmssl.runs.whitening import About
from tests.evaluation.conftest import tiny_encoder
from tests.tolerances import ROUNDING, assert_close


def opened(run, labels, splits=None):
    source = open_source(run.data.source, run.data.extensions, labels=list(labels))
    source.splits = None if splits is None else np.array(splits)
    return source


def labeled(run, labels, splits=None):
    return LabeledData(opened(run, labels, splits))


def test_encoder_untrained_and_raw_input_are_probed_alike(run):
    result = evaluate(run)
    for name in ("encoder", "untrained", "raw"):
        assert set(result[name]) == {"knn", "linear", "C"}
    assert result["raw"]["linear"] > 0.9
    assert (result["n_train"], result["n_test"], result["classes"]) == (80, 20, 2)
    assert 0.4 < result["majority"] < 0.7
    assert result["split"] == "random: a fifth of each class to test, seed 0"
    assert set(result["diagnostics"]) == {"encoder", "untrained"}
    stages = {"data", "encoder features", "untrained features", "raw features", "knn", "linear"}
    assert stages <= set(result["seconds"])
    assert read_results(run.folder / "metrics.json") == [json.loads(json.dumps(result))]


def test_all_layers_are_probed_beside_the_whole_and_as_they_are_alone(run):
    whole, alone = evaluate(run, layer="all"), evaluate(run, layer="block_1")
    assert list(whole["layers"]) == ["block_1", "block_2"]
    assert whole["layers"]["block_2"] == whole["encoder"]
    assert whole["layers"]["block_1"] == alone["encoder"]
    for name in ("encoder", "untrained"):
        assert whole["diagnostics"][name] != alone["diagnostics"][name]
    # The same seed gives the same split and the same figures.
    assert (whole["raw"], whole["majority"]) == (alone["raw"], alone["majority"])


def test_probes_are_asked_for_by_name_and_stand_beside_each_other(run):
    names = ["knn_1", "knn", "linear_sgd", "3-shot"]
    result = evaluate(run, probes=names)
    assert result["probes"] == names
    for name in ("encoder", "untrained", "raw"):
        row = result[name]
        assert set(row) == {*names, "linear_sgd_learning_rate"}
        assert len(row["3-shot"]["draws"]) == 5
    assert result["raw"]["linear_sgd"] > 0.9
    assert result["encoder"]["knn"] == evaluate(run)["encoder"]["knn"]
    # Other probes of the same data are kept beside these.
    assert len(read_results(run.folder / "metrics.json")) == 2
    with pytest.raises(ValueError, match="no probe 'svm'; there are knn"):
        evaluate(run, probes=["svm"])


def test_the_weighted_probe_sums_all_blocks_of_one_width(run):
    even = [run.encoder, run.untrained] = [tiny_encoder(seed, channels=(8, 8)) for seed in (0, 1)]
    result = evaluate(run, layer="block_1", probes=["weighted"])
    for name in ("encoder", "untrained"):
        weights = result[name]["block_weights"]
        assert list(weights) == ["block_1", "block_2"]
        assert_close(sum(weights.values()), 1, ROUNDING)
    assert result["raw"] == {}
    assert "layers" not in result
    run.encoder, run.untrained = tiny_encoder(), even[1]
    with pytest.raises(ValueError, match="one width; this encoder has block_1 4, block_2 8"):
        evaluate(run, probes=["weighted"])


def test_a_whitened_run_is_probed_in_both_forms(run):
    plain = evaluate(run)
    assert "whitened" not in plain
    rng = np.random.default_rng(0)
    run.whitening = Whitening(*(rng.normal(size=s).astype("float32") for s in ((8,), (8, 3))))
    run.about = About(None, True, "told to", 80, 0.1)
    both = evaluate(run)
    assert [both[name] for name in ("encoder", "untrained", "raw")] == [
        plain[name] for name in ("encoder", "untrained", "raw")
    ]
    assert set(both["whitened"]) == {"encoder", "untrained", "raw"}
    assert both["whitening"] == {"used": True, "why": "told to", "components": 3}
    run.encoder, run.whitening = whitened(run.encoder, run.whitening), None
    assert evaluate(run, probes=["knn"])["encoder"]["knn"] == both["whitened"]["encoder"]["knn"]


def test_an_unknown_layer_is_refused(run):
    with pytest.raises(ValueError, match="no block 'block_9'"):
        evaluate(run, layer="block_9")


def test_splits_of_the_source_are_kept_apart(run, pictures):
    splits = ["train"] * 60 + ["val"] * 10 + ["test"] * 30
    result = evaluate(run, labeled(run, pictures[1], splits))
    assert (result["n_train"], result["n_test"]) == (60, 30)
    assert result["split"] == "the source's own splits"


def test_labels_of_test_items_do_not_reach_the_choice(run, pictures):
    splits = ["train"] * 60 + ["test"] * 40
    wrong = pictures[1].copy()
    wrong[60:] = np.where(wrong[60:] == "red", "blue", "red")
    right = evaluate(run, labeled(run, pictures[1], splits))["raw"]
    mirrored = evaluate(run, labeled(run, wrong, splits))["raw"]
    assert mirrored["C"] == right["C"]
    assert_close(mirrored["linear"], 1 - right["linear"], ROUNDING, dtype="float64")


def test_separate_sources_train_and_test_the_probe(run, pictures):
    whole = opened(run, pictures[1])
    data = LabeledData(train=whole.select(range(70)), test=whole.select(range(70, 100)))
    result = evaluate(run, data)
    assert (result["n_train"], result["n_test"], result["split"]) == (70, 30, "two sources")


def test_a_limit_takes_the_first_training_items_and_every_test_item(run, pictures):
    source = opened(run, pictures[1], ["train"] * 60 + ["test"] * 40)
    result = evaluate(run, LabeledData(source, limit=30))
    assert (result["n_train"], result["n_test"]) == (30, 40)
    assert result["data"]["limit"] == 30
    part = LabeledData(source.select([*range(30), *range(60, 100)]))
    assert result["encoder"] == evaluate(run, part)["encoder"]
    # A run that was trained on its first items is probed with these.
    run.data.limit = 50
    assert evaluate(run)["n_train"] == 50
    with pytest.raises(ValueError, match="limit=0"):
        evaluate(run, LabeledData(limit=0))


def test_a_label_table_can_be_named(run, pictures, tmp_path):
    from PIL import Image

    rows = []
    for number, (picture, label) in enumerate(zip(*pictures, strict=True)):
        Image.fromarray(picture).save(tmp_path / f"{number:03}.png")
        rows.append(f"{number:03}.png\t{label}\t{'test' if number < 30 else 'train'}")
    table = tmp_path / "labels.tsv"
    table.write_text("file\tground\tpart\n" + "\n".join(rows) + "\n", encoding="utf-8")
    result = evaluate(run, LabeledData(tmp_path, table, "ground", "part"))
    assert (result["n_train"], result["n_test"]) == (70, 30)
    assert result["data"]["label_column"] == "ground"
    with pytest.raises(ValueError, match="'color'"):
        evaluate(run, LabeledData(tmp_path, table, "color"))


def test_a_single_class_is_refused(run):
    with pytest.raises(ValueError, match="all 80 training items are 'red'"):
        evaluate(run, labeled(run, ["red"] * 100))


def test_too_few_items_are_refused(run):
    with pytest.raises(ValueError, match="Too few items"):
        evaluate(run, labeled(run, [f"class {i}" for i in range(100)]))


def test_test_items_of_other_classes_are_refused(run):
    labels = ["a", "b"] * 40 + ["c"] * 20
    with pytest.raises(ValueError, match=r"'c', .* is among the 2 classes"):
        evaluate(run, labeled(run, labels, ["train"] * 80 + ["test"] * 20))


def test_no_labels_are_refused_with_the_way_to_give_them(run, pictures):
    with pytest.raises(ValueError, match=r"no labels to probe with .*: give labels="):
        evaluate(run, LabeledData(pictures[0]))
    assert not (run.folder / "metrics.json").exists()


def test_held_out_figures_of_the_method_join_the_result(run, pictures):
    run.made.figures = {"masked_loss": np.float32(1.5)}
    assert evaluate(run)["held_out"] == {"masked_loss": 1.5}
    unlabeled = evaluate(run, LabeledData(pictures[0]))
    assert unlabeled["held_out"] == {"masked_loss": 1.5}
    assert unlabeled["n_test"] == 100
    assert "encoder" not in unlabeled


def test_a_method_that_cannot_be_measured_does_not_spoil_the_probe(run):
    def refuse(data):
        raise ValueError("single sentences have no next one")

    run.made.validate = refuse
    result = evaluate(run)
    assert result["held_out"] == {}
    assert result["held_out_missing"] == "single sentences have no next one"


def test_the_method_is_measured_on_the_test_items(run):
    seen = []
    run.made.validate = lambda data: seen.append(len(data.source)) or {}
    evaluate(run)
    assert seen == [20]


def test_an_encoder_that_diverged_is_refused(run):
    run.encoder.get_layer("block_2").gamma.assign(np.full(8, np.nan))
    with pytest.raises(ValueError, match="The encoder returns NaN"):
        evaluate(run)


def test_progress_names_the_stages(run):
    seen = {}
    evaluate(run, progress=seen.__setitem__)
    assert seen["encoder features"] == 20
    assert "raw features" in seen
