"""Pictures in a graph have the very pixels that the pipeline reads; no file ends the process."""

import io
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, PngImagePlugin

from mmssl.pipelines.in_graph.limits import MOST_PIXELS
from tests.pipelines.in_graph.conftest import picture_decoders, refusal

HEIGHT, WIDTH = 21, 33
ROWS, COLUMNS, CHANNELS = np.indices((HEIGHT, WIDTH, 4))
PIXELS = ((5 * ROWS + 3 * COLUMNS + 60 * CHANNELS) % 256).astype("uint8")
COLOR, ALPHA = Image.fromarray(PIXELS[..., :3]), Image.fromarray(PIXELS)
GRAY = COLOR.convert("L")
SEE_THROUGH = Image.fromarray(np.where(CHANNELS < 3, PIXELS, 255 * (ROWS < 9)).astype("uint8"))
PALETTE = COLOR.convert("P", palette=Image.Palette.ADAPTIVE, colors=17)
ORIENTATION = 0x0112


def encode(image, form, **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def exif(turn, order="<"):
    """Exif that says how the camera was held, and something before it."""
    entries = struct.pack(order + "HHIHH", 0x0100, 3, 1, WIDTH, 0)
    entries += struct.pack(order + "HHIHH", ORIENTATION, 3, 1, turn, 0)
    start = b"II*\0" if order == "<" else b"MM\0*"
    return b"Exif\0\0" + start + struct.pack(order + "IH", 8, 2) + entries + bytes(4)


def xmp(turn):
    return f'<x:xmpmeta><rdf:Description tiff:Orientation="{turn}"/></x:xmpmeta>'


def png_with_xmp():
    tags = PngImagePlugin.PngInfo()
    tags.add_itxt("XML:com.adobe.xmp", xmp(6))
    return encode(COLOR, "PNG", pnginfo=tags)


def assert_read_alike(file):
    alone, pipeline = (decode(file).numpy() for decode in picture_decoders())
    np.testing.assert_array_equal(alone, pipeline)


KINDS = {
    "jpeg": encode(COLOR, "JPEG"),
    "gray jpeg": encode(GRAY, "JPEG"),
    "cmyk jpeg": encode(COLOR.convert("CMYK"), "JPEG"),
    "progressive jpeg": encode(COLOR, "JPEG", progressive=True),
    "png": encode(COLOR, "PNG"),
    "gray png": encode(GRAY, "PNG"),
    "png of 16 bits": encode(Image.fromarray(PIXELS[..., 0].astype("uint16") * 257), "PNG"),
    "transparent png": encode(ALPHA, "PNG"),
    "png of a palette": encode(PALETTE, "PNG"),
    "bmp": encode(COLOR, "BMP"),
    "gray bmp": encode(GRAY, "BMP"),
    "bmp of a palette": encode(PALETTE, "BMP"),
    "gif": encode(PALETTE, "GIF"),
    "gray gif": encode(GRAY, "GIF"),
    "transparent gif": encode(SEE_THROUGH, "GIF"),
    "animated gif": encode(PALETTE, "GIF", save_all=True, append_images=[PALETTE.rotate(180)]),
    "webp": encode(COLOR, "WEBP"),
    "transparent webp": encode(ALPHA, "WEBP"),
    "lossless webp": encode(COLOR, "WEBP", lossless=True),
    "transparent lossless webp": encode(ALPHA, "WEBP", lossless=True),
    "jpeg with xmp": encode(COLOR, "JPEG", xmp=xmp(6).encode()),
    "png with xmp": png_with_xmp(),
    "webp with xmp": encode(COLOR, "WEBP", xmp=xmp(6).encode()),
    "jpeg with big-endian exif": encode(COLOR, "JPEG", exif=exif(6, ">")),
    "jpeg whose exif counts before xmp": encode(COLOR, "JPEG", exif=exif(3), xmp=xmp(6).encode()),
}
ANIMATED = encode(COLOR, "WEBP", save_all=True, append_images=[COLOR.rotate(180)])


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_of_every_kind_are_those_of_the_pipeline(kind):
    assert_read_alike(KINDS[kind])


@pytest.mark.parametrize("turn", range(10))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_photos_are_turned_upright(form, turn):
    assert_read_alike(encode(COLOR, form, exif=exif(turn)))


def sized_jpeg():
    at = KINDS["jpeg"].index(b"\xff\xc0") + 5
    return KINDS["jpeg"][:at] + struct.pack(">HH", 60_000, 60_000) + KINDS["jpeg"][at + 4 :]


def sized_webp():
    width = struct.pack("<HH", 16383, 16383)
    at = KINDS["webp"].index(b"\x9d\x01\x2a") + 3
    return KINDS["webp"][:at] + width + KINDS["webp"][at + 4 :]


BOMBS = {
    "jpeg": sized_jpeg(),
    "png": KINDS["png"][:16] + struct.pack(">II", 60_000, 60_000) + KINDS["png"][24:],
    "bmp": KINDS["bmp"][:18] + struct.pack("<ii", 60_000, -60_000) + KINDS["bmp"][26:],
    "gif": KINDS["gif"][:6] + struct.pack("<HH", 60_000, 60_000) + KINDS["gif"][10:],
    "webp": sized_webp(),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_absurd_dimensions_are_refused_before_they_are_allocated(kind):
    assert f"more than {MOST_PIXELS} pixels" in refusal(picture_decoders()[0], BOMBS[kind])


@pytest.mark.parametrize("flags", [None, b"\0"])
def test_an_animated_webp_is_refused_even_where_its_header_hides_it(flags):
    file = ANIMATED if flags is None else ANIMATED[:20] + flags + ANIMATED[21:]
    assert "it is animated" in refusal(picture_decoders()[0], file)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"", "send JPEG, PNG, BMP, GIF or WebP"),
        (b"RIFF\0\0\0\0WAVE", "send JPEG, PNG, BMP, GIF or WebP"),
        (encode(COLOR, "TIFF"), "send JPEG, PNG, BMP, GIF or WebP"),
        (encode(GRAY.convert("1"), "BMP"), "send BMP of 8, 24 or 32 bits"),
        (KINDS["bmp"][:-1], "truncated"),
        (b"RIFF\0\0\0\0WEBP", "no picture"),
        (b"GIF89a", "no frame"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_can(file, reason):
    assert reason in refusal(picture_decoders()[0], file)


def test_a_gif_whose_first_frame_does_not_fill_it_is_refused():
    file = bytearray(KINDS["gif"])
    file[6] += 1
    assert "does not fill it" in refusal(picture_decoders()[0], bytes(file))


def test_no_damaged_file_ends_the_process():
    draw, decode = np.random.default_rng(0), picture_decoders()[0]
    seeds, read = [*KINDS.values(), ANIMATED], 0
    for number in range(300):
        file = bytearray(seeds[number % len(seeds)])
        most = (64, 300, len(file))[number % 3]
        for place in draw.integers(0, min(most, len(file)), 3):
            file[place] = draw.integers(0, 256)
        try:
            read += decode(bytes(file)).shape[-1] == 3
        except tf.errors.InvalidArgumentError:
            continue
    assert read < 300


def test_real_pictures_have_the_pixels_of_the_pipeline(real_data):
    for folder in ("images/caltech101/test", "pairs/emoji/images"):
        files = sorted((real_data / folder).iterdir())[::150]
        assert files
        for file in files:
            assert_read_alike(file.read_bytes())
