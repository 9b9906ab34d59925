"""Self-organizing maps: who wins, who moves with the winner, and how far."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import small_conv_encoder, som_encoder
from mmssl.methods.som import SOM
from mmssl.pipelines.images import ImageCrops
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close

SIZES = (
    *("--data.batch_size=8", "--data.size=8"),
    *("--method.encoder.rows=3", "--method.encoder.columns=3"),
)
CASE = Case("vision/som", SIZES, overfit=None, **on_clothes(-0.02))
CASES = {
    "batch": Case("vision/som", (*SIZES, "--method.rule=batch", "--method.collect=2"), overfit=None)
}
ROWS, COLUMNS, SIZE = 3, 4, 2


def method_of(rule="online", **options):
    keras.utils.set_random_seed(0)
    return SOM(som_encoder(SIZE, ROWS, COLUMNS), rule, **options)


def batch_of(rows=6, seed=0):
    return {"images": np.random.default_rng(seed).random((rows, SIZE, SIZE, 3), "float32")}


def vectors_of(batch):
    return batch["images"].reshape(len(batch["images"]), -1).astype("float64")


def prototypes_of(method):
    return np.asarray(method.grid.prototypes, "float64")


def formula(prototypes, vectors, radius):
    """Sums and shares of one step, place by place, with the distances on the grid."""
    sums, shares = np.zeros_like(prototypes), np.zeros(len(prototypes))
    for x in vectors:
        winner = np.argmin([np.sum((x - w) ** 2) for w in prototypes])
        for unit in range(len(prototypes)):
            down = winner // COLUMNS - unit // COLUMNS
            right = winner % COLUMNS - unit % COLUMNS
            h = np.exp(-(down**2 + right**2) / (2 * radius**2))
            sums[unit] += h * x
            shares[unit] += h
    return sums, shares


def step(method, batch):
    return float(loss_of(method, batch, training=True))


def test_neighbors_follow_by_their_distance_on_the_grid():
    h = np.asarray(method_of(radius=1.0).neighborhood())
    assert_close(h[0, [0, 1, COLUMNS, COLUMNS + 1]], [1, 0.606531, 0.606531, 0.367879], NETWORK)
    np.testing.assert_array_equal(h, h.T)


@pytest.mark.parametrize("rows", [1, 6])
def test_the_online_rule_moves_all_from_where_they_were_before_the_step(rows):
    method, batch = method_of(radius=0.8, rate=0.3), batch_of(rows)
    before, vectors = prototypes_of(method), vectors_of(batch)
    sums, shares = formula(before, vectors, 0.8)
    step(method, batch)
    way = 0.3 * (sums - shares[:, None] * before) / np.maximum(1, shares)[:, None]
    if rows == 1:  # Kohonen's own
        way = 0.3 * shares[:, None] * (vectors - before)
    assert_close(prototypes_of(method), before + way, NETWORK)


def test_a_narrow_neighborhood_and_a_rate_of_one_bring_the_winner_to_the_input():
    method, batch = method_of(radius=0.01, rate=1.0), batch_of(1)
    before = prototypes_of(method)
    [[row, column]] = method.positions(batch)
    step(method, batch)
    after, winner = prototypes_of(method), row * COLUMNS + column
    assert_close(after[winner], vectors_of(batch)[0], SUM)
    others = np.arange(len(after)) != winner
    np.testing.assert_array_equal(after[others], before[others])


def test_the_batch_rule_is_the_weighted_mean_of_all_inputs():
    method, batch = method_of("batch", radius=0.8), batch_of()
    sums, shares = formula(prototypes_of(method), vectors_of(batch), 0.8)
    step(method, batch)
    assert_close(prototypes_of(method), sums / shares[:, None], NETWORK)


def test_a_flat_neighborhood_brings_all_prototypes_to_one_input():
    method, batch = method_of("batch", radius=1e4), batch_of(1)
    step(method, batch)
    assert_close(prototypes_of(method), vectors_of(batch).repeat(ROWS * COLUMNS, 0), NETWORK)


def test_a_narrow_batch_rule_is_a_step_of_k_means():
    method, batch = method_of("batch", radius=0.01), batch_of()
    expected, vectors = prototypes_of(method), vectors_of(batch)
    winners = np.square(vectors[:, None] - expected).sum(axis=-1).argmin(axis=1)
    for unit in set(winners):
        expected[unit] = vectors[winners == unit].mean(axis=0)
    step(method, batch)
    assert_close(prototypes_of(method), expected, NETWORK)


def test_steps_that_are_collected_are_one_step_with_all_their_inputs():
    parts = [batch_of(3, seed) for seed in (1, 2)]
    whole = {"images": np.concatenate([part["images"] for part in parts])}
    two, one = method_of("batch", radius=0.8, collect=2), method_of("batch", radius=0.8)
    for method in (one, two):
        method.set_total_steps(10**9)
    before = prototypes_of(two)
    step(two, parts[0])
    np.testing.assert_array_equal(prototypes_of(two), before)
    step(two, parts[1])
    step(one, whole)
    assert_close(prototypes_of(two), prototypes_of(one), NETWORK)
    assert not np.asarray(two.sums).any()
    assert not np.asarray(two.shares).any()


def test_radius_and_rate_fall_by_the_same_factor_each_step_and_then_stay():
    method = method_of(radius=4.0, final_radius=1.0, rate=0.4, final_rate=0.1)
    method.set_total_steps(4)
    for done, radius in ((0, 4.0), (1, 2 * np.sqrt(2)), (2, 2.0), (4, 1.0), (9, 1.0)):
        method.steps.assign(done)
        assert_close(method.neighborhood()[0, 1], np.exp(-1 / (2 * radius**2)), SUM)
        assert_close(method._fallen(*method.rates), radius / 10, SUM)


def test_a_step_counts_and_one_without_training_moves_nothing():
    method, batch = method_of(), batch_of()
    before = prototypes_of(method)
    loss_of(method, batch, training=False)
    np.testing.assert_array_equal(prototypes_of(method), before)
    assert int(method.steps) == 0
    step(method, batch)
    assert int(method.steps) == 1
    assert method.trainable_variables == []


def test_a_training_step_is_counted_like_one_of_an_optimizer():
    method = method_of()
    method.compile("sgd")
    method.make_train_function()
    batches = tf.data.Dataset.from_tensors(batch_of()).repeat()
    for _ in range(2):
        method.train_function(iter(batches))
    assert int(method.optimizer.iterations) == int(method.steps) == 2


def errors(prototypes, vectors):
    """Quantization error and topographic error, input by input."""
    distances = np.sqrt(np.square(vectors[:, None] - prototypes).sum(axis=-1))
    apart = 0
    for row in distances:
        first, second = np.argsort(row)[:2]
        down = abs(first // COLUMNS - second // COLUMNS)
        right = abs(first % COLUMNS - second % COLUMNS)
        apart += max(down, right) > 1
    return distances.min(axis=1).mean(), apart / len(vectors)


def test_the_errors_are_those_of_the_two_nearest_prototypes():
    method, batch = method_of(), batch_of(40)
    # Half in order.
    spread = np.random.default_rng(1).normal(size=(2, 12)) / 4
    noise = np.random.default_rng(2).normal(size=(ROWS * COLUMNS, 12)) / 4
    method.grid.prototypes.assign(method.grid.places() @ spread + noise)
    loss = loss_of(method, batch, training=False)
    quantization, topographic = errors(prototypes_of(method), vectors_of(batch))
    assert_close(loss, quantization, NETWORK)
    assert 0 < topographic < 1
    assert_close(method.get_metrics_result()["topographic"], topographic, NETWORK)


def test_it_begins_standardized_and_with_examples_of_the_data():
    method, batches = method_of(), [batch_of(20, seed) for seed in (1, 2)]
    method.adapt(batches)
    seen = np.concatenate([np.asarray(method(batch)) for batch in batches])
    assert_close(seen.mean(axis=0), 0, NETWORK, scale=1)
    assert_close(seen.std(axis=0), 1, NETWORK)
    found = prototypes_of(method)
    nearest = np.abs(found[:, None] - seen).max(axis=-1).min(axis=1)
    assert_close(nearest, 0, ROUNDING, scale=1)
    assert len(np.unique(found.round(3), axis=0)) == ROWS * COLUMNS


def test_pixels_that_never_change_do_not_blow_up():
    method, batch = method_of(), batch_of(20)
    batch["images"][:, 0, 0] = 0.5
    method.adapt([batch])
    assert np.isfinite(prototypes_of(method)).all()
    batch["images"][:, 0, 0] = 0.6
    assert np.abs(method(batch)).max() < 20


def test_the_encoder_says_where_the_winner_is_and_its_neighbors():
    method, batch = method_of(), batch_of()
    embedding = np.asarray(method.encoder(batch)["embedding"])
    places = np.stack([embedding.argmax(axis=1) // COLUMNS, embedding.argmax(axis=1) % COLUMNS], 1)
    np.testing.assert_array_equal(method.positions(batch), places)
    distances = vectors_of(batch)[:, None] - prototypes_of(method)
    distances = np.sqrt(np.square(distances).sum(axis=-1))
    expected = np.maximum(0, distances.mean(axis=1, keepdims=True) - distances)
    assert_close(embedding, expected, NETWORK)


def test_a_map_of_an_encoders_features_leaves_the_encoder_as_it_is():
    keras.utils.set_random_seed(0)
    inner = small_conv_encoder(8, (4, 6), (2, 2))
    method = SOM(som_encoder(rows=2, columns=2, encoder=inner))
    batch = {"images": np.random.default_rng(0).random((5, 8, 8, 3), "float32")}
    assert method.grid.prototypes.shape == (4, 6)
    before = [w.copy() for w in inner.get_weights()]
    assert_close(method(batch), inner(batch)["embedding"], SUM)
    step(method, batch)
    for one, two in zip(before, inner.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_map_of_shades_lies_in_their_order_and_finds_its_way():
    shades = np.random.default_rng(0).random((64, 1, 1, 3)).astype("float32") * np.float32(
        [1, 1, 0]
    )
    batch = {"images": np.broadcast_to(shades, (64, SIZE, SIZE, 3)).copy()}
    method = method_of("batch")
    method.adapt([batch])
    method.set_total_steps(30)
    before = errors(prototypes_of(method), _seen(method, batch))
    for _ in range(30):
        step(method, batch)
    quantization, topographic = errors(prototypes_of(method), _seen(method, batch))
    assert quantization < before[0]
    assert topographic < 0.2
    assert topographic < before[1]


def _seen(method, batch):
    return np.asarray(method(batch), "float64")


def test_held_out_figures_and_the_picture_are_those_of_the_map():
    data = ImageCrops("builtin:photos", size=SIZE, batch_size=4).prepare()
    few = data.on(data.items.select(range(30)))
    method = method_of()
    method.adapt(data.batches().take(4))
    figures = method.validate(few)
    [batch] = few.examples(few.source)
    vectors = _seen(method, batch)
    quantization, topographic = errors(prototypes_of(method), vectors)
    assert_close(figures["quantization_error"], quantization, NETWORK)
    assert_close(figures["topographic_error"], topographic, NETWORK)
    single = np.linalg.norm(vectors - vectors.mean(axis=0), axis=1).mean()
    assert_close(figures["single_error"], single, NETWORK)
    winners = {tuple(place) for place in method.positions(batch)}
    assert_close(figures["prototypes_used"], len(winners) / (ROWS * COLUMNS), ROUNDING)
    pictures = method.report_images(few)
    assert [title for title, _, _ in pictures] == ["Self-organizing map", "Nearest images"]
    for _, _, picture in pictures:
        assert (picture.shape, picture.dtype) == ((ROWS * SIZE, COLUMNS * SIZE, 3), np.uint8)
    distances = np.square(vectors[:, None] - prototypes_of(method)).sum(axis=-1)
    nearest = batch["images"].numpy()[distances[:, COLUMNS + 1].argmin()]
    shown = pictures[1][2][SIZE : 2 * SIZE, SIZE : 2 * SIZE]
    np.testing.assert_array_equal(shown, np.rint(nearest * 255))


class Selectable:
    def __len__(self):
        return ROWS * COLUMNS

    def select(self, indices):
        return self


def test_the_picture_of_a_prototype_of_pixels_is_that_picture():
    method = method_of()
    images = batch_of(ROWS * COLUMNS)["images"]
    method.grid.prototypes.assign(images.reshape(ROWS * COLUMNS, -1))

    class Data:
        source = Selectable()

        def examples(self, source):
            return tf.data.Dataset.from_tensors({"images": images})

    [(_, _, prototypes), (_, _, nearest)] = method.report_images(Data())
    np.testing.assert_array_equal(prototypes, nearest)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"layer 'grid', as of mmssl\.encoders\.som_encoder"):
        SOM(small_conv_encoder(8, (4,), (2,)))
    with pytest.raises(ValueError, match="rule='kohonen'"):
        method_of("kohonen")
    for wrong in ({"radius": 0.0}, {"final_radius": 0.0}, {"collect": 0}):
        with pytest.raises(ValueError, match="SOM needs radius"):
            method_of(**wrong)
    for wrong in ({"rate": 0.0}, {"final_rate": 1.5}):
        with pytest.raises(ValueError, match="SOM needs rate"):
            method_of(**wrong)
    with pytest.raises(ValueError, match="PrototypeGrid"):
        som_encoder(4, 1, 1)
