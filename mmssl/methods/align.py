"""ALIGN."""

import keras
from keras import ops

from mmssl.losses.clip import clip_loss
from mmssl.losses.parts.inputs import positive_number
from mmssl.methods.bases.bounded import Bounded
from mmssl.methods.bases.towers import Towers, in_batch_accuracy

LEAST = 0.01  # of the temperature, the bound that CLIP has on its scale


class ALIGN(Towers):
    """Contrast of noisy pairs (Jia et al. 2021, arXiv 2102.05918).

    As CLIP, with a temperature T that divides, learned from 1 on, and targets that are smoothed
    because some pairs are wrong; u and v are projections at unit length:

        loss = [contrast(u, v) + contrast(v, u)] / 2
        contrast(a, b) = -mean_i sum_j q_ij log softmax_j(a_i . b_j / T)
        q_ij = (1 - e) [i = j] + e / B

    After each step T is brought back to 0.01 or more.

    Batch:
        <side>_<input>: the inputs of the tower of each side, such as `image_images` float32
            (B, H, W, 3) in [0, 1], `text_token_ids` and `text_padding_mask` int32 (B, L).
        <side>_group: int32 (B,), halves of equal number are the same item: two pairs that have one
            are not told from each other.

    Across replicas: the projections of both sides, with gradients, and the groups; and the
    statistics of batch norm.

    Args:
        towers: two encoders by side, such as `image` and `text`; see `Towers`.
        projection: D, width of the vectors that are compared.
        temperature: T at the start, above 0.
        label_smoothing: e, in [0, 1).
        locked: see `Towers`.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range.
    """

    metric_names = ("contrast", "in_batch_accuracy", "temperature")

    def __init__(
        self,
        towers: dict[str, keras.Model],
        projection: int = 640,
        temperature: float = 1.0,
        label_smoothing: float = 0.1,
        locked: tuple[str, ...] = (),
        **kwargs,
    ):
        positive_number(temperature=temperature)
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"ALIGN(label_smoothing={label_smoothing}) must lie in [0, 1).")
        super().__init__(towers, projection, locked, **kwargs)
        self.label_smoothing = label_smoothing
        self.temperature = self.learned_number("temperature", temperature, Bounded(low=LEAST))

    def loss_terms(self, batch, outputs, training):
        self.update_metric("in_batch_accuracy", in_batch_accuracy(outputs))
        temperature = ops.convert_to_tensor(self.temperature, "float32")
        self.update_metric("temperature", temperature)
        smoothing, groups = self.label_smoothing, self.groups_of(batch)
        loss = clip_loss(*outputs.values(), 1 / temperature, **groups, label_smoothing=smoothing)
        return {"contrast": loss}

    def similarity(self):
        return {"scale": 1 / float(self.temperature.numpy()), "bias": 0.0}
