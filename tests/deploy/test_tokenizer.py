"""Both ways of a tokenizer, exported: they compute what its networks do."""

import numpy as np
import pytest

from mmssl.cli import main
from mmssl.deploy import export_tokenizer, load_signatures
from mmssl.runs.coders import open_coders
from tests.tolerances import NETWORK, assert_close


@pytest.mark.parametrize("form", ["saved_model", "litert"])
def test_codes_and_what_they_stand_for_come_out_alike(tokenizer_run, tmp_path, form):
    if form == "litert":
        pytest.importorskip("ai_edge_litert")
    out = tmp_path / ("tokenizer.tflite" if form == "litert" else "tokenizer")
    export_tokenizer(tokenizer_run, form, out)
    found = load_signatures(out)
    images = np.random.default_rng(0).uniform(size=(1, 8, 8, 3)).astype("float32")
    codes = found["encode_indices"](images=images)["codes"]
    encode, decode = open_coders(tokenizer_run.folder)
    np.testing.assert_array_equal(codes, encode({"images": images})["codes"])
    expected = decode({"codes": codes})["outputs"]
    assert_close(found["decode"](codes=codes)["outputs"], expected, NETWORK)


def test_the_command_refuses_what_has_no_codes_and_formats_without_two_ways(
    tokenizer_run, run_without_codes, capsys
):
    arguments = ["--part", "tokenizer", "--format"]
    assert main(["export", str(run_without_codes), *arguments, "saved_model"]) == 2
    assert "only a finished run of a tokenizer" in capsys.readouterr().err
    assert main(["export", str(tokenizer_run.folder), *arguments, "onnx"]) == 2
    assert "A tokenizer is exported as saved_model or litert" in capsys.readouterr().err
