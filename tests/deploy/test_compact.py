"""LiteRT files written anew, smaller, compute the very same."""

import numpy as np
import pytest

from mmssl.deploy import saved_model
from mmssl.deploy.compact import compacted, packed, read
from mmssl.deploy.litert import converted
from mmssl.deploy.reader import load_exported
from mmssl.deploy.signatures import declared, load_signatures
from tests.deploy.conftest import random_inputs, skip_without


@pytest.fixture(autouse=True)
def _installed():
    skip_without("litert")


@pytest.fixture(scope="module")
def plain(encoders, tmp_path_factory):
    """A file as it is converted, of an encoder with a loop in it, and that encoder."""
    folder, encoder = tmp_path_factory.mktemp("plain"), encoders["audio"]
    saved_model.save(folder / "saved", {"embed": declared(encoder, 1)})
    path = folder / "plain.tflite"
    path.write_bytes(converted(folder / "saved", ["embed"]))
    return encoder, path


def smaller(path, tmp_path):
    there = tmp_path / "smaller.tflite"
    there.write_bytes(compacted(path.read_bytes()))
    return there


def test_it_computes_the_very_same(plain, tmp_path):
    encoder, path = plain
    inputs = random_inputs(encoder, 2, 700)
    before, after = (load_exported(p)(inputs) for p in (path, smaller(path, tmp_path)))
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value)


def test_it_has_the_names_of_what_goes_in_and_out_and_no_others(plain, tmp_path):
    _, path = plain
    there = smaller(path, tmp_path)
    assert len(path.read_bytes()) - len(there.read_bytes()) > 5000
    (before,), (after,) = (load_signatures(p).values() for p in (path, there))
    assert (after.inputs, after.outputs) == (before.inputs, before.outputs)
    graphs = read(there.read_bytes()).subgraphs
    named = [{n for n, t in enumerate(graph.tensors) if t.name} for graph in graphs]
    assert named[0] == {*graphs[0].inputs, *graphs[0].outputs}
    assert not any(named[1:])


def test_it_cannot_be_made_smaller_twice(plain, tmp_path):
    content = smaller(plain[1], tmp_path).read_bytes()
    assert len(compacted(content)) == len(content)


def test_equal_numbers_are_stored_once(plain):
    model = read(plain[1].read_bytes())
    first = next(buffer for buffer in model.buffers if buffer.data is not None)
    table = np.random.default_rng(0).integers(0, 256, 4000, "uint8")
    size = len(packed(model))
    for _ in range(3):
        model.buffers.append(type(first)(data=table.copy()))
    content = packed(model)
    assert content.count(table.tobytes()) == 1
    assert len(content) - size < len(table) + 100


def test_constants_stand_where_processors_read_them_fastest(plain, tmp_path):
    content = smaller(plain[1], tmp_path).read_bytes()
    data = [buffer.data for buffer in read(content).buffers if buffer.data is not None]
    places = [content.index(array.tobytes()) for array in data if len(array) > 256]
    assert len(places) > 5
    assert not any(place % 16 for place in places)
