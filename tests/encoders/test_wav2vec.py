import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import cut, wav2vec_encoder
from mmssl.encoders.parts import stages
from mmssl.layers import ChannelNormalization, StandardizeWaveform
from tests.tolerances import NETWORK, SUM, assert_close, multiples, rounding

SIZES = {"width": 16, "depth": 2, "num_heads": 2, "mlp_dim": 32, "dropout": 0.0}
TINY = {
    **SIZES,
    "channels": 8,
    "kernel_sizes": (10, 3, 3, 3, 3, 2),
    "strides": (5, 2, 2, 2, 2, 2),
    "position_kernel_size": 7,
    "position_groups": 4,
}


def sound(samples, rows=2, seed=0):
    wave = np.random.default_rng(seed).normal(0.05, 0.1, (rows, samples)).astype("float32")
    return {"waveform": wave, "padding_mask": np.ones((rows, samples), "int32")}


def padded(batch, more):
    return {name: np.pad(x, ((0, 0), (0, more))) for name, x in batch.items()}


@pytest.fixture(scope="module")
def tiny():
    keras.utils.set_random_seed(0)
    options = {
        "layer": {"stem_norm": "layer"},
        "channel": {"stem_norm": "channel"},
        "alibi": {"alibi": "learned"},
    }
    return {name: wav2vec_encoder(**TINY, **own) for name, own in options.items()}


every = pytest.mark.parametrize("kind", ["layer", "channel", "alibi"])


@pytest.mark.parametrize(("samples", "frames"), [(16000, 49), (32000, 99), (250000, 781)])
def test_the_papers_convolutions_make_a_frame_of_20_ms_at_16_khz(samples, frames):
    encoder = wav2vec_encoder(channels=2, **{**SIZES, "position_groups": 4})
    shape = {"waveform": (1, samples), "padding_mask": (1, samples)}
    assert encoder.compute_output_shape(shape)["features"] == (1, frames, 16)


def test_16000_samples_at_8_khz_are_99_frames(tiny):
    assert tiny["layer"](sound(16000))["features"].shape == (2, 99, 16)


def test_a_frame_of_the_stem_sees_its_240_samples_alone(tiny):
    tokens = keras.Model(tiny["layer"].input, tiny["layer"].get_layer("tokens").output)
    batch = sound(4000, rows=1)
    # Two changes that leave mean and variance as they are.
    changed = {**batch, "waveform": batch["waveform"].copy()}
    changed["waveform"][0, [2000, 2001]] = batch["waveform"][0, [2001, 2000]]
    before, after = np.asarray(tokens(batch)), np.asarray(tokens(changed))
    moved = np.abs(after - before).max(axis=(0, 2)) > SUM * rounding(np.abs(before).max())
    covers = [f * 160 <= 2001 and f * 160 + 240 > 2000 for f in range(moved.size)]
    np.testing.assert_array_equal(moved, covers)


@every
@pytest.mark.parametrize("block", [None, "block_1"])
def test_padding_and_batching_change_nothing_within_the_recording(tiny, kind, block):
    encoder = cut(tiny[kind], block) if block else tiny[kind]
    short, long = sound(3000, rows=1), sound(4321, rows=1, seed=1)
    joined = {n: np.concatenate([padded(short, 1321)[n], long[n]]) for n in short}
    joined["waveform"][0, 3000:] = 0.7  # what stands in the padding must not matter
    together = encoder(joined)
    for row, alone in enumerate((encoder(short), encoder(long))):
        frames = alone["features"].shape[1]
        assert_close(together["features"][row, :frames], alone["features"][0], NETWORK)
        assert_close(together["embedding"][row], alone["embedding"][0], NETWORK)


def test_a_cut_after_the_last_block_is_the_encoder(tiny):
    whole = tiny["layer"](sound(3000))
    for name, value in cut(tiny["layer"], "block_2")(sound(3000)).items():
        assert_close(value, whole[name], SUM)


def test_level_and_offset_of_a_recording_do_not_matter(tiny):
    batch = sound(3000)
    other = {**batch, "waveform": 0.03 * batch["waveform"] - 0.2}
    assert_close(tiny["layer"](other)["embedding"], tiny["layer"](batch)["embedding"], NETWORK)


@every
def test_the_parts_of_the_encoder_compute_what_it_computes(tiny, kind):
    encoder = tiny[kind]
    local = stages.local(encoder)(padded(sound(3000), 500))
    features = stages.context(encoder)(stages.positions(encoder)(local))["features"]
    whole = encoder(padded(sound(3000), 500))
    assert_close(features, whole["features"], SUM)


@every
def test_the_encoder_comes_back_from_its_file(tiny, tmp_path, kind):
    tiny[kind].save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras")
    for name, value in tiny[kind](sound(1000)).items():
        np.testing.assert_array_equal(loaded(sound(1000))[name], value)


def test_alibi_tells_every_block_how_far_frames_are_apart(tiny):
    encoder, batch = tiny["alibi"], sound(3000)
    inputs = {encoder.get_layer(f"block_{k}_attention")._inbound_nodes[0] for k in (1, 2)}
    assert all(encoder.get_layer("bias").output in node.input_tensors for node in inputs)
    before = encoder(batch)["features"].numpy()
    encoder.get_layer("bias").scale.assign(np.full(2, 1e6))
    alone = encoder(batch)["features"].numpy()
    encoder.get_layer("bias").scale.assign(np.ones(2))
    assert multiples(alone, before) > NETWORK
    fixed = wav2vec_encoder(**TINY, alibi="fixed")
    assert len(fixed.weights) == len(encoder.weights) - 1


def test_pre_norm_blocks_end_in_a_norm():
    features = wav2vec_encoder(**TINY, norm="pre")(sound(1000))["features"]
    assert_close(np.mean(features, axis=-1), 0, SUM, scale=1)


def test_channels_are_normalized_over_the_frames_inside():
    x = np.random.default_rng(0).normal(3, 2, (2, 40, 5)).astype("float32")
    mask = (np.arange(40) < [[40], [25]]).astype("int32")
    normal = np.asarray(ChannelNormalization(epsilon=1e-12)([x, mask]))
    for row, count in zip(normal, (40, 25), strict=True):
        assert_close(row[:count].mean(axis=0), 0, SUM, scale=1)
        assert_close(row[:count].std(axis=0), 1, SUM)


def test_recordings_get_a_mean_of_zero_and_a_variance_of_one_and_silence_stays():
    batch = padded(sound(500), 100)
    batch["waveform"][1] = 0
    wave = np.asarray(StandardizeWaveform()([batch["waveform"], batch["padding_mask"]]))
    assert_close(wave[0, :500].mean(), 0, SUM, scale=1)
    assert_close(wave[0, :500].std(), 1, SUM)
    assert not wave[0, 500:].any()
    assert not wave[1].any()


@every
def test_digital_silence_has_gradients_of_ordinary_size(tiny, kind):
    encoder, batch = tiny[kind], sound(3000)
    batch["waveform"][0, 800:2000] = 0

    def gradients(batch):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(encoder(batch)["features"][..., :4]))
        return tf.linalg.global_norm(tape.gradient(loss, encoder.trainable_variables))

    assert gradients(batch) < 30 * gradients(sound(3000))


@pytest.mark.parametrize(
    "build",
    [
        lambda: wav2vec_encoder(kernel_sizes=(10,), strides=(5, 2)),
        lambda: wav2vec_encoder(kernel_sizes=(3,), strides=(5,)),
        lambda: wav2vec_encoder(width=100, num_heads=12),
        lambda: wav2vec_encoder(position_kernel_size=8),
    ],
)
def test_arguments_that_do_not_belong_together_are_refused(build):
    with pytest.raises(ValueError, match="needs"):
        build()
