"""Turning of photos in TensorFlow, by what Exif or XMP say of how the camera was held."""

import tensorflow as tf

from mmssl.pipelines.in_graph.octets import MOST_PARTS, length, number, octets, part, text_at

_TAG, _SHORT, _LONG = 0x0112, 3, 4
_ENTRY = 12  # bytes of an entry of Exif
_MOST_ENTRIES, _MOST_MENTIONED = 4096, 16
_XMP = "tiff:Orientation"
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_NOWHERE = -1


def upright(pixels, data, tags):
    """Turns the pixels of a file according to its orientation; broken tags change nothing.

    Args:
        pixels: uint8 tensor (H, W, 3), as they are stored in it.
        data: scalar string tensor, the file.
        tags: function of the file that finds them: `jpeg_tags`, `png_tags` or `webp_tags`.

    Returns:
        uint8 tensor (H, W, 3) or (W, H, 3).
    """
    exif, xmp, size = tags(data)
    found = _of_exif(data, exif)
    found = tf.where(found < 0, _of_xmp(part(data, xmp, size)), found)
    turns = (
        lambda: pixels,
        lambda: tf.reverse(pixels, [1]),
        lambda: tf.reverse(pixels, [0, 1]),
        lambda: tf.reverse(pixels, [0]),
        lambda: _transposed(pixels),
        lambda: tf.reverse(_transposed(pixels), [1]),
        lambda: tf.reverse(_transposed(pixels), [0, 1]),
        lambda: tf.reverse(_transposed(pixels), [0]),
    )
    known = (found >= 1) & (found <= len(turns))
    return tf.switch_case(tf.cast(tf.where(known, found - 1, 0), tf.int32), turns)


def jpeg_tags(data):
    """Finds the tags of a JPEG.

    Returns:
        int64 scalars: where Exif begins, and where XMP, -1 if there is none, and its size.
    """

    def step(at):
        marker, size = number(data, at + 1, 1), number(data, at + 2, 2, big_endian=True)
        app = marker == 0xE1
        ends = (number(data, at, 1) != 0xFF) | (marker == 0xDA) | (size < 2)
        exif = app & (text_at(data, at + 4, 6) == b"Exif\0\0")
        xmp = app & (text_at(data, at + 4, len(_JPEG_XMP)) == _JPEG_XMP)
        return exif, at + 10, xmp, at + 4, size - 2, tf.where(ends, length(data), at + 2 + size)

    return _walk(data, 2, step)


def png_tags(data):
    """Finds the tags of a PNG; see `jpeg_tags`."""

    def step(at):
        size, name = number(data, at, 4, big_endian=True), text_at(data, at + 4, 4)
        xmp = (name == b"iTXt") & (text_at(data, at + 8, 17) == b"XML:com.adobe.xmp")
        return name == b"eXIf", at + 8, xmp, at + 8, size, at + 12 + size

    return _walk(data, 8, step)


def webp_tags(data):
    """Finds the tags of a WebP; see `jpeg_tags`."""

    def step(at):
        name, size = text_at(data, at, 4), number(data, at + 4, 4)
        return name == b"EXIF", at + 8, name == b"XMP ", at + 8, size, at + 8 + size + size % 2

    return _walk(data, 12, step)


def _walk(data, start, step):
    """Follows the parts of a file; the first that holds Exif, and the first of XMP, count."""

    def following(at, exif, xmp, size):
        is_exif, exif_at, is_xmp, xmp_at, xmp_size, then = step(at)
        first = is_xmp & (xmp < 0)
        return (
            then,
            tf.where(is_exif & (exif < 0), exif_at, exif),
            tf.where(first, xmp_at, xmp),
            tf.where(first, xmp_size, size),
        )

    begin = [tf.constant(value, tf.int64) for value in (start, _NOWHERE, _NOWHERE, 0)]
    return tf.while_loop(
        lambda at, *_: at + 8 <= length(data), following, begin, maximum_iterations=MOST_PARTS
    )[1:]


def _of_exif(data, at):
    """Returns the value of the tag, an int64 scalar; -1 where there is none."""
    # Some writers repeat JPEG's name of it in other files.
    at = tf.where(text_at(data, at, 6) == b"Exif\0\0", at + 6, at)
    big_endian = text_at(data, at, 2) == b"MM"
    little_endian = text_at(data, at, 2) == b"II"
    directory = at + number(data, at + 4, 4, big_endian)
    count = tf.minimum(number(data, directory, 2, big_endian), _MOST_ENTRIES)
    entries = _entries(data, directory + 2, count)
    first, second = entries[:, ::2], entries[:, 1::2]
    short = tf.where(big_endian, 256 * first + second, first + 256 * second)
    tag, kind = short[:, 0], short[:, 1]
    long = tf.where(big_endian, short[:, 5], short[:, 4])
    is_tag = (tag == _TAG) & ((kind == _SHORT) | (kind == _LONG))
    values = tf.where(kind == _LONG, long, short[:, 4])[is_tag]
    values = tf.concat([values, [_NOWHERE]], axis=0)
    return tf.where((at >= 0) & (big_endian | little_endian), values[0], _NOWHERE)


def _entries(data, start, count):
    raw = part(data, start, count * _ENTRY)
    whole = tf.strings.length(raw) // _ENTRY * _ENTRY
    numbers = tf.io.decode_raw(tf.strings.substr(raw, 0, whole), tf.uint8)
    return tf.cast(tf.reshape(numbers, [-1, _ENTRY]), tf.int64)


def _of_xmp(xmp):
    """Returns the value of the tag, an int64 scalar; -1 where there is none."""
    behind = tf.strings.split(xmp, _XMP)[1 : 1 + _MOST_MENTIONED]
    digits = tf.map_fn(_digit, behind, fn_output_signature=tf.int64)
    values = tf.concat([digits, [_NOWHERE]], axis=0)
    return tf.concat([values[values >= 0], [_NOWHERE]], axis=0)[0]


def _digit(text):
    """Returns the digit that begins a text, behind =\" or >."""
    first, second, third = tf.unstack(tf.cast(octets(text, 0, 3), tf.int64))
    quoted = (first == ord("=")) & (second == ord('"'))
    digit = tf.where(quoted, third, tf.where(first == ord(">"), second, _NOWHERE))
    return tf.where((digit >= ord("0")) & (digit <= ord("9")), digit - ord("0"), _NOWHERE)


def _transposed(pixels):
    return tf.transpose(pixels, [1, 0, 2])
