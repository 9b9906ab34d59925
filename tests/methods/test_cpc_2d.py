"""CPC of images: patches told from those of the batch by the rows above them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import patch_grid_encoder, resnet_encoder, small_conv_encoder
from mmssl.methods.cpc_2d import CPC2D, predictor, turned
from mmssl.pipelines.images import PatchGrids
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.tolerances import NETWORK, SUM, assert_close

CASE = Case(
    "vision/cpc_2d",
    (
        "--data.batch_size=4",
        "--data.size=16",
        "--data.patch_size=4",
        "--method.offsets=[2,3]",
        "--method.context_width=8",
        "--method.context_depth=1",
        "--method.encoder.encoder.channels=[8]",
        "--method.encoder.encoder.strides=[2]",
    ),
)
SIZE, GRID, ROWS = 10, 4, 3


def encoder_of(norm="layer", **kwargs):
    inner = small_conv_encoder(4, (6,), (2,), norm=norm)
    return patch_grid_encoder(
        **{"size": SIZE, "patch_size": 4, "stride": 2, **kwargs}, encoder=inner
    )


def method_of(**kwargs):
    keras.utils.set_random_seed(0)
    sizes = {"offsets": (2, 3), "context_width": 5, "context_depth": 2}
    return CPC2D(encoder_of(), **{**sizes, **kwargs})


def images_of():
    return np.random.default_rng(0).random((ROWS, SIZE, SIZE, 3), "float32")


def batch_of():
    patches = np.asarray(encoder_of().get_layer("patches")(images_of()))
    return {"patches": patches.reshape(ROWS, GRID**2, 4, 4, 3)}


def expected(method, batch):
    """Classifies every target among all latents, one anchor after the other."""
    outputs = method(batch)
    losses = []
    for times, predictions in enumerate(outputs["predictions"]):
        latents = np.asarray(turned(outputs["latents"], times), "float64")
        width = latents.shape[-1]
        predictions = np.asarray(predictions, "float64").reshape(ROWS, GRID, GRID, -1, width)
        for place, k in enumerate(method.offsets):
            costs = []
            for b, i, j in np.ndindex(ROWS, GRID - k, GRID):
                scores = latents @ predictions[b, i, j, place] / method.temperature
                costs.append(np.log(np.exp(scores).sum()) - scores[b, i + k, j])
            losses.append(np.mean(costs))
    return np.mean(losses)


@pytest.mark.parametrize("directions", [1, 4])
def test_the_loss_classifies_the_patch_below_among_all_of_the_batch(directions):
    method, batch = method_of(directions=directions, temperature=0.7), batch_of()
    assert_close(loss_of(method, batch, False), expected(method, batch), NETWORK)


def test_equal_scores_give_the_logarithm_of_the_patches():
    method, batch = method_of(), batch_of()
    latents = np.ones((ROWS, GRID, GRID, 6), "float32")
    outputs = {"latents": latents, "predictions": [np.zeros((ROWS, GRID, GRID, 12), "float32")]}
    terms = method.loss_terms(batch, outputs, False)
    assert_close(terms["info_nce"], np.log(ROWS * GRID**2), SUM)


def test_perfect_predictions_point_at_the_patch_below():
    """Latents are one-hot, so that a wrong index costs as much as all of them."""
    method, count = method_of(offsets=(2,)), ROWS * GRID**2
    latents = np.eye(count, dtype="float32").reshape(ROWS, GRID, GRID, count)
    predictions = np.zeros_like(latents)
    predictions[:, :-2] = 50 * latents[:, 2:]
    outputs = {"latents": latents, "predictions": [predictions]}
    terms = method.loss_terms(batch_of(), outputs, False)
    assert_close(terms["info_nce"], 0.0, SUM, scale=1.0)
    assert float(method.get_metrics_result()["accuracy"]) == 1


@pytest.mark.parametrize(("k", "count"), [(1, 42), (2, 35), (3, 28), (4, 21), (5, 14)])
def test_rows_that_have_one_below_are_predicted_from(k, count, monkeypatch):
    seen = []

    def spy(predictions, positives, pool, collisions):
        seen.append((predictions.shape[0], positives.shape[0], np.asarray(collisions)))
        return 0.0, 0.0

    monkeypatch.setattr("mmssl.methods.cpc_2d.future_info_nce", spy)
    method = CPC2D(encoder_of(size=16), (k,), 1, 4, 1)
    latents = np.zeros((1, 7, 7, 6), "float32")
    outputs = {"latents": latents, "predictions": [latents]}
    method.loss_terms({}, outputs, False)
    [(anchors, positives, collisions)] = seen
    assert anchors == positives == count
    assert (collisions.sum(axis=1) == 1).all()


def test_a_context_sees_no_row_below_its_own():
    keras.utils.set_random_seed(0)
    network = predictor(5, 3, 4, 2, 1, "context")
    latents = tf.constant(np.random.default_rng(0).normal(size=(1, 5, 5, 3)).astype("float32"))
    for row in range(5):
        with tf.GradientTape() as tape:
            tape.watch(latents)
            total = tf.reduce_sum(network(latents)[:, row] ** 2)
        seen = np.abs(tape.gradient(total, latents)).sum(axis=(0, 2, 3)) > 0
        assert not seen[row + 1 :].any()
        assert seen[max(0, row - 2) : row + 1].all()


def test_turned_maps_turn_back_and_the_other_way_up_is_half_a_turn():
    maps = np.random.default_rng(0).random((2, 3, 3, 2), "float32")
    for times in range(4):
        np.testing.assert_array_equal(turned(maps, times), np.rot90(maps, times, axes=(1, 2)))


def test_patches_in_the_opposite_order_give_the_same_loss_up_as_down():
    method, batch = method_of(directions=4), batch_of()
    method.predictors[2].set_weights(method.predictors[0].get_weights())
    over = {"patches": batch["patches"][:, ::-1]}
    down, up = (method(x)["predictions"] for x in (batch, over))
    assert_close(up[2], down[0], NETWORK)
    assert np.abs(up[0] - down[0]).max() > 0.01
    for network in method.predictors:
        network.set_weights(method.predictors[0].get_weights())
    assert_close(loss_of(method, over, False), loss_of(method, batch, False), SUM)


def test_the_encoder_averages_the_patches_that_it_sees_one_by_one():
    encoder, images = encoder_of(), images_of()
    features = np.asarray(encoder({"images": images})["features"])
    assert features.shape == (ROWS, GRID, GRID, 6)
    assert_close(encoder({"images": images})["embedding"], features.mean(axis=(1, 2)), SUM)
    changed = images.copy()
    changed[:, 4:] = 0
    after = np.asarray(encoder({"images": changed})["features"])
    assert_close(after[:, 0], features[:, 0], SUM)
    assert np.abs(after[:, 1] - features[:, 1]).max() > 0.01


def test_patches_of_the_data_are_those_that_the_encoder_cuts():
    method, batch = method_of(), batch_of()
    features = method.encoder({"images": images_of()})["features"]
    assert_close(method(batch)["latents"], features, NETWORK)


def test_the_picture_shows_what_is_taken_for_the_patch_below():
    pictures = list(np.random.default_rng(1).integers(0, 256, (3, 16, 16, 3)).astype("uint8"))
    data = PatchGrids(pictures, size=SIZE, batch_size=2, patch_size=4, stride=2)
    [(title, caption, picture)] = method_of().report_images(data.on(data.open(pictures)))
    assert (title, picture.shape) == ("Predicted patches", (3 * SIZE, 3 * SIZE, 3))
    assert "2 rows above" in caption


def test_what_does_not_fit_is_refused():
    for arguments, message in (
        ({"offsets": (4,)}, r"from 1 to 3, of a grid of 4 x 4"),
        ({"offsets": ()}, "offsets"),
        ({"directions": 2}, "directions=2"),
        ({"temperature": 0.0}, "temperature"),
    ):
        with pytest.raises(ValueError, match=message):
            method_of(**arguments)
    with pytest.raises(ValueError, match="patch_grid_encoder; got small_conv_encoder"):
        CPC2D(small_conv_encoder())
    with pytest.raises(ValueError, match="batch norm"):
        CPC2D(encoder_of("batch"))
    with pytest.raises(ValueError, match="patch_size=11"):
        patch_grid_encoder(10, 11)


def test_layer_norm_takes_the_place_of_batch_norm():
    kinds = {type(layer) for layer in resnet_encoder(8, 18, 2, True, norm="layer").layers}
    assert keras.layers.LayerNormalization in kinds
    assert keras.layers.BatchNormalization not in kinds
