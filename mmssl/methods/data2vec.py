"""data2vec: regression of a teacher's latent targets, for any modality."""

from typing import Literal

import keras
from keras import ops

from mmssl.choices import check_choices
from mmssl.layers import MaskToken
from mmssl.methods.bases import LatentPrediction
from mmssl.methods.bases.heads import mlp
from mmssl.methods.bases.parts import batch_total


class Data2Vec(LatentPrediction):
    """Prediction of a teacher's latents (Baevski, Hsu, Xu, Babu, Gu, Auli 2022, arXiv 2202.03555).

    A student sees a masked example and predicts, at the masked tokens, the latent representations
    that a teacher, a moving average of the student, computes from the unmasked example:

        y = 1/K sum_{top K blocks} N(h_l);    loss = mean_{masked t} l(head(student)_t - sg(y)_t)

    The class serves all modalities, which differ in the encoder, the pipeline's mask and some
    arguments. Where paper and official code differ, the code is followed:

    - audio: target `feed_forward`, `instance` norm, beta 0, channel_reduction `root` (smooth L1 is
      an option in the paper; the code's recipes use the squared error), shared `local`, the
      positional convolutions `copied`;
    - images: the paper describes targets from feed-forward networks, but the code uses `block`
      outputs, with `layer` norm of each and of the average (`final_norm`), beta 2,
      channel_reduction `mean`, and a constant momentum;
    - text: `feed_forward`, `layer`, beta 4, channel_reduction `sum`, `hide="inputs"`, a head with
      one hidden layer of twice the width. The code predicts only those tokens that the student sees
      as [MASK], which the pipeline marks in `mask`.

    Padding is excluded from instance norms here; the code's sequences have none.

    Batch:
        the encoder's inputs, as the student sees them.
        mask: int32 or float32 (B, T), 1 at the tokens to predict; never at padding.
        teacher_<input>: the uncorrupted input, where the student's input of that name is already
            corrupted (`hide="inputs"`): `teacher_token_ids` beside `token_ids`.

    Across replicas: the number of masked tokens and the standard deviations.

    Args:
        encoder: keras.Model with stages, see `mmssl.encoders.parts.stages`.
        hide: what is masked: the `tokens`, replaced with a learned vector after the local encoder,
            or the `inputs`, in the pipeline.
        head_widths: widths of the head's hidden layers; none for a linear head.
        **kwargs: passed to LatentPrediction.

    Raises:
        ValueError: an argument is out of range, or the encoder lacks a layer.
    """

    def __init__(
        self,
        encoder: keras.Model,
        hide: Literal["tokens", "inputs"] = "tokens",
        head_widths: tuple[int, ...] = (),
        **kwargs,
    ):
        check_choices(Data2Vec.__init__, hide=hide)
        super().__init__(encoder, **kwargs)
        width = encoder.output["features"].shape[-1]
        self.head = mlp(
            width, (*head_widths, width), normalize=False, activation="gelu", name="head"
        )
        self.mask_token = MaskToken(name="mask_token") if hide == "tokens" else None
        if self.mask_token is not None:
            self.mask_token.build([(None, None, width), (None, None)])

    def call(self, batch, training=False):
        local = self.local_features(batch, training)
        tokens, masked = local["tokens"], dict(local)
        if self.mask_token is not None:
            masked["tokens"] = self.mask_token([tokens, batch["mask"]])
        positioned = self.positions(masked, training=training)
        features = self.context(positioned, training=training)["features"]
        # A class token precedes the tokens and is not predicted.
        features = features[:, -tokens.shape[1] :]
        rows = self.head(ops.reshape(features, (-1, features.shape[-1])), training=training)
        return {"predictions": ops.reshape(rows, ops.shape(features)), **local}

    def loss_terms(self, batch, outputs, training):
        targets = self.targets(batch, outputs)
        total = batch_total(batch, lambda whole: ops.sum(_mask(whole)))
        return {"regression": self.regression(outputs["predictions"], targets, _mask(batch), total)}


def _mask(batch):
    return ops.cast(batch["mask"], "float32")
