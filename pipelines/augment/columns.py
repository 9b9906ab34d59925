"""Pictures as columns of planes, (B, width, channels, height), the layout to augment them in.

Resizing mixes whole rows fast and single pixels slowly. So the height is resized, the picture
transposed, and the width resized in the same way; what then lies there are columns, a channel
each. Colours are mixed faster between such planes too than between neighbouring numbers.
"""

import tensorflow as tf


def cut(images, boxes, size):
    """Cuts a box out of one picture and resizes it, antialiased, as `tf.image.resize` does.

    Args:
        images: uint8 tensor (1, H, W, C) of static C.
        boxes: int32 (1, 4): top, left, height, width.
        size: pixels of each side of the result.

    Returns:
        float32 tensor (1, size, C, size), from 0 to 255 but for rounding.
    """
    image, (top, left, height, width) = images[0], tf.unstack(boxes[0])
    channels = image.shape[-1]
    pixels = image[top : top + height, left : left + width]
    tall = _rows(tf.reshape(pixels, [height, width * channels]), height, size)
    wide = _rows(tf.reshape(tf.transpose(tall), [width, channels * size]), width, size)
    return tf.reshape(wide, [1, size, channels, size])


def cut_each(images, boxes, size):
    """Does to every picture what `cut` does to one, by multiplication with dense matrices.

    Args:
        images: uint8 tensor (B, H, W, C) of static H, W and C; small, as the work grows with H W.
        boxes: int32 (B, 4): top, left, height, width.
        size: pixels of each side of the result.

    Returns:
        float32 tensor (B, size, C, size), from 0 to 255 but for rounding.
    """
    _, height, width, channels = images.shape
    top, left, high, wide = tf.unstack(tf.cast(boxes, tf.float32), axis=1)
    rows = tf.reshape(tf.cast(images, tf.float32), [-1, height, width * channels])
    tall = _weights(top, high, height, size) @ rows
    turned = tf.reshape(tf.transpose(tall, [0, 2, 1]), [-1, width, channels * size])
    columns = _weights(left, wide, width, size) @ turned
    return tf.reshape(columns, [-1, size, channels, size])


def to_columns(images):
    """Turns pictures (B, H, W, C) into columns (B, W, C, H)."""
    return tf.transpose(images, [0, 2, 3, 1])


def to_images(columns):
    """Turns columns (B, W, C, H) into pictures (B, H, W, C)."""
    _, width, channels, height = columns.shape
    flat = tf.reshape(columns, [-1, width * channels, height])  # two axes are turned faster
    return tf.reshape(tf.transpose(flat, [0, 2, 1]), [-1, height, width, channels])


def _rows(pixels, count, size):
    """Resizes (count, N) to (size, N) with the operation behind `tf.image.resize`."""
    resized = tf.raw_ops.ScaleAndTranslate(
        images=tf.reshape(pixels, [1, count, 1, -1]),
        size=[size, 1],
        scale=tf.stack([size / tf.cast(count, tf.float32), 1.0]),
        translation=[0.0, 0.0],
        kernel_type="triangle",
        antialias=True,
    )
    return tf.reshape(resized, [size, -1])


def _weights(begin, length, count, size):
    """Returns what each pixel of a side adds to each resized one, float32 (B, size, count)."""
    begin, length = begin[:, tf.newaxis, tf.newaxis], length[:, tf.newaxis, tf.newaxis]
    step = length / size
    pixel = tf.range(count, dtype=tf.float32) + 0.5 - begin
    centre = (tf.range(size, dtype=tf.float32)[:, tf.newaxis] + 0.5) * step
    tent = tf.nn.relu(1.0 - tf.abs(pixel - centre) / tf.maximum(step, 1.0))
    tent = tf.where((pixel > 0.0) & (pixel < length), tent, 0.0)
    return tent / tf.reduce_sum(tent, axis=2, keepdims=True)
