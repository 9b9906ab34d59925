import keras
import numpy as np
import pytest

from mmssl.encoders import bert_encoder, blocks, conv_encoder, cpc_encoder, cut
from tests.tolerances import NETWORK, SUM, assert_close, multiples


def small(kind):
    return {
        "audio": lambda: cpc_encoder(16, 24),
        "text": lambda: bert_encoder(50, 32, 16, 2, 2, 32),
        "vision": lambda: conv_encoder(16, (4, 8, 8), (1, 1, 1), (2, 2, 1), (1, 1, 2)),
    }[kind]()


def example(kind, length=1000, rows=2):
    rng = np.random.default_rng(0)
    mask = np.ones((rows, length), "int32")
    return {
        "audio": {
            "waveform": rng.normal(0, 0.1, (rows, length)).astype("float32"),
            "padding_mask": mask,
        },
        "text": {
            "token_ids": rng.integers(5, 50, (rows, 20)).astype("int32"),
            "padding_mask": mask[:, :20],
        },
        "vision": {"images": rng.random((rows, 16, 16, 3)).astype("float32")},
    }[kind]


KINDS = ("audio", "text", "vision")


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_encoder_gives_the_block_and_its_pooled_output(kind):
    encoder = small(kind)
    last = cut(encoder, blocks(encoder)[-1])
    for name, value in last(example(kind)).items():
        assert_close(value, encoder(example(kind))[name], SUM)
    first = cut(encoder, "block_1")(example(kind))
    assert first["embedding"].shape == (2, first["embedding"].shape[-1])


@pytest.mark.parametrize("kind", KINDS)
def test_an_encoder_comes_back_from_its_file(kind, tmp_path):
    encoder = small(kind)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras")
    for name, value in encoder(example(kind)).items():
        np.testing.assert_array_equal(loaded(example(kind))[name], value)


@pytest.mark.parametrize("kind", ["audio", "text"])
@pytest.mark.parametrize("block", ["block_1", None])
def test_padding_leaves_the_embedding_unchanged(kind, block):
    encoder = small(kind)
    encoder = cut(encoder, block) if block else encoder
    alone = example(kind)
    padded = {
        name: np.pad(value, ((0, 0), (0, 7 if kind == "text" else 777)))
        for name, value in alone.items()
    }
    assert_close(encoder(padded)["embedding"], encoder(alone)["embedding"], SUM)


def test_a_window_of_20480_samples_gives_128_contexts():
    assert cpc_encoder(8, 8)(example("audio", 20480))["features"].shape == (2, 128, 8)


def test_the_contexts_do_not_look_ahead():
    encoder, batch = cpc_encoder(16, 16, normalize_level=False), example("audio", 3200)
    changed = {**batch, "waveform": batch["waveform"].copy()}
    changed["waveform"][:, 1600:] += 1
    before, after = (np.asarray(encoder(x)["features"]) for x in (batch, changed))
    np.testing.assert_array_equal(before[:, :10], after[:, :10])
    assert multiples(after[:, 10], before[:, 10]) > NETWORK


def test_the_level_of_a_recording_does_not_matter():
    encoder, batch = cpc_encoder(16, 16), example("audio")
    quiet = {**batch, "waveform": batch["waveform"] / 50}
    assert_close(encoder(quiet)["embedding"], encoder(batch)["embedding"], SUM)


def test_a_gray_encoder_sees_lightness_alone():
    from mmssl.layers import lab_to_rgb

    encoder = small("vision")
    lab = np.zeros((2, 16, 16, 3), "float32")
    lab[..., 0] = np.random.default_rng(0).uniform(40, 60, (16, 16))
    lab[1, ..., 1:] = 5
    embedding = np.asarray(encoder({"images": lab_to_rgb(lab)})["embedding"])
    assert_close(embedding[0], embedding[1], NETWORK)


def test_an_unknown_block_is_named_with_those_there_are():
    with pytest.raises(ValueError, match=r"no block 'block_9'; it has block_1, block_2, block_3"):
        cut(small("vision"), "block_9")


@pytest.mark.parametrize(
    "build",
    [
        lambda: cpc_encoder(strides=(5, 4), kernel_sizes=(10,)),
        lambda: cpc_encoder(strides=(5,), kernel_sizes=(3,)),
        lambda: bert_encoder(width=10, num_heads=3),
        lambda: conv_encoder(16, (4, 8), (1,), (2, 2), (1, 1)),
    ],
)
def test_arguments_that_do_not_belong_together_are_refused(build):
    with pytest.raises(ValueError, match="needs"):
        build()
