"""Exports of encoders: methods whose cases begin with the same encoder share them."""

from mmssl.deploy.example import example_inputs
from mmssl.deploy.formats import export
from tests.contract.visit import joined

NAMES = {"saved_model": "encoder", "litert": "encoder.tflite", "onnx": "encoder.onnx"}
SAMPLE_RATE = 1000  # of the example, two seconds: many frames for strides as small as the cases'

_differences = {}


def largest_difference(encoder, form, folder):
    """Exports an encoder, once a session and configuration with the same weights.

    Args:
        encoder: functional keras.Model.
        form: name of the format.
        folder: where it is written.

    Returns:
        float, the largest difference between its outputs and those of Keras.
    """
    same = form, encoder.to_json(), joined(encoder.get_weights()).tobytes()
    if same not in _differences:
        example = example_inputs(encoder, SAMPLE_RATE)
        result = export(encoder, folder / NAMES[form], form, example)
        _differences[same] = result.max_difference
    return _differences[same]
