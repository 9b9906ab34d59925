"""CLIP, and the same with SigLIP's loss."""

import math
from typing import Literal

import keras
from keras import ops

from mmssl.choices import check_choices
from mmssl.losses.clip import clip_loss
from mmssl.losses.parts.inputs import positive_number
from mmssl.losses.siglip import siglip_loss
from mmssl.methods.bases.bounded import Bounded
from mmssl.methods.bases.towers import Towers, in_batch_accuracy

MOST = math.log(100)  # of the logarithm of the scale
TEMPERATURES = {"softmax": 0.07, "sigmoid": 0.1}  # at the start, of the two papers


class CLIP(Towers):
    """Contrastive language-image pretraining (Radford et al. 2021, arXiv 2103.00020).

    Two encoders are trained to give the halves of a pair vectors of a higher cosine than any other
    two halves of the batch, with u and v the projections at unit length and s = exp(t) learned:

        softmax:  -mean_i [ log softmax_j(s u_i . v_j)_i + log softmax_j(s v_i . u_j)_i ] / 2
        sigmoid:  -mean_i sum_j log sigmoid(z_ij (s u_i . v_j + b)),  z_ij = 1 if i = j else -1

    The sigmoid is that of SigLIP (Zhai et al. 2023, arXiv 2303.15343). After each step t is clipped
    at log 100.

    Batch:
        <side>_<input>: the inputs of the tower of each side, such as `image_images` float32
            (B, H, W, 3) in [0, 1], `text_token_ids` and `text_padding_mask` int32 (B, L).
        <side>_group: int32 (B,), halves of equal number are the same item.

    Across replicas: softmax gathers the projections of both sides, with gradients; sigmoid brings
    those of one replica at a time to all; both the groups; and the statistics of batch norm.

    Args:
        towers: two encoders by side, such as `image` and `text`; see `Towers`.
        projection: D, width of the vectors that are compared.
        objective: the loss.
        temperature: 1 / s at the start, above 0; None for 0.07 of the softmax, 0.1 of the sigmoid.
        bias: b of the sigmoid at the start.
        duplicates: what another pair with the same half is, such as one with the same caption:
            `negative`, as any other, or `left_out`.
        locked: see `Towers`.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range.
    """

    metric_names = ("contrast", "in_batch_accuracy", "scale")

    def __init__(
        self,
        towers: dict[str, keras.Model],
        projection: int = 512,
        objective: Literal["softmax", "sigmoid"] = "softmax",
        temperature: float | None = None,
        bias: float = -10.0,
        duplicates: Literal["left_out", "negative"] = "left_out",
        locked: tuple[str, ...] = (),
        **kwargs,
    ):
        check_choices(CLIP.__init__, objective=objective, duplicates=duplicates)
        temperature = TEMPERATURES[objective] if temperature is None else temperature
        positive_number(temperature=temperature)
        super().__init__(towers, projection, locked, **kwargs)
        self.objective, self.duplicates = objective, duplicates
        self.log_scale = self.learned_number(
            "log_scale", -math.log(temperature), Bounded(high=MOST)
        )
        self.bias = self.learned_number("bias", bias) if objective == "sigmoid" else None

    def loss_terms(self, batch, outputs, training):
        self.update_metric("in_batch_accuracy", in_batch_accuracy(outputs))
        scale = ops.exp(ops.convert_to_tensor(self.log_scale, "float32"))
        self.update_metric("scale", scale)
        groups = self.groups_of(batch) if self.duplicates == "left_out" else {}
        if self.objective == "sigmoid":
            bias = ops.convert_to_tensor(self.bias, "float32")
            return {"contrast": siglip_loss(*outputs.values(), scale, bias, **groups)}
        return {"contrast": clip_loss(*outputs.values(), scale, **groups)}

    def similarity(self):
        bias = 0.0 if self.bias is None else float(self.bias.numpy())
        return {"scale": math.exp(float(self.log_scale.numpy())), "bias": bias}
