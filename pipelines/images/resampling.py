"""Cropping and resizing of images, one by one and in batches of columns (B, W, C, H)."""

import math

import tensorflow as tf

_ATTEMPTS = 10
BOX_DRAWS = 4 * _ATTEMPTS


def random_crop_box(height, width, key, scale, ratio):
    """Draws a box of random area and aspect ratio inside an image; see `crop_boxes`.

    Args:
        height: int scalar tensor, pixels.
        width: int scalar tensor, pixels.
        key: int (2,), the seed.
        scale: smallest and largest fraction of the area, above 0 and at most 1.
        ratio: smallest and largest aspect ratio, width / height, above 0.

    Returns:
        int32 tensor (4,): top, left, height, width.
    """
    draws = tf.random.stateless_uniform([1, BOX_DRAWS], key)
    return crop_boxes(height, width, draws, scale, ratio)[0]


def crop_boxes(height, width, draws, scale, ratio):
    """Returns boxes of random area and aspect ratio inside images of one size.

    As in Inception training (Szegedy et al. 2015, arXiv 1409.4842): the area is uniform in
    `scale`, and so is the logarithm of the aspect ratio in its range; a box that does not fit is
    drawn again. After ten that do not, the largest centered box of an allowed aspect ratio is used.

    Args:
        height: int scalar tensor, pixels.
        width: int scalar tensor, pixels.
        draws: float32 tensor (B, 40), uniform in [0, 1).
        scale: smallest and largest fraction of the area, above 0 and at most 1.
        ratio: smallest and largest aspect ratio, width / height, above 0.

    Returns:
        int32 tensor (B, 4): top, left, height, width.
    """
    high, wide = tf.cast(height, tf.float32), tf.cast(width, tf.float32)
    draws = tf.reshape(draws, [-1, 4, _ATTEMPTS])
    area = (scale[0] + (scale[1] - scale[0]) * draws[:, 0]) * high * wide
    low, up = map(math.log, ratio)
    aspect = tf.exp(low + (up - low) * draws[:, 1])
    heights, widths = tf.round(tf.sqrt(area / aspect)), tf.round(tf.sqrt(area * aspect))
    fits = (heights >= 1) & (heights <= high) & (widths >= 1) & (widths <= wide)
    top = tf.floor(draws[:, 2] * (high - heights + 1))
    left = tf.floor(draws[:, 3] * (wide - widths + 1))
    attempts = tf.stack([top, left, heights, widths], axis=2)
    first = tf.gather(attempts, tf.argmax(tf.cast(fits, tf.int32), axis=1), batch_dims=1)
    found = tf.reduce_any(fits, axis=1, keepdims=True)
    return tf.cast(tf.where(found, first, _centered(high, wide, ratio)), tf.int32)


def _centered(high, wide, ratio):
    width = tf.maximum(1.0, tf.minimum(wide, tf.round(high * ratio[1])))
    height = tf.maximum(1.0, tf.minimum(high, tf.round(wide / ratio[0])))
    return tf.stack([(high - height) // 2, (wide - width) // 2, height, width])


def crop_and_resize(image, box, size):
    """Crops a box of an image and resizes it, with antialiasing.

    Args:
        image: tensor (H, W, C), uint8.
        box: int32 (4,): top, left, height, width.
        size: pixels along each side of the result.

    Returns:
        float32 tensor (size, size, C) in [0, 1].
    """
    top, left, height, width = tf.unstack(box)
    crop = image[top : top + height, left : left + width]
    resized = tf.image.resize(crop, [size, size], antialias=True) / 255.0
    return tf.ensure_shape(tf.clip_by_value(resized, 0.0, 1.0), [size, size, image.shape[-1]])


def random_flip(image, key):
    """Flips an image (H, W, C) left to right with probability 0.5."""
    flipped = tf.random.stateless_uniform([], key) < 0.5
    return tf.where(flipped, tf.reverse(image, [1]), image)


def center_crop(image, size):
    """Crops the largest centered square of an image and resizes it.

    Args:
        image: uint8 tensor (H, W, C).
        size: pixels along each side of the result.

    Returns:
        float32 tensor (size, size, C) in [0, 1].
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    side = tf.minimum(height, width)
    box = tf.stack([(height - side) // 2, (width - side) // 2, side, side])
    return crop_and_resize(image, box, size)


def center_crop_by_products(images, size):
    """Does what `center_crop` does for pictures of one size, by dense matrix products.

    Args:
        images: uint8 tensor (B, H, W, C) of static C; the cost grows with H W.
        size: pixels along each side of the result.

    Returns:
        float32 tensor (B, size, size, C) in [0, 1].
    """
    height, width = tf.unstack(tf.shape(images)[1:3])
    side = tf.minimum(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    squares = images[:, top : top + side, left : left + side]
    whole = tf.stack([0, 0, side, side])[tf.newaxis]
    resized = to_images(crop_batch_to_columns(squares, whole, size)) / 255.0
    return tf.clip_by_value(resized, 0.0, 1.0)


def crop_to_columns(images, boxes, size):
    """Crops a box of one image and resizes it with antialiasing, as `tf.image.resize` does.

    Args:
        images: uint8 tensor (1, H, W, C) of static C.
        boxes: int32 (1, 4): top, left, height, width.
        size: pixels along each side of the result.

    Returns:
        float32 tensor (1, size, C, size), from 0 to 255 up to rounding.
    """
    image, (top, left, height, width) = images[0], tf.unstack(boxes[0])
    channels = image.shape[-1]
    pixels = image[top : top + height, left : left + width]
    tall = _rows(tf.reshape(pixels, [height, width * channels]), height, size)
    wide = _rows(tf.reshape(tf.transpose(tall), [width, channels * size]), width, size)
    return tf.reshape(wide, [1, size, channels, size])


def crop_batch_to_columns(images, boxes, size):
    """Does for a batch what `crop_to_columns` does for one image, by dense matrix products.

    Args:
        images: uint8 tensor (B, H, W, C) of static C; small, as the cost grows with H W.
        boxes: int32 (B, 4), or (1, 4) for one of all: top, left, height, width.
        size: pixels along each side of the result.

    Returns:
        float32 tensor (B, size, C, size), from 0 to 255 up to rounding.
    """
    height, width, channels = _sides(images)
    top, left, high, wide = tf.unstack(tf.cast(boxes, tf.float32), axis=1)
    rows = tf.reshape(tf.cast(images, tf.float32), [-1, height, width * channels])
    tall = _weights(top, high, height, size) @ rows
    transposed = tf.reshape(tf.transpose(tall, [0, 2, 1]), [-1, width, channels * size])
    columns = _weights(left, wide, width, size) @ transposed
    return tf.reshape(columns, [-1, size, channels, size])


def to_columns(images):
    """Transposes images (B, H, W, C) to columns (B, W, C, H)."""
    return tf.transpose(images, [0, 2, 3, 1])


def to_images(columns):
    """Transposes columns (B, W, C, H) to images (B, H, W, C)."""
    _, width, channels, height = columns.shape
    flat = tf.reshape(columns, [-1, width * channels, height])  # two axes are transposed faster
    return tf.reshape(tf.transpose(flat, [0, 2, 1]), [-1, height, width, channels])


def _sides(images):
    """Returns the sizes of the last three axes, as numbers where they are known."""
    found = tf.unstack(tf.shape(images))[1:]
    return [f if s is None else s for s, f in zip(images.shape[1:], found, strict=True)]


def _rows(pixels, count, size):
    """Resizes (count, N) to (size, N) with the op behind `tf.image.resize`."""
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
    """Returns the weight of each input pixel in each output pixel, float32 (B, size, count)."""
    begin, length = begin[:, tf.newaxis, tf.newaxis], length[:, tf.newaxis, tf.newaxis]
    step = length / size
    pixel = tf.range(count, dtype=tf.float32) + 0.5 - begin
    center = (tf.range(size, dtype=tf.float32)[:, tf.newaxis] + 0.5) * step
    tent = tf.nn.relu(1.0 - tf.abs(pixel - center) / tf.maximum(step, 1.0))
    tent = tf.where((pixel > 0.0) & (pixel < length), tent, 0.0)
    return tent / tf.reduce_sum(tent, axis=2, keepdims=True)
