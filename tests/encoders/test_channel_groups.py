"""Encoders side by side, one a group of channels."""

import keras
import numpy as np
import pytest

from mmssl.encoders import (
    blocks,
    channel_group_encoder,
    conv_encoder,
    cut,
    group_encoders,
    small_conv_encoder,
    vit_encoder,
)
from mmssl.layers import LabChannels, lab_to_rgb, rgb_to_lab
from tests.tolerances import NETWORK, SUM, assert_close

SIZE = 16
INNER = {
    "small_conv": lambda: small_conv_encoder(8, (4, 6), (2, 2)),
    "vit": lambda: vit_encoder(16, 4, 16, 2, 2, 16, grid=2),
    "conv": lambda: conv_encoder(8, (4, 6), (1, 1), (2, 2), (1, 1), gray=False),
}


def images_of(channels=3):
    return np.random.default_rng(0).random((2, SIZE, SIZE, channels), "float32")


def tiny(**kwargs):
    keras.utils.set_random_seed(0)
    return channel_group_encoder(SIZE, encoder=INNER["small_conv"](), **kwargs)


def embeddings(encoder, images):
    return [np.asarray(group({"images": images})["embedding"]) for group in group_encoders(encoder)]


@pytest.mark.parametrize("kind", INNER)
def test_an_encoder_of_groups_comes_back_from_its_file(kind, tmp_path):
    inner, images = INNER[kind](), {"images": images_of()}
    encoder = channel_group_encoder(SIZE, encoder=inner)
    assert blocks(encoder) == blocks(inner)
    width = inner.output["embedding"].shape[-1]
    outputs = encoder(images)
    assert outputs["embedding"].shape == (2, 2 * width)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras")
    for name, value in outputs.items():
        np.testing.assert_array_equal(loaded(images)[name], value)


def test_the_embedding_is_the_concatenation_of_those_of_the_groups():
    encoder, images = tiny(), images_of()
    whole = encoder({"images": images})["embedding"]
    assert_close(whole, np.concatenate(embeddings(encoder, images), axis=-1), SUM)


def test_a_group_computes_what_the_given_encoder_computes_of_its_channels():
    encoder, images = tiny(space="rgb", groups=((2,), (0, 1))), images_of()
    inner = small_conv_encoder(SIZE, (4, 6), (2, 2))
    for number, shown in enumerate(([2, 2, 2], [0, 1, 0]), start=1):
        own = [x for x in encoder.layers if x.name.startswith(f"group_{number}_")]
        inner.set_weights([w for layer in own for w in layer.get_weights()])
        expected = inner({"images": images[..., shown]})["embedding"]
        assert_close(embeddings(encoder, images)[number - 1], expected, NETWORK)


def test_no_group_sees_the_channels_of_another():
    images = images_of()
    lab = np.asarray(rgb_to_lab(images)) * [1, 0.1, 0.1] + [0, 1, -1]
    recolored = np.asarray(lab_to_rgb((lab * [1, 0, 0] + [0, 2, 5]).astype("float32")))
    inside = np.asarray(lab_to_rgb(lab.astype("float32")))
    encoder = tiny()
    (light, color), (light_too, other_color) = (embeddings(encoder, x) for x in (inside, recolored))
    assert_close(light_too, light, NETWORK, scale=np.abs(light).max() * 10)
    assert np.abs(other_color - color).max() > 100 * np.abs(light_too - light).max()


def test_groups_begin_with_different_weights():
    encoder = tiny(groups=((0,), (0,)))
    first, second = embeddings(encoder, images_of())
    assert np.abs(first - second).max() > 0.01


def test_a_fourth_channel_may_be_a_group():
    encoder, images = tiny(image_channels=4, groups=((0, 1, 2), (3,)), space="rgb"), images_of(4)
    color, depth = embeddings(encoder, images)
    images[..., 3] = 1 - images[..., 3]
    color_too, other_depth = embeddings(encoder, images)
    np.testing.assert_array_equal(color_too, color)
    assert np.abs(other_depth - depth).max() > 0.01
    assert any(isinstance(layer, LabChannels) for layer in tiny().layers)
    assert not any(isinstance(layer, LabChannels) for layer in encoder.layers)


def test_a_block_is_the_concatenation_too():
    encoder, images = tiny(), {"images": images_of()}
    first = cut(encoder, "block_1")(images)
    assert first["features"].shape == (2, SIZE // 2, SIZE // 2, 8)
    assert_close(first["embedding"], np.mean(first["features"], axis=(1, 2)), SUM)


def test_what_does_not_fit_is_refused():
    for arguments, message in (
        ({"image_channels": 2}, "3 or more"),
        ({"groups": ((0, 1, 2),)}, "two or more groups"),
        ({"groups": ((0,), ())}, "two or more groups"),
        ({"groups": ((0,), (3,))}, "beyond the 3"),
        ({"space": "hsv"}, "lab"),
    ):
        with pytest.raises(ValueError, match=message):
            tiny(**arguments)
    relative = vit_encoder(16, 4, 16, 2, 2, 16, positions="relative")
    with pytest.raises(ValueError, match="more than the block before it"):
        channel_group_encoder(SIZE, encoder=relative)
    with pytest.raises(ValueError, match="three channels"):
        channel_group_encoder(SIZE, encoder=tiny(image_channels=4))
    with pytest.raises(ValueError, match="channel_group_encoder; small_conv"):
        group_encoders(small_conv_encoder())
