import numpy as np
import pytest

from mmssl.encoders import blocks, cpc_encoder, cut
from mmssl.evaluation.probes.features import Embedder, embed
from tests.tolerances import SUM, assert_close


@pytest.fixture
def sound():
    rng = np.random.default_rng(0)
    return [
        {
            "waveform": rng.normal(size=(count, length)).astype("float32"),
            "padding_mask": np.ones((count, length), "int32"),
        }
        for count, length in [(4, 160), (4, 480), (1, 320)]
    ]


@pytest.fixture
def sound_encoder():
    return cpc_encoder(channels=4, context_dim=6, strides=(4, 4), kernel_sizes=(8, 4))


def test_batches_of_any_size_and_length_are_embedded_in_order(sound_encoder, sound):
    found = embed(sound_encoder, sound)
    alone = [np.asarray(sound_encoder(batch)["embedding"]) for batch in sound]
    assert found.shape == (9, Embedder(sound_encoder).width)
    assert found.dtype == np.float32
    assert_close(found, np.concatenate(alone), SUM)


def test_one_graph_serves_all_sizes_and_lengths(sound_encoder, sound):
    embedder = Embedder(sound_encoder)
    embedder(sound)
    embedder(sound[::-1])
    assert embedder.forward.experimental_get_tracing_count() == 1


def test_a_layer_is_the_cut_encoder(sound_encoder, sound):
    expected = embed(cut(sound_encoder, "block_2"), sound)
    assert_close(embed(sound_encoder, sound, "block_2"), expected, SUM)


def test_all_blocks_in_one_pass_equal_the_cut_encoders(sound_encoder, sound):
    found = Embedder(sound_encoder, "all")(sound)
    assert set(found) == {"embedding", *blocks(sound_encoder)}
    assert_close(found["embedding"], embed(sound_encoder, sound), SUM)
    for name in blocks(sound_encoder):
        assert_close(found[name], embed(sound_encoder, sound, name), SUM)


def test_the_encoder_is_bit_identical_afterwards(run):
    before = [v.numpy() for v in run.encoder.variables]
    embed(run.encoder, run.data.examples(run.data.source))
    for variable, value in zip(run.encoder.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_progress_counts_the_examples(sound_encoder, sound):
    seen = []
    embed(sound_encoder, sound, progress=seen.append)
    assert seen == [4, 8, 9]


def test_no_examples_are_refused(sound_encoder):
    with pytest.raises(ValueError, match="no examples"):
        embed(sound_encoder, [])


def test_examples_without_an_input_are_refused_by_name(sound_encoder, sound):
    with pytest.raises(ValueError, match="takes waveform, padding_mask; the examples"):
        embed(sound_encoder, [{"waveform": sound[0]["waveform"]}])
