import pytest

from mmssl.deploy import example_inputs, export
from tests.contract.cases import build_case


@pytest.mark.parametrize("form", ["saved_model", "litert"])
def test_the_encoder_alone_is_exported_and_gives_the_same_vectors(case, form, tmp_path):
    _, method = build_case(case.config())
    names = {"saved_model": "encoder", "litert": "encoder.tflite"}
    example = example_inputs(method.encoder)
    result = export(method.encoder, tmp_path / names[form], form, example)
    assert result.difference < 1e-4
