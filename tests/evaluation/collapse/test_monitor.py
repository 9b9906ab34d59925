import csv
import warnings

import keras
import numpy as np
import pytest

from mmssl.evaluation.collapse.diagnostics import diagnose
from mmssl.evaluation.collapse.monitor import (
    CollapseMonitor,
    CollapseWarning,
    collapse_signs,
    projection_signs,
)
from mmssl.runs import RunFolder, read_history
from mmssl.runs.history import History
from tests.tolerances import ROUNDING, assert_close


class Plain(keras.Model):
    """A model whose encoder does not change while it is fitted."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def export_encoder(self):
        return self.encoder

    def projection_model(self):
        return None

    def call(self, batch):
        return keras.ops.mean(self.encoder(batch)["embedding"], axis=1)


def dense_encoder():
    x = inputs = keras.Input((16,), name="x")
    features = keras.layers.Dense(32, name="block_1")(x)
    embedding = keras.layers.Dense(24, name="last")(features)
    return keras.Model({"x": inputs}, {"features": features, "embedding": embedding})


def examples(seed=0):
    x = np.random.default_rng(seed).normal(size=(128, 16)).astype("float32")
    return [{"x": x[:100]}, {"x": x[100:]}]


def fit(encoder, *callbacks, epochs=3):
    model = Plain(encoder)
    model.compile(keras.optimizers.SGD(0.0), "mse")
    batch = {"x": np.zeros((4, 16), "float32")}
    return model.fit(
        batch, np.zeros(4), epochs=epochs, verbose=0, callbacks=list(callbacks)
    ).history


def zero(encoder):
    layer = encoder.get_layer("last")
    layer.set_weights([0 * weight for weight in layer.get_weights()])
    return encoder


def warnings_of(monitor, looks):
    """Lets a monitor find these signs, look by look; returns (number of the look, warning)."""
    told = []
    for number, signs in enumerate(looks):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            monitor._report(signs)
        told += [(number, warning) for warning in caught]
    return told


def test_a_healthy_random_network_gives_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error", CollapseWarning)
        history = fit(dense_encoder(), CollapseMonitor(examples()))
    assert history["embedding_std_ratio"][0] > 0.5


def test_a_network_whose_last_layer_is_zero_gives_one_warning():
    with pytest.warns(CollapseWarning, match="nearly equal") as told:
        fit(zero(dense_encoder()), CollapseMonitor(examples()), epochs=5)
    assert len(told) == 1


def test_a_single_poor_look_gives_no_warning():
    looks = [{"spread": "poor"}, {}, {"spread": "poor"}, {"rank": "poor"}, {"spread": "poor"}]
    assert warnings_of(CollapseMonitor(examples(), patience=2), looks) == []


def test_the_same_finding_in_a_row_is_told_once_and_anew_when_it_returns():
    monitor = CollapseMonitor(examples(), patience=2)
    spread, rank = {"spread": "narrow"}, {"rank": "low"}
    looks = [spread | rank, spread, spread, spread | rank, spread | rank, {}, spread, spread]
    told = [(look, str(w.message)) for look, w in warnings_of(monitor, looks)]
    assert [look for look, _ in told] == [1, 4, 7]
    assert "narrow" in told[0][1]
    assert "low" not in told[0][1]
    assert "narrow; low" in told[1][1]


def test_collapse_stops_the_training_after_as_many_looks_as_asked():
    monitor = CollapseMonitor(examples(), patience=2, stop=True)
    with pytest.warns(CollapseWarning) as told:
        history = fit(zero(dense_encoder()), monitor, epochs=5)
    assert len(told) == 1
    assert len(history["loss"]) == 2
    assert "Training stops" in monitor.reason


def test_a_collapse_in_the_course_of_training_is_noticed():
    class Zeroing(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                zero(self.model.encoder)

    monitor = CollapseMonitor(examples(), patience=1, stop=True)
    with pytest.warns(CollapseWarning):
        history = fit(dense_encoder(), Zeroing(), monitor, epochs=5)
    assert len(history["loss"]) == 2


def test_the_figures_reach_the_callbacks_that_follow(tmp_path):
    log = keras.callbacks.CSVLogger(tmp_path / "history.csv")
    pairs = [{"x": np.repeat(batch["x"], 2, axis=0)} for batch in examples()]
    fit(dense_encoder(), CollapseMonitor(examples(), pairs=pairs), log, epochs=2)
    rows = list(csv.DictReader((tmp_path / "history.csv").open()))
    assert len(rows) == 2
    assert_close(float(rows[1]["alignment"]), 0, ROUNDING, scale=1, dtype="float64")
    assert {"embedding_std_ratio", "rankme", "uniformity", "mean_cosine"} <= set(rows[0])


def test_every_looks_at_the_first_epoch_and_then_at_every_so_many():
    history = fit(dense_encoder(), CollapseMonitor(examples(), every=3), epochs=5)
    assert len(history["rankme"]) == 2


def test_a_narrow_cone_at_the_start_is_no_collapse():
    rng = np.random.default_rng(0)
    cone = 10 + rng.normal(size=(200, 16))
    narrow = diagnose(cone)
    assert narrow["mean_cosine"] > 0.95
    assert collapse_signs(narrow, cone.shape)
    assert not collapse_signs(narrow, cone.shape, start=narrow)
    assert collapse_signs(diagnose(cone + 100), cone.shape, start=narrow)


def test_embeddings_that_get_better_are_excused_unless_they_are_dead():
    wide, narrow, narrower = drawn(), drawn(mean=6), drawn(mean=16)
    shape = (128, 16)
    for before in ([narrow], [narrow, narrower]):
        assert set(collapse_signs(narrower, shape, wide, before)) == {"spread", "cosine"}
    assert collapse_signs(narrow, shape, wide, [narrower]) == {}
    assert collapse_signs(narrow, shape, wide, []) == {}
    assert set(collapse_signs(drawn(0.0), shape, wide, [])) == {"spread", "rank"}


def test_a_spread_that_doubles_from_look_to_look_is_no_collapse_however_small():
    """MobileNetV3, until the moving statistics of its batch norms have followed."""
    looks = [
        drawn() | {"embedding_std_ratio": spread, "rankme": 1.0, "top_variance_ratio": 1.0}
        for spread in (2e-7, 2e-6, 2e-5, 3e-5)
    ]
    for signs in (
        lambda now, before: collapse_signs(now, (128, 16), drawn(0.0), before),
        projection_signs,
    ):
        assert signs(looks[0], [])
        assert signs(looks[1], looks[:1]) == signs(looks[2], looks[:2]) == {}
        assert signs(looks[3], looks[:3])


def test_a_low_rank_counts_below_a_tenth_of_that_before_training():
    """data2vec on sound keeps a fifth of it, and learns."""
    start, shape = drawn() | {"rankme": 70.0}, (256, 256)
    for rank, signs in ((14.0, set()), (6.9, {"rank"})):
        now = drawn() | {"rankme": rank}
        assert set(collapse_signs(now, shape, start, [start])) == signs


def test_a_sound_method_that_contracts_for_one_look_is_excused():
    told = []
    monitor = CollapseMonitor(examples(), tell=told.append)
    monitor._shape, monitor._start = (128, 16), drawn()
    for mean in (3, 8, 3, 3.5, 3):
        monitor._report(monitor._signs(drawn(mean=mean)))
    assert told == []
    for mean in (8, 9):
        monitor._report(monitor._signs(drawn(mean=mean)))
    assert "their spread is" in told[0]


def test_embeddings_that_are_not_finite_count_as_collapsed():
    encoder = dense_encoder()
    layer = encoder.get_layer("last")

    class Diverging(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            layer.set_weights([np.nan * weight for weight in layer.get_weights()])

    monitor = CollapseMonitor(examples(), patience=2, stop=True)
    with pytest.warns(CollapseWarning, match="diverged"):
        history = fit(encoder, Diverging(), monitor, epochs=5)
    assert len(history["loss"]) == 2


def test_the_start_can_be_given_for_a_run_that_goes_on():
    monitor = CollapseMonitor(examples(), untrained=dense_encoder())
    with pytest.warns(CollapseWarning):
        fit(zero(dense_encoder()), monitor)


@pytest.mark.parametrize("argument", ["every", "patience"])
def test_numbers_of_looks_below_one_are_refused(argument):
    with pytest.raises(ValueError, match=argument):
        CollapseMonitor(examples(), **{argument: 0})


def drawn(*factors, mean=0.0):
    """Figures of vectors whose directions have these deviations."""
    rows = mean + np.random.default_rng(0).normal(size=(128, 16))
    return diagnose(rows * np.resize(factors or (1.0,), 16))


def test_projections_are_sound_until_their_spread_or_most_of_their_rank_is_lost():
    draw = np.random.default_rng(0)
    sound = drawn()
    assert projection_signs(sound, []) == projection_signs(sound, [sound]) == {}
    few = diagnose(draw.normal(size=(128, 3)) @ draw.normal(size=(3, 16)))
    assert set(projection_signs(few, [sound, few])) == {"projected effective rank"}
    assert projection_signs(few, [few]) == {}


def test_a_rank_that_falls_while_the_variance_spreads_is_no_collapse():
    """As Barlow Twins on photographs: whose rank falls, its variance less along one direction."""
    first = drawn() | {"rankme": 104.0, "top_variance_ratio": 0.25}
    later = drawn() | {"rankme": 25.0, "top_variance_ratio": 0.16}
    assert projection_signs(later, [first, later]) == {}
    gathered = later | {"top_variance_ratio": 0.3}
    assert set(projection_signs(gathered, [first])) == {"projected effective rank"}


def test_a_warning_names_no_file_and_can_be_told_otherwise():
    told, text = [], {"spread": "narrow"}
    ((_, warning),) = warnings_of(CollapseMonitor(examples(), patience=1), [text])
    shown = warnings.formatwarning(
        warning.message, warning.category, warning.filename, warning.lineno
    )
    assert shown == "mmssl:0: CollapseWarning: The embeddings are collapsing: narrow.\n"
    monitor = CollapseMonitor(examples(), patience=1, tell=told.append)
    assert warnings_of(monitor, [text]) == []
    assert told == ["The embeddings are collapsing: narrow."]


def test_projections_that_are_narrow_are_excused_at_first_and_while_their_spread_rises():
    narrow, narrower = drawn(mean=3), drawn(mean=4)
    assert projection_signs(narrow, []) == {}
    assert projection_signs(narrow, [narrower]) == {}
    assert set(projection_signs(narrower, [narrow])) == {"projected spread"}
    assert "projected spread" in projection_signs(drawn(0.0), [])


def test_projections_near_a_line_are_excused_at_first_and_while_they_leave_it():
    """Their spread is even and their mean cosine low: two opposite heaps."""
    line = drawn(4.0, *[0.5] * 15)
    nearer = drawn(4.0, *[0.4] * 15)
    assert line["embedding_std_ratio"] > 0.5
    assert abs(line["mean_cosine"]) < 0.1
    assert projection_signs(line, []) == projection_signs(line, [nearer]) == {}
    text = projection_signs(nearer, [line])["projected line"]
    assert "of the variance of their projections lies along one direction" in text


def test_projections_that_shrink_are_found_where_their_length_counts():
    def looks(*deviations):
        return [{**drawn(), "std": std} for std in deviations]

    *before, now = looks(0.1, 1.0, 0.5)
    assert projection_signs(now, before) == {}
    *before, now = looks(0.1, 1.0, 0.3)
    text = projection_signs(now, before)["projected standard deviation"]
    assert text == "the standard deviation of their projections has fallen from 1 to 0.3"


SHRINKING = (1.0, 0.9, 0.3, 0.2, 0.1)


class Comparing(Plain):
    """Compares what its encoder gives, lengths included."""

    norm_sensitive = True

    def projection_model(self):
        return self.encoder


def shrink(folder, encoder, first, last):
    """Trains these epochs, in which the embedding shrinks, and looks; returns monitor, history."""
    history = History(RunFolder(folder), first - 1, steps_per_epoch=1)
    whole = encoder.get_layer("last").get_weights()

    def scale(epoch, logs):
        encoder.get_layer("last").set_weights([SHRINKING[epoch] * weight for weight in whole])

    model = Comparing(encoder)
    model.compile(keras.optimizers.SGD(0.0), "mse")
    monitor = CollapseMonitor(examples(), stop=True, history=history.rows)
    callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=scale), monitor, history]
    batch = {"x": np.zeros((4, 16), "float32")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)
        model.fit(
            batch,
            np.zeros(4),
            initial_epoch=first,
            epochs=last,
            verbose=0,
            callbacks=callbacks,
        )
    encoder.get_layer("last").set_weights(whole)
    return monitor, read_history(history.path)


@pytest.mark.parametrize("interrupted", [1, 3])
def test_a_resumed_training_is_stopped_where_the_uninterrupted_one_is(interrupted, tmp_path):
    encoder, parts = dense_encoder(), tmp_path / "parts"
    parts.mkdir()
    whole, rows = shrink(tmp_path, encoder, 0, 5)
    assert len(rows) == 4
    assert "deviation of their projections has fallen" in whole.reason
    first, _ = shrink(parts, encoder, 0, interrupted)
    assert first.reason is None
    resumed, resumed_rows = shrink(parts, encoder, interrupted, 5)
    assert resumed.reason == whole.reason
    assert resumed_rows == rows


def test_the_looks_of_an_interrupted_training_are_recalled_without_a_word():
    """Of three rows every second is a look; a look without figures was not finite."""
    rows = [{"loss": "1.0", "rankme": ""}, {"loss": "0.9"}, {"loss": "nan", "rankme": ""}]
    monitor = CollapseMonitor(examples(), every=2, patience=3, stop=True, history=rows)
    encoder = dense_encoder()
    layer = encoder.get_layer("last")
    layer.set_weights([np.nan * weight for weight in layer.get_weights()])
    monitor.untrained = dense_encoder()
    with pytest.warns(CollapseWarning, match=r"diverged\. Training stops after 3") as told:
        history = fit(encoder, monitor, epochs=5)
    assert len(told) == 1
    assert len(history["loss"]) == 2
