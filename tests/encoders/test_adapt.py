"""Models that are not ours as encoders: their weights, pixels, layers, and what is refused."""

import inspect
import re
import sys

import keras
import keras_hub
import numpy as np
import pytest

from mmssl.encoders import adapt, at_size, cut
from mmssl.encoders.parts.dropout import with_dropout
from mmssl.encoders.parts.pixels import application_scaling
from mmssl.layers import MaskedMean
from mmssl.methods import (
    BERT,
    CPC,
    DINO,
    GPT,
    Colorization,
    ContextEncoder,
    Data2Vec,
    Data2Vec2,
    WaveNet,
)
from mmssl.methods.bases.requirements import check_batch
from tests.tolerances import NETWORK, SUM, assert_close

BUILDERS = [x for x in vars(keras.applications).values() if inspect.isfunction(x)]


def convolutions(size=16, name="mine"):
    """Two convolutions with batch norm, and a classifier behind them."""
    x = inputs = keras.Input((size, size, 3))
    x = keras.layers.Conv2D(4, 3, 2, padding="same", name="first")(x)
    x = keras.layers.BatchNormalization(momentum=0.999, name="norm")(x)
    x = keras.layers.Conv2D(6, 3, 2, padding="same", activation="relu", name="second")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(3, name="classes")(x), name=name)


def vit():
    return keras_hub.models.ViTBackbone((16, 16, 3), 8, 1, 2, 8, 16, dropout_rate=0.1)


def text(kind=keras_hub.models.BertBackbone):
    return kind(50, 1, 2, 8, 16, max_sequence_length=12)


def pictures(size=16, rows=2):
    return np.random.default_rng(0).random((rows, size, size, 3), "float32")


def tokens(length=10):
    ids = np.random.default_rng(0).integers(5, 50, (2, length)).astype("int32")
    return {"token_ids": ids, "padding_mask": np.ones_like(ids)}


def test_an_encoder_begins_with_the_models_weights_and_leaves_the_model_alone():
    model = convolutions()
    encoder = adapt(model, pixels="unit")
    for own, theirs in zip(encoder.get_weights(), model.get_weights(), strict=False):
        np.testing.assert_array_equal(own, theirs)
    maps = keras.Model(model.input, model.get_layer("second").output)
    assert_close(encoder({"images": pictures()})["features"], maps(pictures()), SUM)
    encoder.get_layer("first").kernel.assign_add(np.ones((3, 3, 3, 4)))
    assert np.abs(encoder.get_layer("first").kernel - model.get_layer("first").kernel).min() > 0.5
    assert model.get_layer("norm").momentum == 0.999


def test_batch_norms_follow_a_short_run_on_all_replicas_together():
    norm = adapt(convolutions(), pixels="unit").get_layer("norm")
    assert (norm.momentum, norm.synchronized) == (0.9, True)
    kept = adapt(convolutions(), pixels="unit", batch_norm_momentum=None).get_layer("norm")
    assert kept.momentum == 0.999


@pytest.mark.parametrize("builder", BUILDERS, ids=lambda builder: builder.__name__)
def test_every_network_of_keras_gets_the_pixels_that_it_was_made_for(builder):
    preprocess = sys.modules[builder.__module__].preprocess_input
    expected = preprocess(255 * pictures().astype("float64"))
    assert_close(application_scaling(builder).numbers(pictures()), expected, SUM)


@pytest.mark.parametrize("kind", ["unit", "signed", "bytes", "imagenet", "caffe"])
def test_pixels_are_scaled_inside_the_encoder(kind):
    modes = {"signed": "tf", "imagenet": "torch", "caffe": "caffe"}
    expected = pictures() if kind == "unit" else 255 * pictures()
    if kind in modes:
        preprocess = keras.applications.imagenet_utils.preprocess_input
        expected = preprocess(expected.copy(), mode=modes[kind])
    x = keras.Input((16, 16, 3))
    model = keras.Model(x, keras.layers.DepthwiseConv2D(1, use_bias=False, name="same")(x))
    model.set_weights([np.ones((1, 1, 3, 1))])
    assert_close(adapt(model, pixels=kind)({"images": pictures()})["features"], expected, SUM)


def test_a_network_of_keras_is_known_by_its_name_whatever_its_top():
    model = keras.applications.MobileNet((32, 32, 3), alpha=0.25, weights=None, classes=3)
    encoder = adapt(model, layer="conv_pw_3_relu", size=48)
    maps = keras.Model(model.input, model.get_layer("conv_pw_3_relu").output)
    found = encoder({"images": pictures(48)})
    assert_close(found["features"], maps.call(pictures(48) * 2 - 1), NETWORK)
    assert_close(found["embedding"], np.mean(found["features"], axis=(1, 2)), SUM)


def test_a_first_rescaling_of_bytes_gets_bytes():
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(4, 3)]
    )
    expected = model.layers[1](pictures(8))
    assert_close(adapt(model)({"images": pictures(8)})["features"], expected, SUM)


def test_what_a_network_was_normalized_by_stays_with_it():
    norm = keras.layers.Normalization(name="norm")
    model = keras.Sequential([keras.Input((8, 8, 3)), norm, keras.layers.Conv2D(4, 3)])
    norm.adapt(pictures(8) * [1, 2, 3])
    encoder = with_dropout(adapt(model, pixels="unit"), 0.0)
    assert_close(encoder({"images": pictures(8)})["features"], model(pictures(8)), SUM)


def test_the_layers_of_a_nested_model_have_their_names():
    nested = convolutions()
    x = keras.Input((16, 16, 3))
    model = keras.Model(x, keras.layers.Dense(2)(nested(x)), name="outer")
    encoder = adapt(model, layer="norm", pixels="unit")
    maps = keras.Model(nested.input, nested.get_layer("norm").output)
    assert_close(encoder({"images": pictures()})["features"], maps(pictures()), SUM)


@pytest.mark.parametrize("class_token", [True, False])
def test_the_patches_of_a_backbone_are_pooled_without_its_class_token(class_token):
    backbone = keras_hub.models.ViTBackbone(
        (16, 16, 3), 8, 1, 2, 8, 16, use_class_token=class_token
    )
    found = adapt(backbone, pixels="signed")({"images": pictures()})
    assert_close(found["features"], backbone(pictures() * 2 - 1), NETWORK)
    assert_close(found["embedding"], np.mean(found["features"][:, class_token:], axis=1), SUM)


def test_another_dropout_rate_reaches_inside_a_backbone():
    encoder = with_dropout(adapt(vit(), pixels="unit"), 0.0)
    batch = {"images": pictures()}
    drawn = [np.asarray(encoder(batch, training=True)["embedding"]) for _ in range(2)]
    np.testing.assert_array_equal(*drawn)


def test_a_preset_tells_what_pixels_it_takes(tmp_path):
    converter = keras_hub.layers.ViTImageConverter(image_size=(16, 16), scale=1 / 50, offset=-2)
    backbone, folder = vit(), tmp_path / "preset"
    backbone.save_to_preset(folder)
    with pytest.raises(ValueError, match=r"pixels=.*unit, signed, bytes, imagenet, caffe\.$"):
        adapt(str(folder))
    converter.save_to_preset(folder)
    encoder = adapt(str(folder))
    expected = backbone(pictures() * 255 / 50 - 2)
    assert_close(encoder({"images": pictures()})["features"], expected, NETWORK)


def test_an_adapted_encoder_comes_back_from_its_file(tmp_path):
    encoder = adapt(vit(), pixels="caffe")
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras", safe_mode=True)
    batch = {"images": pictures()}
    np.testing.assert_array_equal(loaded(batch)["embedding"], encoder(batch)["embedding"])
    again = adapt(str(tmp_path / "encoder.keras"))
    np.testing.assert_array_equal(again(batch)["embedding"], encoder(batch)["embedding"])
    first = adapt(str(tmp_path / "encoder.keras"), pool="token")(batch)
    assert_close(first["embedding"], encoder(batch)["features"][:, 0], NETWORK)
    with pytest.raises(ValueError, match=r"of 16 pixels, not 24: set data\.size\.$"):
        adapt(str(tmp_path / "encoder.keras"), size=24)


def test_a_file_computes_in_the_precision_of_the_run(tmp_path):
    convolutions().save(tmp_path / "mine.keras")
    keras.config.set_dtype_policy("mixed_bfloat16")
    encoder = adapt(str(tmp_path / "mine.keras"), pixels="unit")
    assert encoder.output["features"].dtype == "bfloat16"
    assert encoder.output["embedding"].dtype == "float32"
    assert {w.dtype for w in encoder.trainable_weights} == {"float32"}


def test_text_of_a_backbone_is_pooled_without_padding():
    backbone, batch = text(), tokens()
    encoder = adapt(backbone)
    segments = np.zeros_like(batch["token_ids"])
    expected = backbone({**batch, "segment_ids": segments})["sequence_output"]
    assert_close(encoder(batch)["features"], expected, NETWORK)
    padded = {name: np.pad(x, ((0, 0), (0, 2))) for name, x in batch.items()}
    assert_close(encoder(padded)["embedding"], encoder(batch)["embedding"], NETWORK)
    assert isinstance(encoder.get_layer("pool"), MaskedMean)
    first = adapt(backbone, pool="token")(batch)
    assert_close(first["embedding"], first["features"][:, 0], SUM)


def test_segments_follow_the_separators():
    batch, seen = tokens(), []
    batch["token_ids"][:, 4] = 7
    encoder = adapt(text(), separator=7)
    for separated in (encoder, adapt(text(), separator=8)):
        separated.set_weights(encoder.get_weights())
        seen.append(np.asarray(separated(batch)["features"]))
    assert np.abs(seen[0] - seen[1]).max() > 0


def test_language_models_train_what_fits_them():
    predicted = tokens() | {
        "masked_positions": np.ones((2, 3), "int32"),
        "masked_ids": np.ones((2, 3), "int32"),
        "masked_weights": np.ones((2, 3), "float32"),
    }
    masked = BERT(adapt(text()), next_sentence=False)
    assert masked(predicted)["token_logits"].shape == (2, 3, 50)
    causal = GPT(adapt(text(keras_hub.models.GPT2Backbone)))
    assert causal(tokens()).shape == (2, 9, 50)
    with pytest.raises(ValueError, match=r"^GPT\(.*sees those after it"):
        # None as data without separators say.
        GPT(adapt(text(), separator=None)).compile("sgd")


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        (Colorization, "sees the colors"),
        (Data2Vec, "needs its layer 'tokens'"),
        (Data2Vec2, "needs its layer 'tokens'"),
        (ContextEncoder, r"needs a map \(B, H, W, C\)"),
        (BERT, "needs the layer 'token_embedding'"),
        (GPT, "needs the layer 'token_embedding'"),
        (CPC, "needs two last blocks"),
        (WaveNet, "computes no codes"),
    ],
)
def test_a_method_says_what_an_adapted_model_lacks(method, reason):
    with pytest.raises(ValueError, match=reason) as refused:
        method(adapt(vit(), pixels="unit"))
    assert len(str(refused.value)) < 250


def test_views_of_other_sizes_are_refused_where_positions_are_counted():
    spec = {"images_1": keras.Input((16, 16, 3)), "images_3": keras.Input((8, 8, 3))}
    check_batch(adapt(convolutions(), pixels="unit"), spec)
    with pytest.raises(ValueError, match=r"16 pixels alone.*views of 8: set data\.small_size 16"):
        check_batch(adapt(vit(), pixels="unit"), spec)
    with pytest.raises(ValueError, match=r"takes token_ids and padding_mask, but the data give im"):
        check_batch(adapt(text()), spec)


def test_an_adapted_encoder_takes_crops_of_another_size_and_has_no_blocks():
    encoder = adapt(convolutions(), pixels="caffe")
    assert at_size(encoder, 24)({"images": pictures(24)})["features"].shape == (2, 6, 6, 6)
    assert DINO(encoder, head=(4,), out_dim=4).export_encoder().output["embedding"].shape[1] == 6
    with pytest.raises(ValueError, match="no block 'second'; it has none"):
        cut(encoder, "second")


def lambda_model():
    x = keras.Input((8, 8, 3))
    return keras.Model(x, keras.layers.Lambda(lambda y: 2 * y)(keras.layers.Conv2D(2, 3)(x)))


class Unregistered(keras.layers.Layer):
    def call(self, x):
        return x


def model_of(layer, shape=(8, 8, 3)):
    x = keras.Input(shape)
    return keras.Model(x, layer(x))


def frozen():
    model = convolutions()
    model.trainable = False
    return model


@pytest.mark.parametrize(
    ("build", "arguments", "reason"),
    [
        (convolutions, {"layer": "secnd"}, r"layer='secnd'.* near are second"),
        (convolutions, {"layer": "classes"}, r"needs a layer that outputs .* \(None, 3\)"),
        (convolutions, {"layer": "second", "pool": "token"}, "needs tokens"),
        (convolutions, {"pixels": None}, "pixels=.* what pixels mine takes"),
        (convolutions, {"arguments": {"alpha": 1}}, r"arguments=.* but the model is mine"),
        (convolutions, {"batch_norm_momentum": 1.0}, r"momentum=1.0\) must be in"),
        (frozen, {}, "no weights to train"),
        (vit, {"size": 32}, r"cannot be run on images \(None, 32, 32, 3\)"),
        (text, {"vocabulary_size": 51}, "knows 50 token ids, but the data have 51"),
        (text, {"length": 13}, "up to 12 tokens, but the data have 13"),
        (lambda_model, {}, "cannot be saved and loaded.*Lambda"),
        (lambda: model_of(Unregistered()), {}, "cannot be saved and loaded.*Unregistered"),
        (lambda: model_of(keras.layers.Conv2D(2, 3), (8, 8, 1)), {}, "three channels"),
        (lambda: model_of(keras.layers.Dense(2), (8,)), {}, "takes a model of pictures"),
        (
            lambda: model_of(keras.layers.Conv2D(2, 3), (None, None, 3)),
            {},
            "size=.*takes pictures of any size",
        ),
        (lambda: keras.Sequential([keras.layers.Dense(2)]), {}, "or has no inputs yet"),
        (lambda: 3, {}, "must be a keras.Model or a str; got 3"),
        (lambda: "nowhere.keras", {}, "finds nothing: give a .keras file"),
        (lambda: "os.path.join", {}, "finds nothing: give a .keras file"),
        (lambda: "keras.applications.ResNet50v2", {}, "near are ResNet50V2"),
        (lambda: "keras_hub.models.ViTBackbon", {}, "near are ViTBackbone"),
        (lambda: "keras.applications.VGG16", {"size": 8}, "VGG16 cannot be built: Input size"),
    ],
)
def test_what_is_no_encoder_is_refused_in_a_sentence(build, arguments, reason):
    with pytest.raises(ValueError, match=reason) as refused:
        adapt(build(), **({"pixels": "unit"} | arguments))
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


def test_damaged_files_are_named(tmp_path):
    lambda_model().save(tmp_path / "lambda.keras")
    with pytest.raises(ValueError, match=r"lambda\.keras holds a Lambda layer, whose code is not"):
        adapt(str(tmp_path / "lambda.keras"))
    (tmp_path / "cut.keras").write_bytes((tmp_path / "lambda.keras").read_bytes()[:900])
    with pytest.raises(ValueError, match=re.escape(f"{tmp_path}/cut.keras is damaged")):
        adapt(str(tmp_path / "cut.keras"))
    with pytest.raises(ValueError, match=r"is not the folder of a KerasHub preset"):
        adapt(str(tmp_path))
    vit().save_to_preset(tmp_path / "preset")
    (tmp_path / "preset" / "model.weights.h5").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="preset cannot be read as a KerasHub preset"):
        adapt(str(tmp_path / "preset"), pixels="unit")
