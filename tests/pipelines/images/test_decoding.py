"""Pictures of every kind, against an independent reader."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from mmssl.pipelines.images.decoding import as_pixels, decode_image, to_rgb


def picture(mode="RGB"):
    rng = np.random.default_rng(0)
    pixels = np.kron(rng.integers(0, 256, (6, 5, 4)), np.ones((8, 8, 1))).astype(np.uint8)
    rgba = Image.fromarray(pixels)
    return rgba if mode == "RGBA" else rgba.convert("RGB").convert(mode)


def encode(image, kind, **kwargs):
    file = io.BytesIO()
    image.save(file, kind, **kwargs)
    return file.getvalue()


def on_white(image):
    image = image.convert("RGBA")
    ground = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return np.asarray(Image.alpha_composite(ground, image).convert("RGB"))


def decode(data):
    return tf.function(decode_image)(tf.constant(data)).numpy()


@pytest.mark.parametrize(
    ("kind", "mode", "more"),
    [
        ("JPEG", "RGB", {}),
        ("JPEG", "L", {}),
        ("JPEG", "CMYK", {}),
        ("JPEG", "RGB", {"progressive": True}),
        ("PNG", "RGB", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "L", {}),
        ("PNG", "1", {}),
        ("PNG", "P", {}),
        ("PNG", "P", {"transparency": 3}),
        ("BMP", "RGB", {}),
        ("BMP", "L", {}),
        ("BMP", "P", {}),
        ("BMP", "1", {}),
        ("GIF", "P", {}),
        ("WEBP", "RGB", {"lossless": True}),
        ("WEBP", "RGBA", {"lossless": True}),
    ],
)
def test_every_format_equals_what_pillow_reads_on_white(kind, mode, more):
    data = encode(picture(mode), kind, **more)
    pixels = decode(data)
    assert (pixels.shape, pixels.dtype) == ((48, 40, 3), np.uint8)
    difference = np.abs(pixels.astype(int) - on_white(Image.open(io.BytesIO(data))))
    assert difference.max() <= (2 if kind == "JPEG" else 0)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_photo_is_turned_upright_as_its_camera_was_held(orientation, mode):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(picture(mode), "JPEG", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    pixels = decode(data)
    assert pixels.shape == ((48, 40, 3) if orientation < 5 else (40, 48, 3))
    assert np.abs(pixels.astype(int) - np.asarray(upright.convert("RGB"))).max() <= 2


@pytest.mark.parametrize(
    "tags", [b"Exif\0\0", b"Exif\0\0broken tags", b"Exif\0\0MM\0*\0\0\0\x08\0\1"]
)
def test_a_photo_with_broken_tags_is_taken_as_it_is(tags):
    plain = encode(picture(), "JPEG")
    segment = b"\xff\xe1" + (len(tags) + 2).to_bytes(2, "big") + tags
    np.testing.assert_array_equal(decode(plain[:2] + segment + plain[2:]), decode(plain))


def test_gray_with_transparency_is_put_on_white():
    image = picture("RGBA").convert("LA")
    assert np.abs(decode(encode(image, "PNG")).astype(int) - on_white(image)).max() <= 1


def test_the_padding_of_32_bit_bitmaps_is_no_transparency():
    image = picture("RGBA")
    np.testing.assert_array_equal(decode(encode(image, "BMP")), np.asarray(image)[..., :3])


def test_16_bit_pictures_keep_their_high_byte():
    high = np.asarray(picture("L"))
    data = encode(Image.fromarray(high.astype(np.uint16) * 256 + 77), "PNG")
    np.testing.assert_array_equal(decode(data), np.stack([high] * 3, axis=-1))


def test_the_first_frame_of_a_moving_gif_is_taken():
    still = picture("P")
    data = encode(still, "GIF", save_all=True, append_images=[still.rotate(180)])
    np.testing.assert_array_equal(decode(data), np.asarray(still.convert("RGB")))


@pytest.mark.parametrize("data", [b"", b"B", b"BM", b"no picture", encode(picture(), "JPEG")[:300]])
def test_what_cannot_be_decoded_fails(data):
    with pytest.raises(tf.errors.OpError):
        decode(data)


def test_arrays_of_any_type_become_rgb():
    gray = np.array([[0, 51], [102, 255]], np.uint8)
    expected = np.stack([gray] * 3, axis=-1)
    for array in (gray, gray[..., None], gray / np.float32(255), gray.astype(np.uint16) * 257):
        np.testing.assert_array_equal(to_rgb(as_pixels(tf.constant(array))), expected)


def test_arrays_that_are_no_pictures_are_refused():
    for array in (np.zeros(4, np.uint8), np.zeros((2, 2), np.int64), np.zeros((1, 2, 2, 3))):
        with pytest.raises(ValueError, match="an image must be an array"):
            as_pixels(tf.constant(array))
    with pytest.raises(tf.errors.InvalidArgumentError, match="floats outside"):
        as_pixels(tf.constant([[0.0, 255.0]]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="it has channels:"):
        to_rgb(tf.zeros([2, 2, 5], tf.uint8))
    with pytest.raises(tf.errors.InvalidArgumentError, match="no pixels"):
        to_rgb(tf.zeros([0, 2, 3], tf.uint8))
