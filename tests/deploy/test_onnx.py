import keras
import numpy as np

from mmssl.deploy.formats import export
from mmssl.deploy.reader import load_exported
from tests.deploy.conftest import skip_without
from tests.tolerances import ROUNDING, assert_close


def test_log1p_keeps_the_digits_of_what_is_small_beside_one(tmp_path):
    skip_without("onnx")
    images = keras.Input((6, 1, 1), name="images")
    features = keras.ops.log1p(images)
    embedding = keras.layers.Flatten()(features)
    encoder = keras.Model({"images": images}, {"features": features, "embedding": embedding})
    values = np.array([0, 1e-30, 1e-8, 3e-5, 0.02, 254], "float32").reshape(1, 6, 1, 1)
    path = export(encoder, tmp_path / "encoder.onnx", "onnx", {"images": values}).path
    found = load_exported(path)({"images": values})["embedding"][0]
    for value, expected in zip(found, np.log1p(values.ravel().astype("float64")), strict=True):
        assert_close(value, expected, ROUNDING, scale=max(expected, 1e-37))


@keras.saving.register_keras_serializable("tests")
class Ramp(keras.layers.Layer):
    def build(self, shape):
        self.ramp = keras.ops.arange(shape[1], dtype="float32")[:, None, None]

    def call(self, x):
        return x + self.ramp


def test_a_tensor_that_a_layer_keeps_is_stored_and_no_input(tmp_path):
    skip_without("onnx")
    images = keras.Input((6, 1, 1), name="images")
    features = Ramp()(images)
    embedding = keras.layers.Flatten()(features)
    encoder = keras.Model({"images": images}, {"features": features, "embedding": embedding})
    path = export(encoder, tmp_path / "encoder.onnx", "onnx").path
    values = np.ones((2, 6, 1, 1), "float32")
    found = load_exported(path)({"images": values})["embedding"]
    np.testing.assert_array_equal(found, [[1, 2, 3, 4, 5, 6]] * 2)
