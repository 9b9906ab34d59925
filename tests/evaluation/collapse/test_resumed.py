"""The monitor of a training that goes on: as if it had never been interrupted."""

import warnings

import keras
import numpy as np
import pytest

from mmssl.evaluation.collapse.monitor import CollapseMonitor, CollapseWarning
from mmssl.runs import RunFolder, read_history
from mmssl.runs.history import History
from tests.evaluation.collapse.watching import Plain, dense_encoder, examples, fit

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
