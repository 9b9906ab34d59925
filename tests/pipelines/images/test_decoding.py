"""Pictures of every kind, against an independent reader."""

import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from mmssl.pipelines.images import ImageCrops
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


in_a_graph = tf.function(decode_image, [tf.TensorSpec([], tf.string)])


def decode(data):
    return in_a_graph(data).numpy()


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
        ("TIFF", "RGB", {"compression": "tiff_lzw"}),
        ("TIFF", "RGBA", {}),
        ("TIFF", "1", {"compression": "group4"}),
        ("TIFF", "CMYK", {}),
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


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_every_kind_that_can_state_its_orientation_is_turned_upright(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    more = {"lossless": True} if kind == "WEBP" else {}
    pixels = decode(encode(picture(), kind, exif=exif, **more))
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(encode(picture(), "PNG", exif=exif))))
    np.testing.assert_array_equal(pixels, np.asarray(upright))


def segment(marker, content):
    return marker + (len(content) + 2).to_bytes(2, "big") + content


def test_exif_behind_other_segments_turns_a_photo_too():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encode(picture(), "JPEG", exif=exif)
    others = segment(b"\xff\xe2", b"ICC_PROFILE\0" + bytes(60_000)) + segment(
        b"\xff\xe1", b"http://ns.adobe.com/xap/1.0/\0" + bytes(60_000)
    )
    np.testing.assert_array_equal(decode(data[:2] + others + data[2:]), decode(data))


def test_an_orientation_stated_in_xmp_alone_turns_a_photo():
    xmp = b'<rdf:Description tiff:Orientation="6"/>'
    data = encode(picture(), "JPEG", xmp=xmp)
    assert decode(data).shape == (40, 48, 3)


@pytest.mark.parametrize(
    "tags", [b"Exif\0\0", b"Exif\0\0broken tags", b"Exif\0\0MM\0*\0\0\0\x08\0\1"]
)
def test_a_photo_with_broken_tags_is_taken_as_it_is(tags):
    plain = encode(picture(), "JPEG")
    broken = plain[:2] + segment(b"\xff\xe1", tags) + plain[2:]
    np.testing.assert_array_equal(decode(broken), decode(plain))


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


@pytest.mark.parametrize("kind", ["GIF", "PNG", "TIFF", "WEBP"])
def test_of_several_frames_the_first_is_taken(kind):
    still = picture("P" if kind == "GIF" else "RGBA")
    more = {"lossless": True} if kind == "WEBP" else {}
    data = encode(still, kind, save_all=True, append_images=[still.rotate(180)] * 9, **more)
    np.testing.assert_array_equal(decode(data), on_white(still))


def test_a_file_is_read_by_its_content_under_any_extension(tmp_path):
    encoded = {"a.jpg": "WEBP", "b.png": "JPEG", "c.webp": "PNG", "d.gif": "BMP", "e.bmp": "TIFF"}
    for name, kind in encoded.items():
        (tmp_path / name).write_bytes(encode(picture(), kind))
    data = ImageCrops(tmp_path, batch_size=5, skip_ratio=0).prepare()
    assert data.shapes.tolist() == [[48, 40, 3]] * 5


def test_16_bit_tiff_keeps_its_high_byte():
    high = np.asarray(picture("L"))
    data = encode(Image.fromarray(high.astype(np.uint16) * 256 + 77), "TIFF")
    np.testing.assert_array_equal(decode(data), np.stack([high] * 3, axis=-1))


def sized(kind, width, height):
    """Returns a small file whose header states another size."""
    data = bytearray(encode(picture(), kind))
    if kind == "PNG":
        data[16:24] = struct.pack(">II", width, height)
        data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    elif kind == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", height, width)
    elif kind == "BMP":
        data[18:26] = struct.pack("<ii", width, height)
    else:
        data[6:10] = struct.pack("<HH", width, height)
    return bytes(data)


@pytest.mark.parametrize(
    ("kind", "size"),
    [("PNG", 100_000), ("PNG", 14_000), ("JPEG", 65_000), ("BMP", 100_000), ("GIF", 65_000)],
)
def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(kind, size):
    with pytest.raises(tf.errors.OpError, match="more than 178956970 pixels, the limit"):
        decode(sized(kind, size, size))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP"])
def test_a_truncated_file_of_any_kind_fails(kind):
    data = encode(picture(), kind)
    with pytest.raises(tf.errors.OpError):
        decode(data[: len(data) * 2 // 3])


def avif():
    return b"\0\0\0\x20ftypavif" + bytes(100)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is not JPEG"),
        (b"BM", "it is not JPEG"),
        (b"no picture", "it is not JPEG"),
        (avif(), "it is not JPEG, PNG, BMP, GIF, TIFF or WebP"),
        (encode(picture(), "JPEG")[:300], "Invalid JPEG"),
        (encode(picture(), "PNG")[:12], "Invalid PNG"),
        (sized("PNG", 0, 10), "Invalid PNG"),
        (encode(picture("L").convert("F"), "TIFF"), "its pixels have 32 bits"),
        (encode(picture("L").convert("I"), "TIFF"), "its pixels have 32 bits"),
        (encode(picture(), "WEBP")[:100], "it is damaged or truncated"),
    ],
)
def test_what_cannot_be_decoded_fails_with_a_reason(data, reason):
    with pytest.raises(tf.errors.OpError, match=reason):
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
