"""The properties of every tokenizer: codes that come back the same, by itself and by files."""

import numpy as np
import pytest

from mmssl.methods.bases.tokenizer import Tokenizer, by_level
from mmssl.runs.coders import open_coders, save_coders
from tests.contract.building import built, prepared, unoptimized_graphs
from tests.contract.cases import all_cases, cases_of
from tests.contract.test_methods import group
from tests.sessions import clear_session


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.xdist_group(group(name)))
        for name in cases_of(Tokenizer)
    ],
)
def tokenizer(request):
    """A tokenizer before its first step, and a batch."""
    config = all_cases()[request.param].config()
    with unoptimized_graphs():
        data = prepared(config["data"])
        batches = list(data.batches(seed=0).take(1).as_numpy_iterator())
        yield built(config, batches), batches[0]
    clear_session()


def test_codes_are_whole_numbers_of_one_shape(tokenizer):
    method, batch = tokenizer
    shapes, rows = by_level(method.code_shape), len(next(iter(batch.values())))
    codes = by_level(method.encode_indices(batch))
    assert list(codes) == list(shapes) == (list(method.levels) or [""])
    for level, found in codes.items():
        assert found.shape == (rows, *shapes[level])
        assert found.dtype == "int32"
        assert found.min() >= 0
        assert found.max() < method.entries


def test_codes_lead_to_the_reconstruction_bit_by_bit(tokenizer):
    method, batch = tokenizer
    decoded = method.decode(method.lookup(method.encode_indices(batch)))
    np.testing.assert_array_equal(decoded, method.reconstruct(batch))
    assert decoded.dtype == "float32"


def test_the_files_of_a_run_encode_and_decode_alike(tokenizer, tmp_path):
    method, batch = tokenizer
    save_coders(method, tmp_path)
    encode, decode = open_coders(tmp_path)
    codes, expected = encode(batch), by_level(method.encode_indices(batch))
    for found, of_method in zip(codes.values(), expected.values(), strict=True):
        np.testing.assert_array_equal(found, of_method)
    np.testing.assert_array_equal(decode(codes)["outputs"], method.reconstruct(batch))


def test_inference_changes_no_state(tokenizer):
    method, batch = tokenizer
    before = method.get_weights()
    method.reconstruct(batch)
    method.loss_terms(batch, method(batch, training=False), training=False)
    means = {id(v) for v in method.metrics_variables}
    for variable, value in zip(method.weights, before, strict=True):
        if id(variable) not in means:
            np.testing.assert_array_equal(variable, value)
