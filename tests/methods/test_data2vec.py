import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import vit_encoder
from mmssl.methods.bases.latent_targets import instance_norm, latent_targets, token_std
from mmssl.methods.data2vec import Data2Vec
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.contract.sizes import TINY_PATCHES, TINY_SOUND, TINY_TEXT
from tests.tolerances import NETWORK, ROUNDING, SUM, TRAINING, assert_close, multiples

CASE = Case(
    "vision/data2vec",
    (*TINY_PATCHES, "--data.mask_ratio=0.5", "--data.min_block=1"),
    # A prediction of zero costs a quarter of the mean square, 1; an untrained one up to twice.
    initial_loss=(0.4, 0.2),
    **on_clothes(0.02),
)
CASES = {
    "audio": Case(
        "audio/data2vec",
        # With the encoder of data2vec 2.0's case, which is exported once for both.
        (*TINY_SOUND, "--method.top_blocks=1", "--method.encoder.alibi=learned"),
    ),
    "text": Case(
        "text/data2vec",
        (*TINY_TEXT, "--method.top_blocks=1", "--method.head_widths=[64]"),
    ),
}

SIZES = {"size": 16, "patch_size": 4, "width": 16, "depth": 3, "num_heads": 2, "mlp_dim": 32}
VISION = {
    "top_blocks": 2,
    "target": "block",
    "normalize": "layer",
    "final_norm": True,
    "beta": 2.0,
    "channel_reduction": "mean",
}


def data2vec(**options):
    keras.utils.set_random_seed(0)
    return Data2Vec(vit_encoder(**SIZES), **{**VISION, **options})


def batch(rows=3, seed=0):
    draw = np.random.default_rng(seed)
    images = draw.uniform(size=(rows, 16, 16, 3)).astype("float32")
    mask = np.zeros((rows, 16), "int32")
    for row in mask:
        row[draw.permutation(16)[: draw.integers(6, 12)]] = 1
    return {"images": tf.constant(images), "mask": tf.constant(mask)}


def loss_of(method, data, training=False):
    return float(method.compute_loss(data, None, method(data), None, training=training))


def normed(x, axis):
    return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + 1e-5)


@pytest.mark.parametrize(("normalize", "axis"), [("instance", 1), ("layer", 2)])
def test_targets_and_loss_are_those_of_the_formula(normalize, axis):
    method, data = data2vec(normalize=normalize, final_norm=False, target="feed_forward"), batch()
    encoder = method.encoder
    hidden = keras.Model(
        encoder.input, [encoder.get_layer(f"block_{k}_feed_forward").output for k in (2, 3)]
    )
    hidden = [x.numpy()[:, 1:] for x in hidden({"images": data["images"]})]
    expected = np.mean([normed(x, axis) for x in hidden], axis=0)
    outputs = method(data)
    assert_close(method.targets(data, outputs), expected, NETWORK)
    d = np.abs(outputs["predictions"].numpy() - expected)
    errors = np.where(d <= 2, d**2 / 4, d - 1).mean(-1)
    assert_close(loss_of(method, data), errors[data["mask"].numpy() > 0].mean(), SUM)


def test_pictures_targets_have_mean_0_and_variance_1_at_every_token():
    method, data = data2vec(), batch()
    targets = method.targets(data, method(data)).numpy()
    assert_close(targets.mean(-1), 0, SUM, scale=1)
    assert_close(targets.var(-1), 1, NETWORK)


def test_padding_has_no_part_in_the_statistics_of_the_targets():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(2, 7, 4)).astype("float32")
    mask = np.array([[1] * 7, [1] * 4 + [0] * 3], "int32")
    alone = instance_norm(x[1:, :4])
    assert_close(instance_norm(x, mask)[1:, :4], alone, SUM)
    assert_close(np.mean(np.square(instance_norm(x)), axis=1), 1, TRAINING)
    averaged = latent_targets([x, 2 * x], "none")
    assert_close(averaged, 1.5 * x, ROUNDING)


def test_predicting_nothing_costs_the_root_of_the_channels():
    options = {
        "normalize": "instance",
        "final_norm": False,
        "beta": 0.0,
        "channel_reduction": "root",
    }
    data = {**batch(), "mask": tf.ones((3, 16), "int32")}
    losses = []
    for top in (1, 2):
        method = data2vec(top_blocks=top, **options)
        method.head.set_weights([0 * w for w in method.head.get_weights()])
        losses.append(loss_of(method, data))
    assert losses[0] == pytest.approx(16**0.5, rel=1e-2)
    assert losses[1] <= losses[0]


def test_the_teacher_follows_the_formula_and_copied_layers_are_the_students():
    method, data = data2vec(momentum=0.9, final_momentum=None, copied=("class_token",)), batch()
    method.compile(keras.optimizers.SGD(0.5))
    expected = dict(zip(names(method.student), method.student.get_weights(), strict=True))
    method.fit(tf.data.Dataset.from_tensors(data), epochs=1, verbose=0)
    for _ in range(3):
        for name, weight in zip(names(method.student), method.student.get_weights(), strict=True):
            old = expected[name]
            expected[name] = weight if "class_token" in name else 0.9 * old + 0.1 * weight
        method.fit(tf.data.Dataset.from_tensors(data), epochs=1, verbose=0)
    for got, want in zip(method.teacher.model.get_weights(), expected.values(), strict=True):
        assert_close(got, want, SUM)


def names(model):
    return [f"{number} {v.path}" for number, v in enumerate(model.weights)]


def test_the_teacher_gets_no_gradient_and_is_not_trained():
    method, data = data2vec(), batch()
    own = {id(v) for v in method.teacher.variables}
    assert not own & {id(v) for v in method.trainable_variables}
    with tf.GradientTape() as tape:
        tape.watch([v.value for v in method.teacher.model.weights])
        loss = method.compute_loss(data, None, method(data), None)
    teachers = [v.value for v in method.teacher.model.weights]
    assert all(g is None for g in tape.gradient(loss, teachers))


def test_pixels_of_masked_patches_do_not_reach_the_student():
    method, data = data2vec(), batch()
    noise = np.random.default_rng(1).uniform(size=data["images"].shape).astype("float32")
    pixels = np.kron(data["mask"].numpy().reshape(-1, 4, 4), np.ones((4, 4)))[..., None]
    changed = {**data, "images": tf.where(pixels > 0, noise, data["images"])}
    before, after = method(data), method(changed)
    np.testing.assert_array_equal(before["predictions"], after["predictions"])
    assert multiples(method.targets(changed, after), method.targets(data, before)) > NETWORK
    visible = {**data, "images": tf.where(pixels > 0, data["images"], noise)}
    assert loss_of(method, visible) != loss_of(method, data)


def test_targets_of_unmasked_tokens_do_not_matter():
    method, data = data2vec(), batch()
    before = loss_of(method, data)
    original = method.targets

    def changed(batch, outputs):
        mask = tf.cast(batch["mask"], "float32")[..., None]
        return original(batch, outputs) + 100.0 * (1.0 - mask)

    method.targets = changed
    assert_close(loss_of(method, data), before, SUM)


def test_a_teacher_that_shares_the_local_features_has_the_same_targets():
    # Before the first step both networks are equal.
    data = batch()
    own, shared = data2vec(), data2vec(shared="local")
    assert_close(own.targets(data, own(data)), shared.targets(data, shared(data)), SUM)
    assert not any("patches" in v.path for v in shared.teacher.model.weights)


@pytest.mark.parametrize("shared", ["nothing", "local"])
def test_the_teacher_reads_the_whole_input_where_the_students_is_corrupted(shared):
    method, data = data2vec(hide="inputs", shared=shared), batch()
    assert not any("mask_token" in v.path for v in method.trainable_variables)
    corrupted = {**data, "images": 0 * data["images"], "teacher_images": data["images"]}
    whole = method.targets(data, method(data))
    assert_close(method.targets(corrupted, method(corrupted)), whole, SUM)
    np.testing.assert_array_equal(
        method(corrupted)["predictions"], method({"images": corrupted["images"]})["predictions"]
    )


def test_the_spread_over_the_masked_tokens_alone_is_reported():
    draw = np.random.default_rng(0)
    x, weights = draw.normal(size=(2, 6, 4)).astype("float32"), np.ones((2, 6), "float32")
    weights[:, 4:] = 0
    expected = x[:, :4].reshape(-1, 4).std(axis=0).mean()
    assert_close(token_std(x, weights), expected, SUM)
    assert float(token_std(np.ones_like(x), weights)) == 0


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="beta"):
        data2vec(beta=-1.0)
    with pytest.raises(ValueError, match="3 blocks"):
        data2vec(top_blocks=4)


def test_a_prediction_is_made_of_the_feature_at_its_own_place():
    method, data = data2vec(), batch()
    predictions = method({**data, "mask": 0 * data["mask"]})["predictions"]
    features = method.encoder({"images": data["images"]})["features"]
    own, before = (
        np.abs(predictions - tf.reshape(method.head(tf.reshape(x, (-1, 16))), x.shape)).max()
        for x in (features[:, 1:], features[:, :-1])
    )
    assert own < before / 100
