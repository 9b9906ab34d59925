"""The networks of a tokenizer's run, as files that tell where they are not what they should be."""

import json
import shutil

import numpy as np
import pytest

from mmssl.pipelines.codes import CodeSpec
from mmssl.runs import Run
from mmssl.runs.coders import open_coder, open_coders, padded


@pytest.fixture
def copied(tokenizer_run, tmp_path):
    return shutil.copytree(tokenizer_run.folder, tmp_path / "run")


def test_a_run_that_has_ended_encodes_and_decodes_as_its_method_does(tokenizer_run):
    encode, decode = open_coders(tokenizer_run.folder)
    method, data = tokenizer_run.method(), tokenizer_run.data
    batch = next(iter(data.examples(data.source).as_numpy_iterator()))
    codes = encode(batch)
    np.testing.assert_array_equal(codes["codes"], method.encode_indices(batch))
    np.testing.assert_array_equal(decode(codes)["outputs"], method.reconstruct(batch))
    assert encode.spec.shapes == {"codes": (2, 2)}
    assert (encode.spec.entries, encode.spec.hop, encode.spec.sample_rate) == (8, None, None)


def test_codes_that_were_told_otherwise_are_damage_of_the_run(copied):
    text = (copied / "codes.json").read_text()
    (copied / "codes.json").write_text(text.replace('"entries": 8', '"entries": 9'))
    with pytest.raises(ValueError, match=r"codes.json is damaged"):
        Run.load(copied)


def test_a_network_of_another_run_is_refused(copied):
    values = json.loads((copied / "codes.json").read_text())
    CodeSpec.of({**values, "decoder": "another"}, "x").write(copied)
    open_coder(copied, "code_encoder.keras")
    with pytest.raises(ValueError, match=r"code_decoder.keras is not the network that codes.json"):
        open_coder(copied)


def test_a_damaged_network_is_named_with_what_writes_it_again(copied):
    path = copied / "code_decoder.keras"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"code_decoder.keras is damaged .* delete it and encoder"):
        open_coders(copied)


def test_a_run_without_codes_is_refused(run_without_codes):
    with pytest.raises(ValueError, match=r"has no code_encoder.keras: only a finished run"):
        open_coders(run_without_codes)


def test_sound_is_padded_to_whole_codes_behind_it():
    batch = {"waveform": np.ones((2, 10)), "padding_mask": np.ones((2, 10), "int32")}
    found = padded(batch, 8)
    for name, x in found.items():
        np.testing.assert_array_equal(x, [[*[1] * 10, *[0] * 6]] * 2)
        assert x.dtype == batch[name].dtype
    assert padded(batch, None) is batch
