"""Encoders whose attention is told where tokens stand: export keeps that for any length."""

import pytest

from mmssl.deploy.example import example_inputs
from mmssl.deploy.formats import export
from mmssl.deploy.reader import load_exported
from tests.methods.small_data2vec2 import NAMES, alibi, inputs, relative, rotary
from tests.tolerances import NETWORK, assert_close, rounding


@pytest.mark.parametrize("form", ["saved_model", "litert"])
@pytest.mark.parametrize("build", [relative, alibi, rotary], ids=NAMES[3:])
def test_encoders_whose_attention_tells_positions_are_exported_for_any_length(
    build, form, tmp_path
):
    encoder = build().encoder
    path = tmp_path / {"saved_model": "encoder", "litert": "encoder.tflite"}[form]
    result = export(encoder, path, form, example_inputs(encoder))
    assert result.max_difference < NETWORK * rounding()
    batch = {name: x.numpy() for name, x in inputs(build())[0].items()}
    found = load_exported(path)(batch)
    for name, expected in encoder(batch).items():
        assert_close(found[name], expected, NETWORK)


def test_every_interpreter_forgets_the_example_before(tmp_path):
    """With XNNPACK one in ten goes on with what it computed of the first."""
    encoder, path = alibi().encoder, tmp_path / "encoder.tflite"
    export(encoder, path, "litert", example_inputs(encoder))
    batch = {name: x.numpy() for name, x in inputs(alibi())[0].items()}
    expected = encoder(batch)["embedding"]
    for _ in range(40):
        assert_close(load_exported(path)(batch)["embedding"], expected, NETWORK)
