"""data2vec 2.0: several masks for one teacher, and an encoder that sees only visible tokens."""

from typing import Literal

import keras
from keras import ops

from mmssl.decoders import masked_decoder
from mmssl.encoders.parts.stages import stage_output
from mmssl.layers import NoiseTable, gather_tokens, scatter_tokens
from mmssl.losses.token_regression import token_regression
from mmssl.methods.bases import LatentPrediction
from mmssl.methods.bases.parts import batch_total
from mmssl.methods.bases.visible_tokens import (
    check_positions,
    count_class_tokens,
    encode_visible,
    mask_model,
    masked_weights,
    merge_lists,
    square_side,
)


class Data2Vec2(LatentPrediction):
    """Prediction of latents from visible tokens (Baevski, Babu, Hsu, Auli 2022, arXiv 2212.07525).

    The targets are those of data2vec 1.0 (see LatentPrediction). An example is masked M times; each
    of these M students encodes only its visible tokens, and a convolutional decoder, in whose input
    noise replaces the masked tokens, predicts the targets there. The teacher runs once for all M:

        loss = mean_{masked t of all students} 1/sqrt(C) sum_c (decoder(student)_tc - sg(y)_tc)^2
             + class_weight * mean_{students} 1/sqrt(C) sum_c (class_c - mean_t sg(y)_tc)^2

    The local encoder runs once per example and gets the gradients of all its students. The second
    term exists if the encoder has a class token; beta and `channel_reduction` apply to both.

    Where paper and official code differ, or this differs from both:

    - the official code sums the class term over the M * B students of a device, with weight 0.01;
      here it is their mean, which does not depend on the batch size: `class_weight` corresponds to
      0.01 * M * B of the code, 2.56 in BASE;
    - predictions are initially zero, see `masked_decoder`; in the code they are random;
    - the noise is drawn in advance and selected by keys in the batch, see NoiseTable;
    - the layers that the teacher uses without averaging (`shared`) are `nothing` for images,
      `local` for audio, `positions` for text, where only the blocks are averaged. This follows the
      code; the paper does not specify it;
    - text: channel_reduction `sum`, beta 0; two projection layers after a decoder without residual
      connections.

    Attention that encodes positions itself, such as ALiBi in the paper's audio encoder, is given
    the positions of the visible tokens.

    Batch:
        the encoder's inputs, unmasked.
        visible: int32 (B, M, V), positions of each student's visible tokens, in ascending order.
        masked: int32 (B, M, T - V), the other positions.
        noise: int32 (B, M, T - V), 0 or more, keys of the noise at the masked positions.

    Padding may be among either; it is not attended to and not predicted.

    Across replicas: the number of masked tokens and the standard deviations.

    Args:
        encoder: keras.Model with stages, see `mmssl.encoders.parts.stages`.
        convolved_positions: whether positions are encoded by convolutions, as for audio. These
            would leak masked tokens into visible ones, so each student's masked tokens are first
            replaced with noise.
        decoder_axes: rank of the decoder's convolutions: 2 for patches of a square grid, 1 for
            sequences.
        decoder_channels: see `mmssl.decoders.masked_decoder`, as for the following arguments.
        decoder_depth: number of its blocks.
        decoder_kernel_size: taps along each axis.
        decoder_groups: groups of its convolutions.
        decoder_residual: whether its blocks have residual connections.
        decoder_projection_layers: dense layers after its blocks.
        decoder_dropout: rate in [0, 1), on its input.
        noise_stddev: standard deviation of the noise, 0 or more.
        class_weight: see above, 0 or more; without effect if there is no class token.
        loss_weights: see `Pretrainer`.
        **kwargs: see LatentPrediction.

    Raises:
        ValueError: an argument is out of range, or the tokens do not form a square grid.
    """

    def __init__(
        self,
        encoder: keras.Model,
        convolved_positions: bool = False,
        decoder_axes: Literal[1, 2] = 2,
        decoder_channels: int = 768,
        decoder_depth: int = 6,
        decoder_kernel_size: int = 3,
        decoder_groups: int = 16,
        decoder_residual: bool = True,
        decoder_projection_layers: int = 1,
        decoder_dropout: float = 0.0,
        noise_stddev: float = 0.01,
        class_weight: float = 0.0,
        loss_weights: dict[str, float] | None = None,
        **kwargs,
    ):
        if noise_stddev < 0 or class_weight < 0:
            raise ValueError(
                "Data2Vec2 needs noise_stddev and class_weight of 0 or more; got "
                f"{noise_stddev} and {class_weight}."
            )
        tokens = stage_output(encoder, "tokens")
        self.class_tokens = count_class_tokens(encoder)
        weights = dict(loss_weights or {})
        if self.class_tokens:
            self.metric_names = (*self.metric_names, "class")
            weights = {"class": class_weight, **weights}
        super().__init__(encoder, loss_weights=weights, **kwargs)
        self.convolved_positions = convolved_positions
        self.token_mask = mask_model(encoder, self.local)
        width = tokens.shape[-1]
        self.noise = NoiseTable(width, noise_stddev, name="noise")
        self.decoder = masked_decoder(
            width,
            _grid(tokens.shape[1], decoder_axes),
            decoder_channels,
            decoder_depth,
            decoder_kernel_size,
            decoder_groups,
            decoder_residual,
            decoder_projection_layers,
            decoder_dropout,
        )

    def call(self, batch, training=False):
        local = self.local_features(batch, training)
        visible, masked = batch["visible"], batch["masked"]
        check_positions(local["tokens"].shape[1], visible.shape[-1], masked.shape[-1])
        noise = merge_lists(self.noise(batch["noise"]))
        features = self._features(local, noise, visible, masked, training)
        seen = features[:, self.class_tokens :]
        decoded = self.decoder(scatter_tokens(seen, noise, visible, masked), training=training)
        outputs = {"predictions": gather_tokens(decoded, merge_lists(masked)[:, None]), **local}
        if self.class_tokens:
            outputs["class"] = features[:, 0]
        return outputs

    def loss_terms(self, batch, outputs, training):
        states = self.targets(batch, outputs)
        targets = gather_tokens(states, batch["masked"])
        total = batch_total(batch, lambda whole: ops.sum(masked_weights(self.token_mask, whole)))
        weights = masked_weights(self.token_mask, batch)
        loss = self.regression(outputs["predictions"], targets, weights, total)
        terms = {"regression": loss}
        if self.class_tokens:
            mean = ops.repeat(ops.mean(states, axis=1), batch["masked"].shape[1], axis=0)
            errors = token_regression(outputs["class"], mean, self.beta, self.channel_reduction)
            terms["class"] = ops.mean(errors)
        return terms

    def _features(self, local, noise, visible, masked, training):
        """Encodes each student's visible tokens: (B * M, class tokens + V, C)."""
        lists = visible
        if self.convolved_positions:
            covered = scatter_tokens(
                gather_tokens(local["tokens"], visible), noise, visible, masked
            )
            each = {name: ops.repeat(x, visible.shape[1], axis=0) for name, x in local.items()}
            local, lists = {**each, "tokens": covered}, merge_lists(visible)[:, None]
        return encode_visible(
            self.positions, self.context, local, lists, self.class_tokens, training
        )


def _grid(tokens, axes):
    if axes == 1:
        return (None,)
    side = square_side(tokens)
    if side is None:
        raise ValueError(
            "Data2Vec2(decoder_axes=2) needs the tokens of a square grid; the encoder has "
            f"{tokens or 'any number of'} tokens: set decoder_axes=1."
        )
    return (side, side)
