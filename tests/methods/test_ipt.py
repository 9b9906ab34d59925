"""IPT: one task a step, what it costs, what rests, and pictures of any size without seams."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.ndimage import uniform_filter

from mmssl.encoders import ipt_encoder, vit_encoder
from mmssl.encoders.parts.pixels import MEAN
from mmssl.layers.sampling import enlarge
from mmssl.losses import patch_contrast
from mmssl.methods.bases.picture_quality import luma_psnr, luma_ssim
from mmssl.methods.bases.restored import measured_restoration
from mmssl.methods.bases.tiles import restored_bands
from mmssl.methods.ipt import IPT
from mmssl.optimizers.build import adamw
from mmssl.pipelines.images import DegradedCrops
from tests.contract.building import loss_of, unoptimized_graphs
from tests.contract.cases import Case
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close

SIZES = {"decoder_depth": 1, "decoder_num_heads": 2, "decoder_mlp_dim": 8}
TASKS, SCALES = ("denoise_30", "upscale_2", "inpaint"), (1, 2, 1)
CASE = Case(
    "vision/ipt",
    (
        *("--data.batch_size=4", "--data.size=8", "--data.tasks=[denoise_30,upscale_2]"),
        *("--method.encoder.patch_size=4", "--method.encoder.channels=2"),
        *("--method.encoder.depth=1", "--method.encoder.num_heads=2"),
        *("--method.encoder.mlp_dim=8", "--method.encoder.head_blocks=1", "--method.skip=false"),
        *(f"--method.{name}={size}" for name, size in SIZES.items()),
    ),
    # The contrast may fall to log(3) - 2, of which a tenth counts.
    least_loss=0.1 * (np.log(3) - 2),
)


def method_of(tasks=TASKS, scales=SCALES, **options):
    keras.utils.set_random_seed(0)
    encoder = ipt_encoder(8, 4, 2, 1, 2, 8, head_blocks=1)
    return IPT(encoder, tasks, scales, **{**SIZES, **options})


def batch_of(task=0, rows=3):
    draw, side = np.random.default_rng(task), 8 * SCALES[task]
    target = np.zeros((rows, 16, 16, 3), "float32")
    target[:, :side, :side] = draw.uniform(size=(rows, side, side, 3))
    images = draw.uniform(size=(rows, 8, 8, 3)).astype("float32")
    return {"images": images, "target": target, "task": np.full(rows, task, "int32")}


@pytest.mark.parametrize("task", range(3))
def test_the_loss_is_the_formula(task):
    method, batch = method_of(loss_weights={"contrast": 0.5}), batch_of(task)
    outputs, side = method(batch), 8 * SCALES[task]
    found, target = (x[:, :side, :side] for x in (outputs["outputs"].numpy(), batch["target"]))
    error = 255 * np.abs(found.astype("float64") - target).mean()
    expected = error + 0.5 * float(patch_contrast(outputs["patches"]))
    assert_close(float(loss_of(method, batch, training=False)), expected, SUM)
    assert outputs["outputs"].shape == (3, 16, 16, 3)
    assert not outputs["outputs"].numpy()[:, side:].any()


def own_variables(method, task):
    parts = method.heads[task], method.queries[task], method.tails[task]
    return [v for part in parts for v in part.trainable_variables]


def test_what_another_task_has_of_its_own_gets_gradients_of_exactly_zero_and_rests():
    method, traces = method_of(TASKS[:2], SCALES[:2]), []
    made = method.make_optimizers(lambda variables: adamw(variables, 1e-2, weight_decay=0.1))
    variables = method.trainable_variables
    own = [{id(v) for v in own_variables(method, number)} for number in range(2)]

    @tf.function
    def step(batch):
        traces.append(1)
        with tf.GradientTape() as tape:
            loss = loss_of(method, batch)
        gradients = tape.gradient(loss, [v.value for v in variables])
        made["optimizer"].apply(gradients, variables)
        return list(map(tf.convert_to_tensor, gradients))

    for task in (0, 1, 0):
        before = [v.numpy() for v in variables]
        with unoptimized_graphs():
            given = step(tf.nest.map_structure(tf.constant, batch_of(task)))
        for v, old, gradient in zip(variables, before, given, strict=True):
            has_turn = id(v) not in own[1 - task]
            assert np.any(gradient) == np.any(v.numpy() != old) == has_turn
    assert len(traces) == 1


def test_each_task_asks_by_its_own_query():
    method = method_of()
    batch = batch_of(0)
    before = method(batch)["patches"].numpy()
    method.queries[1].tokens.assign_add(np.ones((4, 32)))
    np.testing.assert_array_equal(method(batch)["patches"], before)
    method.queries[0].tokens.assign_add(np.ones((4, 32)) * np.arange(32))
    assert (method(batch)["patches"].numpy() != before).any()


@pytest.mark.parametrize("skip", [False, True])
def test_a_tail_of_zeros_gives_the_mean_color_or_the_enlarged_picture(skip):
    method = method_of(skip=skip)
    batch = batch_of(1)
    for variable in method.tails[1].get_layer("colors").trainable_variables:
        variable.assign(0 * variable)
    expected = enlarge(batch["images"], 2) if skip else np.full((3, 16, 16, 3), MEAN)
    assert_close(method(batch)["outputs"], expected, ROUNDING)


def test_the_network_of_a_task_restores_what_the_method_does_within_what_pixels_are():
    method = method_of()
    for number, name in enumerate(TASKS):
        batch, side = batch_of(number), 8 * SCALES[number]
        restored = method.restorer(name)({"images": batch["images"]})["restored"]
        expected = method(batch)["outputs"][:, :side, :side]
        assert restored.shape == (3, side, side, 3)
        assert_close(restored, np.clip(expected, 0, 1), NETWORK)


def whole(restore, pictures, size, scale=1):
    return np.concatenate(list(restored_bands(restore, pictures, size, scale)), axis=1)


@pytest.mark.parametrize("shape", [(8, 8), (9, 30), (37, 41), (3, 20), (5, 2), (16, 17)])
def test_what_works_pixel_by_pixel_gives_the_same_in_tiles_and_whole(shape):
    pictures = np.random.default_rng(0).random((2, *shape, 3)).astype("float32")
    assert_close(whole(lambda tiles: 2 * tiles - 1, pictures, 8), 2 * pictures - 1, ROUNDING)
    doubled = pictures.repeat(2, axis=1).repeat(2, axis=2)
    found = whole(lambda tiles: tiles.repeat(2, axis=1).repeat(2, axis=2), pictures, 8, 2)
    assert_close(found, doubled, ROUNDING)


def blurred(pictures):
    return uniform_filter(pictures, (0, 3, 3, 0), mode="constant")


def test_a_convolution_leaves_no_seams():
    pictures = np.random.default_rng(0).random((1, 37, 50, 3)).astype("float32")
    assert_close(whole(blurred, pictures, 18), blurred(pictures), ROUNDING)


def test_where_tiles_disagree_one_fades_into_the_other():
    begun = []

    def constants(tiles):
        begun.append(len(tiles))
        return np.arange(len(tiles), dtype="float32")[:, None, None, None] + 0 * tiles

    row = whole(constants, np.zeros((1, 18, 42, 3), "float32"), 18)[0, 0, :, 0]
    assert np.abs(np.diff(row)).max() < 0.5
    assert row[[0, -1]].tolist() == [0, 2]
    assert begun == [8]


def test_progress_counts_all_tiles_and_rows_come_from_the_top():
    told, pictures = [], np.zeros((1, 40, 20, 3), "float32")
    bands = restored_bands(lambda tiles: tiles, pictures, 8, 1, lambda *x: told.append(x))
    heights = [band.shape[1] for band in bands]
    assert sum(heights) == 40
    assert told[-1][0] == told[-1][1] == len(heights) * told[0][0]


def test_quality_is_that_of_the_luma():
    true = np.random.default_rng(0).random((2, 24, 24, 3))
    found = true.copy()
    found[..., 1] = np.clip(found[..., 1] + 0.1, 0, 1)
    error = (found - true)[..., 1] * 129.057 / 256
    expected = np.mean([-10 * np.log10(np.mean(e**2)) for e in error])
    assert_close(luma_psnr(found, true), expected, SUM)
    inner = np.mean([-10 * np.log10(np.mean(e[2:-2, 2:-2] ** 2)) for e in error])
    assert_close(luma_psnr(found, true, 2), inner, SUM)
    assert luma_ssim(true, true) == 1
    of_tensorflow = tf.image.ssim(
        *(
            tf.constant(x @ (np.array([65.738, 129.057, 25.064]) / 256))[..., None]
            for x in (found, true)
        ),
        max_val=1.0,
    )
    assert_close(luma_ssim(found, true), np.mean(of_tensorflow), NETWORK)


def test_restored_pictures_are_measured_beside_a_median_filter_or_interpolation():
    clean = np.full((2, 16, 16, 3), 0.5, "float32")
    seen = clean.copy()
    seen[:, ::5, ::5] = 1
    figures = measured_restoration(seen, clean, clean)
    assert figures["degraded_psnr"] < figures["median_psnr"] == figures["psnr"] == 100
    figures = measured_restoration(clean[:, ::2, ::2], clean, clean)
    assert set(figures) == {"psnr", "ssim", "bicubic_psnr", "bicubic_ssim"}


def test_figures_and_pictures_are_those_of_the_tasks_that_are_drawn():
    data = DegradedCrops("builtin:photos", size=8, batch_size=4, tasks=TASKS, only=("upscale_2",))
    few = data.on(data.prepare().items.select(range(3)))
    method = method_of()
    assert set(method.validate(few)) == {
        f"upscale_2_{name}" for name in ("psnr", "ssim", "bicubic_psnr", "bicubic_ssim")
    }
    [(title, caption, picture)] = method.report_images(few)
    assert title == "Task upscale_2"
    assert "bicubic" in caption
    assert picture.shape == (4 * 16, 3 * 16, 3)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="a scale for each"):
        method_of(scales=(1,))
    with pytest.raises(ValueError, match="the layer 'maps'"):
        IPT(vit_encoder(8, 4, 8, 1, 2, 8))
    with pytest.raises(ValueError, match=r"ipt_encoder\(size=9\)"):
        ipt_encoder(9, 4)
