import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import cpc_encoder, wav2vec_encoder
from mmssl.methods import Wav2Vec2
from tests.contract.cases import Case
from tests.contract.learning import ON_DIGITS
from tests.contract.sizes import TINY_FRAMES
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close

CASE = Case(
    "audio/wav2vec2",
    (
        *TINY_FRAMES,
        "--data.num_distractors=20",
        "--data.mask_ratio=0.5",
        "--data.span=5",
        "--method.projection=16",
        "--method.entries=8",
        "--method.entry_width=8",
    ),
    # 21 candidates that are all alike, but for distractors that are left out.
    initial_loss=(np.log(21), 0.25),
    theory=(
        "--method.temperature=1000",
        "--method.entries=40",
        "--method.loss_weights={'diversity': 0.0, 'feature_penalty': 0.0}",
    ),
    **ON_DIGITS,
    margins={("untrained", "linear"): 0.2, ("untrained", "knn"): 0.2},
)

SIZES = {"channels": 8, "kernel_sizes": (10, 4), "strides": (5, 4), "width": 16, "depth": 2}
BLOCKS = {"num_heads": 2, "mlp_dim": 32, "position_groups": 4, "position_depth": 1, "dropout": 0.0}
FRAMES = 99


def encoder():
    return wav2vec_encoder(**SIZES, **BLOCKS)


def method(**options):
    keras.utils.set_random_seed(0)
    sizes = {"projection": 12, "entries": 6, "entry_width": 5, "target_dropout": 0.0}
    return Wav2Vec2(encoder(), **{**sizes, **options})


def batch_of(rows=3, lengths=(2000, 2000, 1300), seed=0):
    rng = np.random.default_rng(seed)
    kept = np.arange(2000) < np.array(lengths[:rows])[:, None]
    mask = (rng.random((rows, FRAMES)) < 0.4).astype("int32")
    mask[2:, 50:] = 0
    places = [np.flatnonzero(row) for row in mask]
    drawn = [
        [rng.choice(np.setdiff1d(place, [frame]), 7) for frame in range(FRAMES)] for place in places
    ]
    return {
        "waveform": (rng.normal(0, 0.1, (rows, 2000)) * kept).astype("float32"),
        "padding_mask": kept.astype("int32"),
        "mask": mask,
        "distractors": np.array(drawn, "int32"),
        "noise": rng.integers(0, 2**31, (rows, FRAMES)).astype("int32"),
    }


def terms(model, batch, training=False):
    return model.loss_terms(batch, model(batch, training=training), training)


def metric(model, name):
    return float(next(m for m in model.metrics if m.name == name).result())


def test_the_loss_is_the_mean_over_the_masked_frames_term_by_term():
    model, batch = method(), batch_of()
    outputs = {k: np.asarray(x) for k, x in model(batch).items()}
    unit = {k: x / np.linalg.norm(x, axis=-1, keepdims=True) for k, x in outputs.items()}
    losses, hits = [], []
    for row, frame in zip(*np.nonzero(batch["mask"]), strict=True):
        code = outputs["codes"][row, frame]
        chosen = [
            j for j in batch["distractors"][row, frame] if (outputs["codes"][row, j] != code).any()
        ]
        scores = unit["targets"][row, [frame, *chosen]] @ unit["contexts"][row, frame] / 0.1
        losses.append(np.logaddexp.reduce(scores) - scores[0])
        hits.append(len(chosen) > 0 and scores[0] > scores[1:].max())
    model.reset_metrics()
    found = terms(model, batch)
    assert_close(found["contrastive"], np.mean(losses), NETWORK)
    assert_close(metric(model, "accuracy"), np.mean(hits), ROUNDING)


def test_diversity_and_perplexity_are_those_of_the_masked_frames():
    model, batch = method(), batch_of()
    model.reset_metrics()
    outputs = model(batch)
    found, masked = model.loss_terms(batch, outputs, False), batch["mask"] > 0
    even = np.asarray(outputs["probabilities"])[masked].mean(0).astype("float64")
    entropy = -(even * np.log(even)).sum(-1)
    assert_close(found["diversity"], 1 - np.exp(entropy).sum() / 12, SUM, scale=1)
    codes = np.asarray(outputs["codes"])[masked]
    shares = [np.bincount(codes[:, g], minlength=6) / len(codes) for g in range(2)]
    used = [np.exp(-(p[p > 0] * np.log(p[p > 0])).sum()) for p in shares]
    assert_close(metric(model, "code_perplexity"), np.mean(used), NETWORK)


def test_the_penalty_is_the_mean_square_of_what_the_convolutions_make_of_sound():
    model, batch = method(), batch_of()
    latents = keras.Model(model.encoder.input, model.encoder.get_layer("latents").output)
    inputs = {name: batch[name] for name in ("waveform", "padding_mask")}
    squares = np.square(np.asarray(latents(inputs))).mean(-1)
    inside = np.asarray(model(batch)["token_mask"]) > 0
    expected = np.mean([row[kept].mean() for row, kept in zip(squares, inside, strict=True)])
    assert_close(terms(model, batch)["feature_penalty"], expected, SUM)
    assert not inside.all()
    assert model.loss_weights == {"diversity": 0.1, "feature_penalty": 10.0}


def test_targets_see_the_frames_that_are_masked_for_the_contexts():
    model, batch = method(), batch_of()
    whole = {**batch, "mask": 0 * batch["mask"]}
    masked, unmasked = model(batch), model(whole)
    np.testing.assert_array_equal(masked["targets"], unmasked["targets"])
    assert np.abs(np.asarray(masked["contexts"]) - unmasked["contexts"]).max() > 0.01
    encoded = model.encoder({name: batch[name] for name in ("waveform", "padding_mask")})
    assert_close(unmasked["features"], encoded["features"], SUM)


def test_what_is_masked_does_not_reach_the_contexts():
    model, batch = method(), batch_of(rows=2)
    batch["mask"][:] = 0
    batch["mask"][:, 40:60] = 1
    other = batch["waveform"].copy()
    # The level of a recording reaches all its frames: what is swapped keeps mean and variance.
    other[:, 40 * 20 + 45 : 59 * 20] = other[:, 40 * 20 + 45 : 59 * 20][:, ::-1]
    one, two = model(batch), model({**batch, "waveform": other})
    assert_close(one["contexts"], two["contexts"], SUM)
    assert np.abs(np.asarray(one["latents"]) - two["latents"]).max() > 0.01


def test_the_gradient_of_the_convolutions_is_scaled_and_no_value_is():
    batch, found = batch_of(), {}
    for factor in (1.0, 0.1):
        model = method(feature_gradient=factor)
        with tf.GradientTape() as tape:
            loss = model.compute_loss(batch, None, model(batch), None, training=False)
        stem = model.encoder.get_layer("stem_1").kernel
        tokens = model.encoder.get_layer("tokens").kernel
        found[factor] = (float(loss), *tape.gradient(loss, [stem.value, tokens.value]))
    assert found[1.0][0] == found[0.1][0]
    assert_close(found[0.1][1], 0.1 * found[1.0][1].numpy(), NETWORK)
    assert_close(found[0.1][2], found[1.0][2].numpy(), NETWORK)


def test_the_temperature_of_the_noise_falls_once_a_step():
    model, batch = method(gumbel_decay=0.5, final_gumbel_temperature=0.3), batch_of()
    model.compile(keras.optimizers.SGD(0.0))
    data, seen = tf.data.Dataset.from_tensors(batch), []
    for _ in range(4):
        seen.append(float(model.quantizer.current_temperature()))
        model.fit(data, epochs=1, verbose=0)
    model.evaluate(data, verbose=0)
    assert_close(seen, [2.0, 1.0, 0.5, 0.3], ROUNDING)
    assert int(model.quantizer.steps) == 4


def test_equal_codes_everywhere_are_no_success():
    model, batch = method(), batch_of()
    model.quantizer.logits.kernel.assign(0 * model.quantizer.logits.kernel)
    model.quantizer.logits.bias.assign(np.tile([9.0, 0, 0, 0, 0, 0], 2))
    model.reset_metrics()
    assert float(terms(model, batch)["contrastive"]) == 0
    assert metric(model, "accuracy") == 0
    assert_close(metric(model, "code_perplexity"), 1, NETWORK)
    bounds = model.metric_bounds()
    assert bounds["code_perplexity"].minimum > 1
    assert bounds["accuracy"].minimum > 0


def test_the_noise_of_the_targets_comes_from_the_batch_and_only_in_training():
    model, batch = method(), batch_of()
    other = {**batch, "noise": batch["noise"] + 1}
    np.testing.assert_array_equal(model(batch)["codes"], model(other)["codes"])
    noisy, again, others = (model(x, training=True)["codes"] for x in (batch, batch, other))
    np.testing.assert_array_equal(noisy, again)
    assert not np.array_equal(noisy, others)


def test_the_encoder_has_none_of_the_heads():
    model = method()
    own = {id(v) for v in model.encoder.variables}
    parts = (model.quantizer, model.context_projection, model.target_projection, model.mask_token)
    assert all(id(v) not in own for part in parts for v in part.variables)


def test_wrong_arguments_are_refused():
    for options in ({"temperature": 0.0}, {"feature_gradient": -1.0}, {"entries": 1}):
        with pytest.raises(ValueError, match=next(iter(options))):
            method(**options)
    with pytest.raises(ValueError, match="latents"):
        Wav2Vec2(cpc_encoder(channels=8, context_dim=8))
