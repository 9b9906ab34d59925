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
class ImagesAsFrames(keras.layers.Layer):
    """Joins pictures, or their vectors, to clips: undoes `FramesAsImages`.

    Args:
        frames: T, frames of a clip.

    Call arguments:
        images: (B * T, ...), the frames of a clip one after the other.

    Returns:
        (B, T, ...).
    """

    def __init__(self, frames, **kwargs):
        super().__init__(**kwargs)
        self.frames = frames

    def call(self, images):
        return ops.reshape(images, (-1, self.frames, *images.shape[1:]))

    def compute_output_shape(self, shape):
        return (None, self.frames, *shape[1:])

    def get_config(self):
        return {**super().get_config(), "frames": self.frames}


@keras.saving.register_keras_serializable("mmssl")
class AllFrames(keras.layers.Layer):
    """Makes the mask of sequences without padding.

    Call arguments:
        features: (B, T, C).

    Returns:
        int32 (B, T), ones.
    """

    def call(self, features):
        return ops.ones(ops.shape(features)[:2], dtype="int32")

    def compute_output_spec(self, features):
        return keras.KerasTensor(features.shape[:2], "int32")
