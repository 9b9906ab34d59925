import keras
import numpy as np
import pytest

from mmssl.methods.bases.heads import classifier, mlp, with_head


def layers(model):
    return [type(layer).__name__ for layer in model.layers[1:]]


def test_the_activation_follows_all_layers_but_the_last():
    assert layers(mlp(4, (8, 8, 2))) == [
        *("Dense", "BatchNormalization", "Activation") * 2,
        "Dense",
    ]
    assert layers(mlp(4, (8, 2), normalize=False)) == ["Dense", "Activation", "Dense"]
    assert layers(mlp(4, (2,))) == ["Dense"]


def test_a_layer_before_a_norm_has_no_bias():
    def biases(**kwargs):
        dense = [layer for layer in mlp(4, (8, 2), **kwargs).layers if "dense" in layer.name]
        return [layer.use_bias for layer in dense]

    assert biases() == [False, True]
    assert biases(last_norm="plain") == [False, False]
    assert biases(last_bias=False) == [False, False]
    assert biases(normalize=False) == [True, True]


@pytest.mark.parametrize(
    ("last_norm", "learned"),
    [("plain", set()), ("scale", {"gamma"}), ("affine", {"gamma", "beta"})],
)
def test_the_last_norm_learns_what_its_name_says(last_norm, learned):
    head = mlp(4, (2,), last_norm=last_norm)
    assert {v.name for v in head.trainable_variables} == {"kernel", *learned}


@pytest.mark.bfloat16
def test_its_output_is_float32_under_mixed_precision():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        head = mlp(4, (8, 2), last_norm="plain")
    finally:
        keras.config.set_dtype_policy(policy)
    assert head(np.ones((3, 4), "float32")).dtype == "float32"


@pytest.mark.parametrize("widths", [(), (8, 0)])
def test_widths_below_one_and_none_at_all_are_refused(widths):
    with pytest.raises(ValueError, match="widths of the projector must be"):
        mlp(4, widths, name="projector")


def test_a_head_on_an_encoder_shares_its_weights(encoder, pairs):
    head = mlp(8, (3,))
    joined = with_head(encoder, head)
    inputs = {"vectors": pairs["vectors_1"]}
    outputs = joined(inputs)
    embedding = encoder(inputs)["embedding"]
    np.testing.assert_array_equal(outputs["embedding"], embedding)
    np.testing.assert_array_equal(outputs["projection"], head(embedding))
    assert len(joined.weights) == len(encoder.weights) + len(head.weights)


def test_a_classifier_ends_in_logits_that_begin_at_zero():
    model = classifier(4, (8,), 3)
    assert layers(model) == ["Dense", "BatchNormalization", "Activation", "Dense"]
    vectors = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    np.testing.assert_array_equal(model(vectors), np.zeros((5, 3)))
    assert layers(classifier(4, (), 3)) == ["Dense"]
