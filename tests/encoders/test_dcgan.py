import keras
import numpy as np
import pytest

from mmssl.decoders import dcgan_discriminator, inpainting_decoder
from mmssl.encoders import blocks, dcgan_encoder
from tests.tolerances import SUM, assert_close


def of_kind(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


def test_the_defaults_are_the_papers_and_end_at_4_by_4():
    encoder = dcgan_encoder()
    assert encoder.output["features"].shape == (None, 4, 4, 512)
    assert encoder.output["embedding"].shape == (None, 2048)
    assert blocks(encoder) == [f"block_{n}" for n in range(1, 6)]
    convolutions = of_kind(encoder, keras.layers.Conv2D)
    assert [layer.filters for layer in convolutions] == [64, 64, 128, 256, 512]
    assert {(*layer.kernel_size, *layer.strides) for layer in convolutions} == {(4, 4, 2, 2)}
    assert len(of_kind(encoder, keras.layers.BatchNormalization)) == 4


def test_only_a_convolution_without_batch_norm_behind_it_has_a_bias():
    for model in (dcgan_encoder(16, (4, 8)), dcgan_discriminator(16, (4, 8))):
        biased = [layer.use_bias for layer in of_kind(model, keras.layers.Conv2D)]
        assert biased == [True, False]


def test_a_picture_is_embedded_for_itself():
    images = np.random.default_rng(0).random((2, 16, 16, 3)).astype("float32")
    encoder = dcgan_encoder(16, (4, 8))
    alone = encoder({"images": images[:1]})["embedding"]
    assert_close(encoder({"images": images})["embedding"][:1], alone, SUM)


def test_the_discriminator_gives_a_logit_a_picture():
    score = dcgan_discriminator(16, (4, 8))(np.zeros((3, 16, 16, 3), "float32"))
    assert score.shape == (3, 1)


@pytest.mark.parametrize(("channels", "side"), [((), 8), ((6,), 16), ((6, 4), 32)])
def test_the_decoder_doubles_once_a_width_and_once_more(channels, side):
    encoder = dcgan_encoder(16, (4, 8))
    decoder = inpainting_decoder(encoder.output["features"], channels)
    pixels = np.asarray(decoder(np.random.default_rng(0).normal(size=(2, 4, 4, 8)) * 9))
    assert pixels.shape == (2, side, side, 3)
    assert np.abs(pixels).max() <= 1


def test_the_decoder_carries_what_is_seen_anywhere_to_everywhere():
    decoder = inpainting_decoder(dcgan_encoder(16, (4, 8)).output["features"], (6,))
    features = np.zeros((2, 4, 4, 8), "float32")
    features[1, 0, 0] = 100
    changed = np.any(np.diff(decoder(features), axis=0)[0] != 0, axis=-1)
    assert changed.all()


@pytest.mark.parametrize("build", [dcgan_encoder, dcgan_discriminator])
@pytest.mark.parametrize(("size", "channels"), [(20, (4, 4, 4)), (16, ())])
def test_a_size_that_cannot_be_halved_is_refused(build, size, channels):
    with pytest.raises(ValueError, match=f"{build.__name__} halves the size once per block"):
        build(size, channels)
