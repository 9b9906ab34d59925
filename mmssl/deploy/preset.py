"""KerasHub presets: a folder that `keras_hub` loads, with the run's tokenizer or its pixels."""

import numpy as np

from mmssl.deploy.backbones import backbone_of
from mmssl.deploy.checked import keep_checked
from mmssl.deploy.example import check_example, example_inputs, variants
from mmssl.deploy.paths import folder_for
from mmssl.deploy.precision import as_float32
from mmssl.layers import SegmentIds
from mmssl.pipelines.text.byte_pairs import BytePairs
from mmssl.pipelines.text.tokenizer import Tokenizer

FORMAT, NAME = "keras_hub", "preset"


def export_preset(run, out=None, layer=None):
    """Exports a run's encoder as a preset of KerasHub, loads it there and compares its features.

    `keras_hub.models.Backbone.from_preset(path)` computes the encoder's `features`. The folder
    holds the run's tokenizer as well where KerasHub has such a one, and for pictures a converter
    that scales pixels as the encoder does.

    Args:
        run: `mmssl.runs.Run`.
        out: Folder to write; None for `preset` in the run folder.
        layer: Block to cut the encoder after, such as `"block_3"`; None for the whole encoder.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: The block is unknown, or the path holds something other than a preset.
        ExportError: KerasHub has no encoder that computes the same.
        ExportMismatchError: The preset does not compute what the encoder computes.
    """
    encoder = as_float32(run.encoder_at(layer))
    path = folder_for(out or run.place(NAME), "a preset", "config.json")
    backbone = backbone_of(encoder)
    companion = _companion(run, encoder)
    segment_ids = next((x for x in encoder.layers if isinstance(x, SegmentIds)), None)
    inputs = variants(encoder, check_example(encoder, example_inputs(encoder)))

    def save(written):
        for part in (backbone, companion):
            if part is not None:
                part.save_to_preset(str(written))

    def features(written):
        import keras_hub

        loaded = keras_hub.models.Backbone.from_preset(str(written))
        return [_at_tokens(batch, _features(loaded, batch, segment_ids)) for batch in inputs]

    expected = [_at_tokens(x, encoder(x, training=False)["features"]) for x in inputs]
    return keep_checked(FORMAT, path, save, features, expected)


def _companion(run, encoder):
    """Builds what KerasHub makes a backbone's inputs with; None where it has no such thing."""
    import keras_hub

    if "images" in encoder.input:
        size = tuple(encoder.input["images"].shape[1:3])
        return keras_hub.layers.ResNetImageConverter(image_size=size, scale=2 / 255, offset=-1.0)
    tokenizer = run.data.tokenizer
    if isinstance(tokenizer, Tokenizer):
        return keras_hub.tokenizers.BertTokenizer(
            tokenizer.vocabulary,
            lowercase=tokenizer.lowercase,
            strip_accents=tokenizer.lowercase,
        )
    if isinstance(tokenizer, BytePairs):
        return keras_hub.tokenizers.GPT2Tokenizer(tokenizer.vocabulary, tokenizer.merges)
    return None


def _features(backbone, inputs, segment_ids):
    """Returns what the backbone computes of the encoder's inputs."""
    if "images" in inputs:
        return backbone(inputs["images"] * 2.0 - 1.0, training=False)
    if segment_ids is not None:
        inputs = {**inputs, "segment_ids": np.asarray(segment_ids(inputs["token_ids"]))}
    outputs = backbone(inputs, training=False)
    return outputs["sequence_output"] if segment_ids is not None else outputs


def _at_tokens(inputs, features):
    """Leaves out what stands at padding, which no encoder promises anything about."""
    features = np.asarray(features)
    mask = inputs.get("padding_mask")
    return {"features": features if mask is None else features * mask[..., None]}
