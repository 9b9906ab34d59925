"""Decoders of pictures."""

import io
import zlib

import numpy as np
import tensorflow as tf
from PIL import Image

from mmssl.pipelines.images.decoding import decode_image
from mmssl.pipelines.in_graph.pictures import decode_picture
from mmssl.suggest.pictures import examine
from tests.fuzzing.reader import Reader

_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6"/></x:xmpmeta>'


def _files(kinds):
    """Returns small pictures, a few of each kind: dict of name -> bytes."""
    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 4), np.uint8)
    rgba = Image.fromarray(pixels)
    rgb, gray = rgba.convert("RGB"), rgba.convert("L")
    exif = Image.Exif()
    exif[0x0112] = 6
    deep = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    kept = {
        "a.jpg": (rgb, {"exif": exif}),
        "progressive.jpg": (rgb, {"progressive": True, "xmp": _XMP}),
        "gray.jpg": (gray, {}),
        "four.jpg": (rgb.convert("CMYK"), {}),
        "a.png": (rgba, {"exif": exif}),
        "gray.png": (gray, {}),
        "palette.png": (rgb.convert("P"), {"transparency": 3}),
        "deep.png": (deep, {}),
        "a.bmp": (rgb, {}),
        "palette.bmp": (rgb.convert("P"), {}),
        "a.gif": (rgb, {"save_all": True, "append_images": [gray, rgb.rotate(90)]}),
        "clear.gif": (rgba.convert("P"), {"transparency": 1, "interlace": 1}),
        "a.webp": (rgb, {"exif": exif}),
        "alpha.webp": (rgba, {}),
        "lossless.webp": (rgba, {"lossless": True}),
        "moving.webp": (rgb, {"save_all": True, "append_images": [rgba]}),
        "a.tiff": (rgb, {"compression": "tiff_lzw"}),
        "fax.tiff": (gray.convert("1"), {"compression": "group4"}),
        "jpeg.tiff": (rgb, {"compression": "jpeg"}),
        "plain.tiff": (rgba, {}),
    }
    return {
        name: _encoded(image, name, more)
        for name, (image, more) in kept.items()
        if name.rpartition(".")[2] in kinds
    }


def _encoded(image, name, more):
    file = io.BytesIO()
    kind = {"jpg": "JPEG"}.get(name.rpartition(".")[2], name.rpartition(".")[2].upper())
    image.save(file, kind, **more)
    return file.getvalue()


def with_checksums(data):
    """Returns a PNG with right checksums, without which a decoder looks no further."""
    written, at = data[:8], 8
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        body = data[at + 4 : at + 8 + size]
        written += data[at : at + 4] + body + zlib.crc32(body).to_bytes(4, "big")
        at += 12 + size
    return written


def _given(name, data):
    return with_checksums(data) if name.endswith(".png") and len(data) % 2 else data


def _decoder(decode, *kinds):
    def prepare(folder):
        graph = tf.function(decode, [tf.TensorSpec([], tf.string)], autograph=False)

        def read(name, data):
            pixels = graph(_given(name, data))
            assert pixels.dtype == tf.uint8
            assert pixels.shape[2] == 3
            assert tf.size(pixels) > 0

        found = _files(kinds)
        for name in list(found):
            if name == "moving.webp" and decode is decode_picture:
                del found[name]  # which is refused
        return found, read

    return prepare


def _examined(folder):
    def read(name, data):
        examine(_given(name, data))

    return _files(("jpg", "png", "bmp", "gif", "webp", "tiff")), read


_GRAPH = (tf.errors.InvalidArgumentError,)
READERS = (
    Reader("pictures: JPEG", _decoder(decode_image, "jpg"), _GRAPH, megabytes=2000),
    Reader("pictures: PNG", _decoder(decode_image, "png"), _GRAPH, megabytes=2000),
    Reader("pictures: BMP and GIF", _decoder(decode_image, "bmp", "gif"), _GRAPH, megabytes=2000),
    Reader("pictures: WebP", _decoder(decode_image, "webp"), _GRAPH, megabytes=2000),
    Reader("pictures: TIFF", _decoder(decode_image, "tiff"), _GRAPH, megabytes=2000),
    Reader("pictures in graphs: JPEG, PNG", _decoder(decode_picture, "jpg", "png"), _GRAPH),
    Reader(
        "pictures in graphs: BMP, GIF, WebP", _decoder(decode_picture, "bmp", "gif", "webp"), _GRAPH
    ),
    Reader("pictures looked at by suggest", _examined, megabytes=2000),
)
