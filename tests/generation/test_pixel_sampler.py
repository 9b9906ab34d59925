"""Pictures drawn pixel by pixel: with what is kept as without."""

import numpy as np
import pytest
from keras import ops

from mmssl.generation.pictures import page
from mmssl.generation.pixel_sampler import PixelSampler
from mmssl.generation.sampling_loop import SamplingLoop
from tests.methods.test_pixel_rnn import batch_of, method_of, of_each_encoder
from tests.tolerances import NETWORK, assert_close

SIZE, LEVELS = 4, 3


@of_each_encoder
def test_a_step_gives_the_features_of_the_whole_picture(name):
    method = method_of(name, SIZE, levels=LEVELS)
    sampler = PixelSampler(method)
    symbols = np.random.default_rng(1).integers(0, LEVELS, (2, SIZE, SIZE, 3)).astype("int32")
    whole = np.asarray(method.encode(batch_of(symbols, LEVELS))["features"])
    _, kept = sampler.start(2)
    for place in range(SIZE**2):
        row, column = divmod(place, SIZE)
        now = symbols[:, row, column]
        # As if the last two channels were not drawn yet, and then all of them.
        _, kept = sampler.step(now * [1, 0, 0], kept, ops.array(row), ops.array(column))
        features, kept = sampler.step(now, kept, ops.array(row), ops.array(column))
        assert_close(features, whole[:, row, column], NETWORK)


def uncached(method, count):
    """The same loop with the whole network at every step."""
    size = method.encoder.input["images"].shape[1]

    def advance(before, state, _, choose):
        place, symbols = state
        symbols = written(symbols, before, place - 1)
        drawn = before * 0
        for channel in range(method.channels):
            images = ops.cast(written(symbols, drawn, place), "float32") / (method.levels - 1)
            images = ops.reshape(images, (count, size, size, method.channels))
            logits = method({"images": images})["logits"]
            logits = ops.reshape(logits, (count, size**2, method.channels, -1))[:, place, channel]
            own = ops.arange(method.channels) == channel
            drawn = ops.where(own, choose(logits, channel)[:, None], drawn)
        return drawn, (place + 1, symbols)

    def written(symbols, values, place):
        there = ops.arange(size**2)[None, :, None] == place
        return ops.where(there, values[:, None], symbols)

    return SamplingLoop(advance, method.channels)


def test_what_is_drawn_with_what_is_kept_is_what_is_drawn_without():
    method = method_of("pixel_cnn", SIZE, levels=LEVELS, depth=1)
    given = np.random.default_rng(3).integers(0, LEVELS, (2, 5, 3)).astype("int32")
    found = PixelSampler(method).draw(given, seed=7)
    prompt = np.concatenate([np.zeros((2, 1, 3), "int32"), given], axis=1)
    start = (ops.zeros((), "int32"), ops.zeros((2, SIZE**2, 3), "int32"))
    drawn = uncached(method, 2).run(prompt, SIZE**2 - 5, start, seed=7)
    expected = np.concatenate([given, drawn], axis=1)
    np.testing.assert_array_equal(found.reshape(2, -1, 3), expected)


def test_the_seed_settles_the_pictures_and_halves_are_completed():
    method = method_of("diagonal_bilstm", SIZE, True, levels=LEVELS, depth=1)
    sampler, said = PixelSampler(method), []
    one, again, other = (sampler.sample(3, seed) for seed in (0, 0, 1))
    assert one.shape == (3, SIZE, SIZE, 3)
    assert one.dtype == "uint8"
    assert set(np.unique(one)) <= {0, 128, 255}
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    images = np.random.default_rng(0).random((3, SIZE, SIZE, 3)).astype("float32")
    done = sampler.complete(images, progress=lambda *step: said.append(step))
    upper = np.floor(images[:, :2].mean(axis=-1) * LEVELS) * 127.5
    np.testing.assert_array_equal(done[:, :2, :, 0], np.rint(upper))
    assert said[-1][0] == said[-1][1]


def test_a_page_has_all_pictures_enlarged_in_rows():
    pictures = np.arange(5, dtype="uint8").reshape(5, 1, 1, 1) * np.ones((1, 32, 32, 3), "uint8")
    found = page(pictures)
    assert found.shape == (2 * 100 + 4, 3 * 100 + 4, 3)
    assert [found[50, 50 + 100 * i, 0] for i in range(3)] == [0, 1, 2]
    assert [found[150, 50 + 100 * i, 0] for i in range(3)] == [3, 4, 255]


def test_a_picture_with_nothing_to_draw_stays():
    method = method_of("pixel_cnn", SIZE, True, levels=LEVELS, depth=1)
    whole = np.random.default_rng(0).integers(0, LEVELS, (1, SIZE**2, 1))
    np.testing.assert_array_equal(PixelSampler(method).draw(whole).ravel(), whole.ravel())


@pytest.mark.parametrize("temperature", [-1])
def test_temperatures_below_zero_are_refused(temperature):
    sampler = PixelSampler(method_of("pixel_cnn", SIZE, True, levels=LEVELS, depth=1))
    with pytest.raises(ValueError, match="temperature"):
        sampler.sample(1, temperature=temperature)
