"""Jukebox: the loss of its levels, independent of each other, codes and back."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import dilated_residual_encoder
from mmssl.losses.multispectral import multispectral_distance, multispectral_norm
from mmssl.methods.jukebox import Jukebox
from mmssl.pipelines.audio import WaveTargets
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.tolerances import ROUNDING, SUM, assert_close

NAMES = ("vectors", "quantized", "decoded")
RESOLUTIONS = ((64, 8, 32), (32, 4, 16))
LEVEL = {"width": 4, "depth": 1, "out_width": 4}
CASE = Case(
    "audio/jukebox",
    (
        *("--data.batch_size=4", "--data.window=256", "--method.entries=8"),
        *("--method.largest_count=64", "--method.resolutions=[[64,16,32]]"),
        *(f"--method.levels.{x}.{n}={v}" for x in ("top", "bottom") for n, v in LEVEL.items()),
        *("--method.levels.top.halvings=[2]", "--method.levels.bottom.halvings=[1]"),
        "--fit.jit_compile=false",
    ),
)


def method_of(**options):
    keras.utils.set_random_seed(0)
    levels = {
        "top": dilated_residual_encoder((1, 2), 4, 2, out_width=4),
        "bottom": dilated_residual_encoder((1,), 4, 2, out_width=4),
    }
    given = {"entries": 6, "largest_count": 16, "resolutions": RESOLUTIONS, **options}
    return Jukebox(levels, (128,), **given)


@pytest.fixture
def batch():
    wave = np.random.default_rng(0).normal(0, 0.3, (3, 128)).astype("float32")
    return {"waveform": wave, "padding_mask": np.ones((3, 128), "int32"), "target": wave}


def test_the_loss_is_the_formula_summed_over_the_levels(batch):
    method = method_of()
    method.variance.assign(0.25)
    method.norm.assign(4.0)
    expected, x = 0.0, batch["waveform"].astype("float64")
    outputs = method(batch)
    for level in method.levels:
        found = {n: np.asarray(outputs[n][level], "float64") for n in NAMES}
        errors = (x - found["decoded"]) ** 2
        largest = np.sort(errors, axis=1)[:, -16:].mean()
        spectral = np.mean(multispectral_distance(x, found["decoded"], RESOLUTIONS))
        apart = np.mean((found["vectors"] - found["quantized"]) ** 2)
        expected += (errors.mean() + 0.02 * largest) / 0.25 + spectral / 4 + 0.02 * apart
    assert_close(float(loss_of(method, batch, training=False)), expected, SUM)


def test_codes_have_the_rate_of_their_level_and_lead_back_bit_by_bit(batch):
    method = method_of()
    codes = method.encode_indices(batch)
    assert {level: x.shape for level, x in codes.items()} == {"top": (3, 16), "bottom": (3, 64)}
    assert {x.dtype for x in codes.values()} == {np.dtype("int32")}
    entries, decoded = method.lookup(codes), method.infer(batch)["decoded"]
    for level in method.levels:
        np.testing.assert_array_equal(method.decode({level: entries[level]}), decoded[level])
    np.testing.assert_array_equal(method.decode(entries), decoded["bottom"])


def test_no_level_depends_on_another(batch):
    method = method_of()
    with tf.GradientTape() as tape:
        outputs = method(batch, training=True)
        loss = tf.reduce_sum(outputs["decoded"]["top"])
    others = [*method.encoders["bottom"].weights, *method.decoders["bottom"].weights]
    assert all(gradient is None for gradient in tape.gradient(loss, [v.value for v in others]))


def test_the_codebooks_get_no_gradient_and_move_in_training_alone(batch):
    method = method_of()
    books = [method.quantizer[level].codebook for level in method.levels]
    assert not {id(v) for v in method.trainable_variables} & {id(v) for v in books}
    before = [book.numpy() for book in books]
    loss_of(method, batch, training=False)
    for book, old in zip(books, before, strict=True):
        np.testing.assert_array_equal(book, old)
    loss_of(method, batch, training=True)
    assert all((book.numpy() != old).any() for book, old in zip(books, before, strict=True))


def test_a_dead_entry_becomes_a_frame_of_the_batch(batch):
    method = method_of()
    book = method.quantizer["top"]
    book.codebook.assign(tf.concat([book.codebook[:5], 100.0 + book.codebook[5:]], axis=0))
    book.counts.assign(np.zeros(6, "float32"))
    vectors = np.asarray(method(batch)["vectors"]["top"]).reshape(-1, 4)
    loss_of(method, batch, training=True)
    # Smoothing of the counts moves it by a hundred-thousandth of itself.
    apart = np.abs(book.codebook.numpy()[5] - vectors).max(axis=1).min()
    assert apart < 1e-3 * np.abs(vectors).max()


def test_errors_are_divided_by_what_the_data_are_like(batch):
    method = method_of()
    method.adapt(tf.data.Dataset.from_tensors(batch))
    assert_close(method.variance, batch["waveform"].var(dtype="float64"), SUM)
    norms = multispectral_norm(batch["waveform"], RESOLUTIONS)
    assert_close(method.norm, np.mean(norms), SUM)


def test_the_encoder_that_is_kept_gives_entries_of_the_top(batch):
    method = method_of()
    found = method.export_encoder()({n: batch[n] for n in ("waveform", "padding_mask")})
    quantized = np.asarray(method(batch)["quantized"]["top"])
    np.testing.assert_array_equal(found["features"], quantized)
    assert_close(found["embedding"][:, :4], quantized.mean(axis=1), ROUNDING)


def test_figures_pictures_and_sounds_tell_of_each_level():
    clips = [np.random.default_rng(n).normal(0, 0.1, 100 + 20 * n) for n in range(4)]
    data = WaveTargets([x.astype("float32") for x in clips], window=128, batch_size=2).prepare()
    data, method = data.on(data.items), method_of()
    figures = method.validate(data)
    assert set(figures) == {
        f"{name}_{level}" for name in ("snr", "perplexity", "used") for level in ("top", "bottom")
    }
    assert len(method.report_images(data)) == 2
    [(_, clips)] = method.report_sounds(data)
    assert [list(clip) for clip in clips] == 4 * [["original", "top", "bottom"]]
    assert len(clips[0]["original"]) == 100


def test_what_does_not_fit_is_refused():
    encoder = dilated_residual_encoder((1,), 4, 2, out_width=4)
    with pytest.raises(ValueError, match="long frames to short"):
        Jukebox({"top": encoder, "bottom": encoder}, (128,))
    with pytest.raises(ValueError, match="largest_count=200"):
        method_of(largest_count=200)
    with pytest.raises(ValueError, match="at most 256"):
        method_of(resolutions=((512, 64, 256),))
