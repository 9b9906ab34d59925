import keras
import numpy as np
import pytest

from mmssl.methods.bases.metric_bounds import MetricBound
from mmssl.training.bounds import StopOutOfBounds
from tests.contract.cases import all_cases


class Reporting(keras.Model):
    """A model that reports what its data say."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.spread = keras.metrics.Mean("spread")

    def call(self, x):
        return self.dense(x)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        self.spread.update_state(x)
        return keras.ops.mean(y_pred**2)

    def metric_bounds(self):
        return {"spread": MetricBound(0.5, after=6, meaning="all is one")}


def fit(values):
    model, stop = Reporting(), StopOutOfBounds()
    model.compile("sgd")
    data = np.full((4, 1), values, "float32")
    history = model.fit(
        data, data, batch_size=1, epochs=4, shuffle=False, verbose=0, callbacks=[stop]
    )
    return len(history.epoch), stop.reason


def test_training_ends_with_a_sentence_when_a_figure_falls_below_its_floor():
    epochs, reason = fit(0.25)
    assert epochs == 2  # four steps do not count yet, eight do
    assert reason == "spread is 0.25 at step 8, below 0.5: all is one."


def test_training_goes_on_above_the_floor():
    assert fit(0.75) == (4, None)


def test_a_figure_that_is_no_number_ends_it():
    assert "nan" in fit(np.nan)[1]


def test_a_data2vec_that_collapses_ends_its_run(tmp_path):
    from mmssl.training.pretraining import pretrain

    # Without a teacher of its own and without norms nothing holds the targets up: a constant is
    # predicted without error, and decay takes the weights there.
    overrides = [
        *all_cases()["data2vec"].tiny,
        "--data.batch_size=8",
        "--method.momentum=0",
        "--method.final_momentum=null",
        "--method.target=feed_forward",
        "--method.normalize=none",
        "--method.final_norm=false",
        "--method.bound_after=60",
        "--fit.steps=60",
        "--fit.weight_decay=10",
        "--fit.learning_rate=0.01",
        "--fit.warmup_steps=10",
        "--fit.monitor_examples=0",
    ]
    for _ in range(2):  # the same command again does not take it for a finished run
        with pytest.raises(ValueError, match=r"target_std is .* the teacher has collapsed"):
            pretrain("vision/data2vec", tmp_path / "run", overrides, quiet=True)
