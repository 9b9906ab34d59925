"""KerasHub's backbones with the weights of the encoders that KerasHub has too."""

import keras
import numpy as np

from mmssl.deploy.checked import ExportError
from mmssl.encoders.parts.blocks import blocks
from mmssl.layers import SelfAttention

_WITHOUT = (
    "KerasHub has no such encoder: bert_encoder and gpt_encoder with learned positions and whole "
    "resnet_encoder(width=64, small_images=False) can be exported to it"
)


def backbone_of(encoder):
    """Builds the KerasHub backbone that computes the features of an encoder.

    Args:
        encoder: Functional float32 `keras.Model` of `bert_encoder` or `gpt_encoder` with learned
            positions, BERT's also cut after a block, or of `resnet_encoder`.

    Returns:
        `keras_hub.models.BertBackbone`, `GPT2Backbone` or `ResNetBackbone`.

    Raises:
        ExportError: KerasHub has no backbone that computes the same.
    """
    for kind, build in (("bert_encoder", _bert), ("gpt_encoder", _gpt), ("resnet_", _resnet)):
        if encoder.name.startswith(kind):
            return build(encoder)
    raise ExportError(f"{encoder.name}: {_WITHOUT}.")


def _bert(encoder):
    import keras_hub

    attentions = _of_kind(encoder, SelfAttention)
    norms = _of_kind(encoder, keras.layers.LayerNormalization)
    dense = _of_kind(encoder, keras.layers.Dense)
    backbone = keras_hub.models.BertBackbone(
        **_text_sizes(encoder),
        num_layers=len(attentions),
        num_heads=attentions[0].num_heads,
        intermediate_dim=dense[0].units,
        dropout=attentions[0].dropout,
    )
    for name in ("token_embedding", "segment_embedding", "position_embedding"):
        _copy(encoder.get_layer(name), getattr(backbone, name))
    _copy(norms[0], backbone.embeddings_layer_norm)
    for number, (target, attention) in enumerate(
        zip(backbone.transformer_layers, attentions, strict=True)
    ):
        _copy_block(
            target,
            attention,
            norms[2 * number + 1 : 2 * number + 3],
            dense[2 * number : 2 * number + 2],
        )
    # The encoder has no pooler: this one passes [CLS] on.
    width = backbone.hidden_dim
    backbone.pooled_dense.set_weights([np.eye(width, dtype="float32"), np.zeros(width, "float32")])
    return backbone


def _gpt(encoder):
    import keras_hub

    last = encoder.output["features"]._keras_history.operation
    if not isinstance(last, keras.layers.LayerNormalization):
        raise ExportError(f"{encoder.name} ends before its last layer norm: {_WITHOUT}.")
    if encoder.get_layer("visible").separator is not None:
        raise ExportError(
            "Tokens of this encoder attend within their document only, which KerasHub's GPT-2 "
            "cannot: pretrain with --data.cross_documents true."
        )
    sources = [encoder.get_layer(name) for name in blocks(encoder)]
    backbone = keras_hub.models.GPT2Backbone(
        **_text_sizes(encoder),
        num_layers=len(sources),
        num_heads=sources[0].num_heads,
        intermediate_dim=sources[0].mlp_dim,
        dropout=sources[0].dropout,
    )
    for name in ("token_embedding", "position_embedding"):
        _copy(encoder.get_layer(name), getattr(backbone, name))
    for target, source in zip(backbone.transformer_layers, sources, strict=True):
        norms = source.attention_norm, source.feed_forward_norm
        _copy_block(target, source.attention, norms, (source.expand, source.contract))
    _copy(last, backbone.layer_norm)
    return backbone


def _resnet(encoder):
    import keras_hub

    names = {layer.name for layer in encoder.layers}
    stages = [
        sum(name.startswith(f"unit_{stage}_") and name.endswith("_conv_1") for name in names)
        for stage in range(1, 5)
    ]
    if "stem_pad" not in names or encoder.get_layer("stem_conv").filters != 64 or 0 in stages:
        raise ExportError(f"{encoder.name}: {_WITHOUT}.")
    bottleneck = "unit_1_1_conv_3" in names
    backbone = keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 128, 256, 512],
        stackwise_num_blocks=stages,
        stackwise_num_strides=[1, 2, 2, 2],
        block_type="bottleneck_block" if bottleneck else "basic_block",
        image_shape=tuple(encoder.input["images"].shape[1:]),
    )
    pairs = {"conv1_conv": "stem_conv", "conv1_bn": "stem_norm"}
    for stage, count in enumerate(stages):
        for index in range(count):
            for layer in range(4):
                theirs = f"stack{stage}_block{index}_{layer}"
                ours = f"unit_{stage + 1}_{index + 1}"
                pairs[f"{theirs}_conv"] = f"{ours}_conv_{layer}"
                pairs[f"{theirs}_bn"] = f"{ours}_norm_{layer}"
    for target in backbone.layers:
        if target.weights:
            _copy(encoder.get_layer(pairs[target.name]), target)
    return backbone


def _text_sizes(encoder):
    names = {layer.name for layer in encoder.layers}
    if "position_embedding" not in names:
        raise ExportError(f"{encoder.name} has rotary positions: {_WITHOUT}.")
    tokens = encoder.get_layer("token_embedding")
    return {
        "vocabulary_size": tokens.input_dim,
        "hidden_dim": tokens.output_dim,
        "max_sequence_length": encoder.get_layer("position_embedding").sequence_length,
    }


def _of_kind(encoder, kind):
    """The layers of a chain of blocks, in the order in which they compute."""
    return [layer for layer in encoder.layers if isinstance(layer, kind)]


def _copy(source, target):
    target.set_weights(source.get_weights())


def _copy_block(target, attention, norms, dense):
    """Gives KerasHub's transformer block, of encoder or decoder, the weights of one of ours."""
    _copy_attention(attention, target._self_attention_layer)
    _copy(norms[0], target._self_attention_layer_norm)
    _copy(norms[1], target._feedforward_layer_norm)
    _copy(dense[0], target._feedforward_intermediate_dense)
    _copy(dense[1], target._feedforward_output_dense)


def _copy_attention(source, target):
    """Parts the joint projection into those of queries, keys and values, head by head."""
    kernel, bias = source.project.get_weights()
    heads, width = source.num_heads, kernel.shape[0]
    parts = zip(np.split(kernel, 3, axis=1), np.split(bias, 3), strict=True)
    for layer, (kernel, bias) in zip(
        (target.query_dense, target.key_dense, target.value_dense), parts, strict=True
    ):
        layer.set_weights([kernel.reshape(width, heads, -1), bias.reshape(heads, -1)])
    kernel, bias = source.join.get_weights()
    target.output_dense.set_weights([kernel.reshape(heads, -1, width), bias])
