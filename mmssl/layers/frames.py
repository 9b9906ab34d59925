"""Clips as rows of pictures."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class FramesAsImages(keras.layers.Layer):
    """Makes the frames of clips into pictures of a batch.

    Call arguments:
        clips: (B, T, H, W, C).

    Returns:
        (B * T, H, W, C), the frames of a clip one after the other.
    """

    def call(self, clips):
        return ops.reshape(clips, (-1, *clips.shape[2:]))

    def compute_output_shape(self, shape):
        return (None, *shape[2:])


@keras.saving.register_keras_serializable("mmssl")
class VectorsOfFrames(keras.layers.Layer):
    """Gathers the vectors of the frames of each clip.

    Args:
        frames: T, frames of a clip.

    Call arguments:
        vectors: (B * T, D), of frames in the order of `FramesAsImages`.

    Returns:
        (B, T, D).
    """

    def __init__(self, frames, **kwargs):
        super().__init__(**kwargs)
        self.frames = frames

    def call(self, vectors):
        return ops.reshape(vectors, (-1, self.frames, vectors.shape[-1]))

    def compute_output_shape(self, shape):
        return (None, self.frames, shape[-1])

    def get_config(self):
        return {**super().get_config(), "frames": self.frames}
