import keras
import numpy as np

from mmssl.runs.checkpoint import load_state, save_state


def test_a_checkpoint_brings_back_what_dropout_would_have_drawn(tmp_path):
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dropout(0.5)])
    model.compile("sgd")
    save_state(tmp_path / "state.npz", model, {"step": 3})
    expected, later = (np.asarray(model(np.ones((1, 64)), training=True)) for _ in range(2))
    assert load_state(tmp_path / "state.npz", model) == {"step": 3}
    np.testing.assert_array_equal(model(np.ones((1, 64)), training=True), expected)
    assert not np.array_equal(later, expected)
