import keras
import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from mmssl.encoders import small_conv_encoder, vit_encoder
from mmssl.methods.dino import DINO
from mmssl.training.pretraining import pretrain
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.contract.sizes import TINY_MULTI_CROP
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close, multiples, rounding

CASE = Case(
    "vision/dino",
    (*TINY_MULTI_CROP, "--method.head=[16,16,8]", "--method.out_dim=32"),
    # A student that tells nothing apart.
    initial_loss=(np.log(32), 0.01),
    theory=("--method.student_temperature=100",),
    **on_clothes(0.02),
)

SIZES = {"head": (6, 6, 4), "out_dim": 10}


def tiny(**kwargs):
    keras.utils.set_random_seed(0)
    encoder = small_conv_encoder(8, (4, 6), (2, 1))
    method = DINO(encoder, **{**SIZES, "final_momentum": None, **kwargs})
    method.compile(keras.optimizers.SGD(0.5))
    return method


def crops(sizes=(8, 8, 4), rows=5, seed=0):
    draw = np.random.default_rng(seed)
    return {
        f"images_{place}": draw.uniform(size=(rows, size, size, 3)).astype("float32")
        for place, size in enumerate(sizes, start=1)
    }


def embeddings(encoder, batch, training):
    return [
        encoder.call({"images": batch[f"images_{i}"]}, training=training)["embedding"]
        for i in (1, 2, 3)
    ]


def test_the_loss_is_the_mean_over_every_global_crop_and_every_other_crop():
    method, batch = tiny(), crops()
    center = np.random.default_rng(1).normal(size=10).astype("float32") / 10
    method.center.assign(center)
    logits = [method.head(x).numpy() for x in embeddings(method.encoder, batch, False)]
    costs = []
    for i in (0, 1):
        target = softmax((logits[i] - center) / 0.04, axis=-1)
        for v in (0, 1, 2):
            if v != i:
                costs.append(-(target * log_softmax(logits[v] / 0.1, axis=-1)).sum(-1).mean())
    loss = method.compute_loss(x=batch, y_pred=method(batch), training=False)
    assert len(costs) == 2 * 3 - 2
    assert_close(loss, np.mean(costs), SUM)


def test_logits_are_cosines():
    method, batch = tiny(), crops()
    outputs = method(batch)
    assert [x.shape for x in outputs] == [(5, 10)] * 3
    assert np.abs(outputs).max() <= 1 + SUM * rounding()


def test_a_batch_moves_the_center_after_its_loss_was_taken(monkeypatch):
    method, batch = tiny(), crops()
    targets = np.split(np.random.default_rng(1).normal(size=(10, 10)).astype("float32") / 10, 2)
    monkeypatch.setattr(method, "_targets", lambda batch, training: targets)
    outputs = method(batch)
    before, taken, after = (
        float(method.compute_loss(x=batch, y_pred=outputs, training=training))
        for training in (False, True, False)
    )
    assert taken == before != after


def test_the_bottleneck_is_offered_to_who_watches_for_collapse():
    method, images = tiny(), {"images": crops()["images_1"]}
    bottleneck = method.projection_model()(images)["embedding"]
    logits = method.head(method.encoder(images)["embedding"])
    assert_close(method.directions(bottleneck), logits, SUM)
    assert bottleneck.shape == (5, 4)


def test_the_center_moves_a_tenth_of_the_way_to_the_teachers_mean():
    method, batch = tiny(), crops()
    both = {"images": np.concatenate([batch["images_1"], batch["images_2"]])}
    embedding = method.teacher.model(both, training=True)["embedding"]
    expected = 0.1 * np.mean(method.teacher_head.model(embedding), axis=0)
    method.train_on_batch(batch)
    assert_close(method.center, expected, SUM)


def test_after_fit_the_deployed_encoder_is_the_moving_average_of_every_step():
    method = tiny(momentum=0.8)
    kernel, expected = method.encoder.trainable_variables[0], None
    expected = kernel.numpy()

    class Follow(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            nonlocal expected
            expected = 0.8 * expected + 0.2 * kernel.numpy()

    for _ in range(2):  # a second fit goes on where the first one ended
        method.fit(crops(rows=6), batch_size=2, verbose=0, callbacks=[Follow()])
        deployed = method.export_encoder().weights[0]
        assert_close(deployed, expected, NETWORK)
    assert multiples(kernel, expected) > NETWORK


def test_the_teachers_head_is_the_moving_average_of_the_students():
    method = tiny(momentum=0.8)
    expected, num_heads = method.head.get_weights(), []
    for _ in range(3):
        num_heads.append(method.head.get_weights())
        method.train_on_batch(crops())
    for head in num_heads[1:]:  # the first call finds two equal heads
        expected = [0.8 * old + 0.2 * new for old, new in zip(expected, head, strict=True)]
    for got, want in zip(method.teacher_head.model.get_weights(), expected, strict=True):
        assert_close(got, want, SUM)
    assert any(multiples(a, b) > NETWORK for a, b in zip(num_heads[0], num_heads[2], strict=True))


def test_the_teacher_has_nothing_to_train_and_no_dropout():
    encoder = vit_encoder(8, 4, 8, 1, 2, 16, dropout=0.5)
    method = DINO(encoder, **SIZES)
    taught = {id(v) for v in (*method.teacher.weights, *method.teacher_head.weights)}
    assert not taught & {id(v) for v in method.trainable_variables}
    images = {"images": crops()["images_1"]}
    expected = encoder(images)["embedding"]
    assert_close(method.teacher(images, training=True)["embedding"], expected, SUM)


def test_a_run_saves_and_gives_back_the_teachers_encoder(tmp_path):
    small = [
        "--data.batch_size=4",
        "--data.size=8",
        "--data.num_small_views=1",
        "--data.small_size=4",
    ]
    small += ["--method.encoder.channels=[4]", "--method.encoder.strides=[2]"]
    small += ["--method.head=[4,4]", "--method.out_dim=6", "--method.momentum=0.5"]
    overrides = [*small, "--fit.steps=3", "--fit.monitor_examples=4"]
    run = pretrain("vision/dino", tmp_path, overrides, quiet=True)
    method = run.method()
    deployed = method.export_encoder().get_weights()
    for one, two in zip(deployed, run.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert int(method.teacher.updates) == 4  # the first of which does not count
    assert np.abs(deployed[0] - method.encoder.get_weights()[0]).max() > 0


def test_the_directions_are_frozen_in_the_first_steps():
    method, batch = tiny(frozen_steps=2), crops()
    start = method.directions.kernel.numpy()
    for moved in (False, False, True):
        method.train_on_batch(batch)
        assert (np.abs(method.directions.kernel - start).max() > 0) == moved


def test_the_teachers_temperature_rises_along_a_line():
    method = tiny(teacher_temperature=0.07, initial_teacher_temperature=0.04, temperature_steps=3)
    for expected in (0.04, 0.05, 0.06, 0.07, 0.07):
        assert_close(method.current_temperature(), expected, ROUNDING)
        method.train_on_batch(crops())


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="teacher_temperature must be above 0; got 0"):
        tiny(teacher_temperature=0)
    with pytest.raises(ValueError, match="momentum"):
        tiny(momentum=2.0)
    with pytest.raises(ValueError, match="two or more views of images, numbered from _1; got 1"):
        tiny()({"images_1": crops()["images_1"]})
