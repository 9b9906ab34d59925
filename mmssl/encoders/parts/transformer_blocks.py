"""Transformer blocks built as a functional graph, so that their inner layers have names."""

from functools import partial

import keras
import numpy as np

from mmssl.layers import GeluDense, LayerNormalization, LayerScale, SelfAttention


def transformer_blocks(
    x,
    visible,
    depth,
    num_heads,
    mlp_dim,
    norm="pre",
    dropout=0.0,
    drop_path=0.0,
    layer_scale=None,
    epsilon=1e-6,
    bias=None,
    position_ids=None,
):
    """Applies transformer blocks whose hidden states are accessible by layer name.

    Block k ends in the layer `block_k`; the layer `block_k_feed_forward` outputs the result of its
    feed-forward network, before scaling, dropout and the residual sum.

        pre:   y = x + attention(norm(x));  out = y + feed_forward(norm(y))
        post:  y = norm(x + attention(x));  out = norm(y + feed_forward(y))

    Where the hidden states inside a block are not needed, as in cached decoding, use
    `mmssl.layers.PreNormBlock`.

    Args:
        x: KerasTensor (B, T, C).
        visible: KerasTensor bool (B, T or 1, T), the tokens that each token attends to; None for
            all.
        depth: number of blocks.
        num_heads: attention heads; divides C.
        mlp_dim: hidden width of the feed-forward network.
        norm: `pre` or `post`. The output of pre-norm blocks needs a final layer norm.
        dropout: rate in [0, 1), on the attention weights and on both residual branches.
        drop_path: rate in [0, 1) at which the last block drops a residual branch for an example
            (stochastic depth, Huang et al. 2016, 1603.09382); rises linearly from 0.
        layer_scale: initial value of the learned scales of the residual branches; None for none.
        epsilon: of the layer norms.
        bias: KerasTensor (B or 1, heads, T, T), added to the attention scores of every block; None
            for none.
        position_ids: KerasTensor int32 (B or 1, T), the positions by which every attention rotates
            queries and keys, see `mmssl.layers.PositionIds`; None without rotary positions.

    Returns:
        KerasTensor (B, T, C).
    """
    sight = {"visible": visible, "bias": bias, "position_ids": position_ids}
    sight = {name: tensor for name, tensor in sight.items() if tensor is not None}
    block = partial(
        _block,
        sight=sight,
        num_heads=num_heads,
        mlp_dim=mlp_dim,
        norm=norm,
        dropout=dropout,
        layer_scale=layer_scale,
        epsilon=epsilon,
    )
    for number, rate in enumerate(np.linspace(0.0, drop_path, depth), start=1):
        x = block(x, name=f"block_{number}", drop_path=float(rate))
    return x


def _block(
    x,
    *,
    name,
    sight,
    num_heads,
    mlp_dim,
    norm,
    dropout,
    drop_path,
    layer_scale,
    epsilon,
):
    width = x.shape[-1]
    # The papers' 0.02 at their width of 768, scaled to preserve signal variance at other widths.
    initial = keras.initializers.TruncatedNormal(stddev=0.02 * (768 / width) ** 0.5)

    def normed(x, **named):
        return LayerNormalization(epsilon=epsilon, **named)(x)

    def attended(x):
        return SelfAttention(
            num_heads,
            dropout,
            rotary="position_ids" in sight,
            kernel_initializer=initial,
            output_initializer=initial,
            name=f"{name}_attention",
        )(x, **sight)

    def fed_forward(x):
        x = keras.layers.Dense(mlp_dim, kernel_initializer=initial)(x)
        return GeluDense(width, kernel_initializer=initial, name=f"{name}_feed_forward")(x)

    def added(x, part, **named):
        if layer_scale is not None:
            part = LayerScale(layer_scale)(part)
        part = keras.layers.Dropout(dropout)(part)
        if drop_path:
            part = keras.layers.Dropout(drop_path, noise_shape=(None, 1, 1))(part)
        return keras.layers.Add(**named)([x, part])

    if norm == "pre":
        x = added(x, attended(normed(x)))
        return added(x, fed_forward(normed(x)), name=name)
    x = normed(added(x, attended(x)))
    return normed(added(x, fed_forward(x)), name=name)
