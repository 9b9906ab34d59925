"""Decoding of picture files in TensorFlow; headers are looked at before a decoder sees the file."""

import tensorflow as tf

from mmssl.pipelines.images.decoding import stored_jpeg, stored_png
from mmssl.pipelines.in_graph.bmp import decode_bmp
from mmssl.pipelines.in_graph.gif import decode_gif
from mmssl.pipelines.in_graph.limits import MOST_PIXELS
from mmssl.pipelines.in_graph.octets import text_at
from mmssl.pipelines.in_graph.orientation import jpeg_tags, png_tags, upright, webp_tags
from mmssl.pipelines.in_graph.webp import decode_webp

READABLE = "JPEG, PNG, BMP, GIF or WebP"


def decode_picture(data):
    """Decodes JPEG, PNG, BMP, WebP or the first frame of a GIF, as `images.decode_image` does.

    Args:
        data: scalar string tensor, the file.

    Returns:
        uint8 tensor (H, W, 3), upright, transparent pixels blended with white. The operation fails
        for other files, animated WebP, and more than `MOST_PIXELS` pixels.
    """
    webp = (text_at(data, 0, 4) == b"RIFF") & (text_at(data, 8, 4) == b"WEBP")
    kinds = (
        (
            text_at(data, 0, 3) == b"\xff\xd8\xff",
            lambda: upright(stored_jpeg(data, MOST_PIXELS), data, jpeg_tags),
        ),
        (
            text_at(data, 0, 8) == b"\x89PNG\r\n\x1a\n",
            lambda: upright(stored_png(data, MOST_PIXELS), data, png_tags),
        ),
        (text_at(data, 0, 2) == b"BM", lambda: decode_bmp(data, MOST_PIXELS)),
        (text_at(data, 0, 4) == b"GIF8", lambda: decode_gif(data, MOST_PIXELS)),
        (webp, lambda: upright(decode_webp(data, MOST_PIXELS), data, webp_tags)),
    )
    fits = tf.stack([fits for fits, _ in kinds])
    refused = f"it cannot be decoded here: send {READABLE}"
    with tf.control_dependencies([tf.Assert(tf.reduce_any(fits), [refused])]):
        which = tf.argmax(tf.cast(fits, tf.int32), output_type=tf.int32)
    pixels = tf.switch_case(which, [decode for _, decode in kinds])
    return tf.ensure_shape(pixels, [None, None, 3])
