"""Hiding parts of pictures behind one colour."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class MaskFill(keras.layers.Layer):
    """Replaces the hidden pixels of pictures by one colour and leaves the others as they are.

    The colour is a weight that is not trained: grey until it is assigned the data's mean.

    Call arguments:
        inputs: pair of images float32 (B, H, W, 3) in [0, 1] and mask (B, H, W, 1), 1 where hidden.

    Returns:
        float32 (B, H, W, 3).
    """

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.color = self.add_weight(
            shape=(3,),
            initializer=keras.initializers.Constant(0.5),
            trainable=False,
            name="color",
        )

    def build(self, input_shape):
        """Has nothing to do: the constructor makes the colour."""

    def call(self, inputs):
        images, mask = inputs
        return ops.where(mask > 0.5, ops.convert_to_tensor(self.color), images)

    def compute_output_shape(self, input_shape):
        return input_shape[0]
