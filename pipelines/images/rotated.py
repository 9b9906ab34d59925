"""Image crops in four orientations, for predicting how a picture was turned."""

import tensorflow as tf

from mmssl.pipelines.images.crops import ImageCrops


class RotatedCrops(ImageCrops):
    """Random crops, each in all four orientations.

    Batches hold images_1 to images_4, float32 (B, size, size, 3) in [0, 1]: images_k is the
    crop turned counterclockwise by k - 1 quarter turns. Pixels are moved, not interpolated, and a
    crop is square, so neither blur nor a border tells how it was turned. Cropping, resizing and the
    flip come before the turns, and are the same for all four.

    Arguments and inputs of a trained encoder are those of `ImageCrops`.
    """

    def example(self, index, key):
        turned = quarter_turns(super().example(index, key)["images"])
        return {f"images_{number}": image for number, image in enumerate(turned, start=1)}


def quarter_turns(image):
    """Turns a square image by 0, 90, 180 and 270 degrees counterclockwise, pixel by pixel.

    Args:
        image: tensor (S, S, C).

    Returns:
        list of four tensors (S, S, C).
    """
    over = tf.reverse(image, [0])
    left = tf.reverse(tf.transpose(image, [1, 0, 2]), [0])
    return [image, left, tf.reverse(over, [1]), tf.transpose(over, [1, 0, 2])]
