"""Contrastive predictive coding of episodes, given the actions to come."""

import keras
from keras import ops

from mmssl.methods.cpc import CPC


class CPCAction(CPC):
    """CPC|Action (Guo et al. 2018, arXiv 1811.06407): CPC that is told what is done until then.

    From the context c_t, a GRU reads the actions a_t, ..., a_{t+k-1} one after the other, and
    predicts the latent z_{t+k} that they lead to:

        h_{t,0} = c_t,  h_{t,k} = GRU(h_{t,k-1}, a_{t+k-1}),  f_k = exp(z . W h_{t,k})

    The loss is that of `CPC`, InfoNCE over a pool of latents; the paper's is a binary
    cross-entropy. Without actions, what an agent will do has to be guessed along with what that
    will change.

    Batch:
        frames: float32 (B, T, H, W, C) in [0, 1].
        actions: float32 (B, T, A), the action of a frame leads to the next one.

    Across replicas: see `CPC`.

    Args:
        encoder: see `CPC`, such as `mmssl.encoders.episode_encoder()`.
        action_width: A, which a run takes from the data.
        **kwargs: passed to CPC.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(self, encoder: keras.Model, action_width: int = 1, **kwargs):
        if action_width < 1:
            raise ValueError(f"CPCAction(action_width={action_width}) must be 1 or more.")
        self.action_width = action_width
        super().__init__(encoder, **kwargs)

    def build_predictors(self, width, context_width):
        self.reader = keras.layers.GRU(context_width, return_sequences=True, name="action_reader")
        self.reader.build((None, self.prediction_steps, self.action_width))
        self.predictors = keras.layers.Dense(width, use_bias=False, name="predictors")
        self.predictors.build((None, None, context_width))

    def predict_ahead(self, contexts, batch):
        _, frames, width = contexts.shape
        steps = self.prediction_steps
        actions = ops.cast(batch["actions"], contexts.dtype)
        later = ops.pad(actions, [[0, 0], [0, steps - 1], [0, 0]])
        ahead = ops.stack([later[:, k : k + frames] for k in range(steps)], axis=2)
        read = self.reader(
            ops.reshape(ahead, (-1, steps, self.action_width)),
            initial_state=ops.reshape(contexts, (-1, width)),
        )
        return ops.reshape(self.predictors(read), (-1, frames, steps * self.predictors.units))
