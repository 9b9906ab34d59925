import keras_hub
import numpy as np
import pytest

from mmssl.deploy import ExportError, ExportMismatchError, example_inputs, preset
from mmssl.deploy.backbones import backbone_of
from mmssl.deploy.preset import export_preset
from mmssl.encoders import bert_encoder, cut, gpt_encoder, resnet_encoder, vit_encoder
from mmssl.runs import Run
from tests.deploy.conftest import run_with
from tests.tolerances import NETWORK, assert_close

SMALL = {
    "vocabulary_size": 60,
    "length": 16,
    "width": 16,
    "depth": 2,
    "num_heads": 2,
    "mlp_dim": 32,
}


def shaken(encoder):
    """Gives an encoder vectors that are nowhere zero or one, so that none can be mistaken."""
    draw = np.random.default_rng(0)
    encoder.set_weights(
        [w + draw.uniform(0.01, 0.1, w.shape) * (w.ndim == 1) for w in encoder.get_weights()]
    )
    return encoder


@pytest.mark.parametrize("block", [None, "block_1"])
def test_bert_has_the_features_of_kerashubs(block):
    encoder = shaken(bert_encoder(**SMALL))
    encoder = cut(encoder, block) if block else encoder
    inputs = example_inputs(encoder)
    closed = np.cumsum(inputs["token_ids"] == 3, axis=1) - (inputs["token_ids"] == 3)
    got = backbone_of(encoder)({**inputs, "segment_ids": np.minimum(closed, 1)}, training=False)
    expected = np.asarray(encoder(inputs)["features"])
    assert_close(got["sequence_output"], expected, NETWORK, np.abs(expected).max())


def test_gpt_has_the_features_of_kerashubs_gpt_2():
    encoder = shaken(gpt_encoder(**SMALL))
    inputs = example_inputs(encoder)
    got = np.asarray(backbone_of(encoder)(inputs, training=False))
    expected = np.asarray(encoder(inputs)["features"])
    at = inputs["padding_mask"] > 0
    assert_close(got[at], expected[at], NETWORK, np.abs(expected).max())


@pytest.mark.parametrize(("depth", "size"), [(18, 64), (50, 75)])
def test_a_resnet_has_the_features_of_kerashubs(depth, size):
    encoder = shaken(resnet_encoder(size, depth))
    images = example_inputs(encoder)["images"]
    got = backbone_of(encoder)(images * 2 - 1, training=False)
    expected = np.asarray(encoder({"images": images})["features"])
    assert_close(got, expected, NETWORK, np.abs(expected).max())


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        (lambda: bert_encoder(**SMALL, positions="rotary"), "rotary positions: KerasHub has no"),
        (lambda: gpt_encoder(**SMALL, separator=1), "--data.cross_documents true"),
        (lambda: cut(gpt_encoder(**SMALL), "block_1"), "before its last layer norm"),
        (lambda: resnet_encoder(32, 18, width=4), "KerasHub has no such encoder"),
        (lambda: resnet_encoder(32, 18, small_images=True), "KerasHub has no such encoder"),
        (lambda: cut(resnet_encoder(32, 18), "block_2"), "KerasHub has no such encoder"),
        (lambda: vit_encoder(32, 16, 16, 1, 2, 16), "vit_encoder: KerasHub has no such encoder"),
    ],
)
def test_what_kerashub_does_not_have_is_refused(encoder, message):
    with pytest.raises(ExportError, match=message):
        backbone_of(encoder())


def trained(run, folder, build, **sizes):
    """A run with the data of another one, and an encoder with learned positions."""
    sizes = {**SMALL, **run.data.encoder_arguments(), **sizes}
    run.data.tokenizer.write(folder)
    made = Run(folder, config={}, pipeline=run.data)
    made.encoder = shaken(build(**sizes))
    return made


@pytest.fixture(scope="module")
def text_preset(text_run, tmp_path_factory):
    """A run of BERT's encoder, and its preset."""
    run = trained(text_run, tmp_path_factory.mktemp("run"), bert_encoder)
    return run, export_preset(run)


def test_a_text_run_is_a_preset_with_its_tokenizer(text_preset):
    run, result = text_preset
    assert result.path == run.folder / "preset"
    assert result.max_difference < NETWORK
    tokenizer = keras_hub.tokenizers.Tokenizer.from_preset(str(result.path))
    text = "How a batch is made, and by whom?"
    ids = run.data.encode([text])["token_ids"][0]
    assert list(tokenizer(text)) == list(ids[1:-1])


def test_kerashub_builds_a_classifier_of_it(text_preset):
    run, result = text_preset
    preprocessor = keras_hub.models.TextClassifierPreprocessor.from_preset(
        str(result.path), sequence_length=run.data.length
    )
    classifier = keras_hub.models.TextClassifier.from_preset(
        str(result.path), num_classes=3, preprocessor=preprocessor
    )
    assert classifier.predict(["a word", "another one"], verbose=0).shape == (2, 3)


def test_a_preset_that_went_wrong_is_not_kept(text_preset, tmp_path, monkeypatch):
    run, _ = text_preset

    def wrong(encoder):
        backbone = backbone_of(encoder)
        backbone.embeddings_layer_norm.beta.assign_add(np.ones(backbone.hidden_dim))
        return backbone

    monkeypatch.setattr(preset, "backbone_of", wrong)
    with pytest.raises(ExportMismatchError, match="differs from Keras"):
        export_preset(run, tmp_path / "preset")
    assert not (tmp_path / "preset").exists()


def test_a_language_run_keeps_its_byte_pairs(language_run, tmp_path):
    run = trained(language_run, tmp_path, gpt_encoder, separator=None)
    tokenizer = keras_hub.tokenizers.Tokenizer.from_preset(str(export_preset(run).path))
    text = "How a batch is made"
    assert list(tokenizer(text)) == list(run.data.tokenizer.ids([text])[0])


def test_pixels_are_scaled_by_the_preset(tmp_path):
    run = run_with(tmp_path / "run", shaken(resnet_encoder(32, 18)))
    result = export_preset(run, tmp_path / "preset")
    converter = keras_hub.layers.ImageConverter.from_preset(str(result.path))
    pixels = np.arange(2 * 32 * 32 * 3).reshape(2, 32, 32, 3) % 256
    loaded = keras_hub.models.Backbone.from_preset(str(result.path))
    expected = np.asarray(run.encoder({"images": pixels / np.float32(255)})["features"])
    got = loaded(converter(pixels.astype("float32")), training=False)
    assert_close(got, expected, NETWORK, np.abs(expected).max())


def test_a_folder_of_something_else_is_not_replaced(text_preset, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="something other than a preset"):
        export_preset(text_preset[0], tmp_path)
