import csv
import warnings

import keras
import numpy as np
import pytest

from mmssl.evaluation.collapse.monitor import CollapseMonitor, CollapseWarning
from tests.evaluation.collapse.watching import dense_encoder, drawn, examples, fit, zero
from tests.tolerances import ROUNDING, assert_close


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
