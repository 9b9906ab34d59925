"""Calls that are computed together get what they would get alone."""

import threading

import numpy as np
import pytest

from mmssl.deploy.saved_model import save
from mmssl.deploy.signatures import declared
from mmssl.encoders import bert_encoder
from mmssl.serving.batching import Batcher
from mmssl.serving.contract import Call
from mmssl.serving.errors import RefusedError, invalid
from mmssl.serving.joining import Joiner
from mmssl.serving.model import read_saved_model
from mmssl.serving.tensors import Spec
from tests.tolerances import NETWORK, SUM, assert_close

FLOAT, INT, STRING = (np.dtype(name) for name in ("float32", "int32", "object"))


def spec(dtype, *shape):
    return Spec(dtype, shape)


class Frames:
    """A signature whose features have a frame for every four samples that are begun."""

    name = "embed"

    def __init__(self):
        self.inputs = {
            "waveform": spec(FLOAT, None, None),
            "padding_mask": spec(INT, None, None),
        }
        self.outputs = {"features": spec(FLOAT, None, None, 1), "embedding": spec(FLOAT, None, 1)}
        self.batches = []

    def __call__(self, inputs):
        waveform = inputs["waveform"] * inputs["padding_mask"]
        self.batches.append(waveform.shape)
        if np.any(waveform < 0):
            raise invalid("negative")
        frames = np.pad(waveform, [(0, 0), (0, -waveform.shape[1] % 4)]).reshape(
            len(waveform), -1, 4
        )
        return {
            "features": frames.sum(2, keepdims=True),
            "embedding": waveform.sum(1, keepdims=True),
        }


def sound(rows, length, seed=0, sign=1):
    draw = np.random.default_rng((seed, length))
    waveform = sign * draw.uniform(0.1, 1, (rows, length)).astype("float32")
    return Call("embed", {"waveform": waveform, "padding_mask": np.ones((rows, length), "int32")})


class Gate:
    """Holds a signature's first call until it is opened, so that others wait behind it."""

    def __init__(self, signature):
        self.inputs, self.outputs = signature.inputs, signature.outputs
        self._signature, self._first = signature, True
        self.entered, self.opened = threading.Event(), threading.Event()

    def __call__(self, inputs):
        if self._first:
            self._first = False
            self.entered.set()
            self.opened.wait()
        return self._signature(inputs)


def together(signature, calls, first, **options):
    """Computes `first` alone, then the calls, all of which wait by then; returns their futures."""
    gate = Gate(signature)
    batcher = Batcher({first.signature: gate}, **options)
    ahead = batcher.submit(first)
    gate.entered.wait()
    futures = [batcher.submit(call) for call in calls]
    gate.opened.set()
    ahead.result(60)
    batcher.close()
    return futures


def test_calls_that_wait_are_computed_together_and_told_apart():
    signature = Frames()
    calls = [sound(rows, 8, seed) for seed, rows in enumerate((1, 3, 2))]
    futures = together(signature, calls, sound(1, 8))
    assert signature.batches == [(1, 8), (6, 8)]
    alone = Frames()
    for call, future in zip(calls, futures, strict=True):
        for name, expected in alone(call.inputs).items():
            np.testing.assert_array_equal(future.result(60)[name], expected)


def test_a_batch_is_no_larger_than_the_largest_but_for_a_call_that_is():
    signature = Frames()
    calls = [sound(rows, 8, seed) for seed, rows in enumerate((2, 2, 3, 9, 1))]
    futures = together(signature, calls, sound(1, 8), largest=4)
    assert [batch[0] for batch in signature.batches] == [1, 4, 4, 9]
    for call, future in zip(calls, futures, strict=True):
        assert_close(future.result(60)["embedding"][:, 0], call.inputs["waveform"].sum(1), SUM)


def test_lengths_are_joined_once_the_sizes_of_their_outputs_are_known():
    joiner, signature = Joiner(Frames()), Frames()
    short, long = sound(1, 5), sound(1, 8)
    assert joiner.key(short) == joiner.key(long)
    assert not joiner.fits([long], short)
    joiner.split(signature(short.inputs), [short])
    assert joiner.fits([long], short)
    results = joiner.split(signature(joiner.join([long, short])), [long, short])
    for call, result in zip((long, short), results, strict=True):
        for name, expected in signature(call.inputs).items():
            np.testing.assert_array_equal(result[name], expected)
    # Two frames for 5 samples and for 8 are two frames for 6 and 7.
    assert joiner.fits([long], sound(1, 6))
    assert not joiner.fits([long], sound(1, 4))
    result = joiner.split(signature(joiner.join([sound(1, 6), long])), [sound(1, 6), long])
    assert result[0]["features"].shape == (1, 2, 1)


def test_padding_no_more_than_doubles_the_work():
    joiner, signature = Joiner(Frames()), Frames()
    short, long = sound(1, 8), sound(1, 80)
    joiner.split(signature(short.inputs), [short])
    assert joiner.fits([long], short)
    assert not joiner.fits([long, short], short)


def test_a_call_that_is_refused_does_not_fail_its_neighbors():
    futures = together(Frames(), [sound(1, 8), sound(1, 8, sign=-1), sound(1, 8)], sound(1, 8))
    with pytest.raises(RefusedError, match="negative"):
        futures[1].result(60)
    for future in (futures[0], futures[2]):
        assert future.result(60)["embedding"].shape == (1, 1)


def test_a_failure_of_the_model_is_an_internal_error_and_the_next_call_is_computed(caplog):
    class Broken(Frames):
        def __call__(self, inputs):
            if inputs["waveform"].shape[1] == 4:
                raise RuntimeError("broken")
            return super().__call__(inputs)

    futures = together(Broken(), [sound(1, 4), sound(1, 8)], sound(1, 8))
    with pytest.raises(RefusedError) as error:
        futures[0].result(60)
    assert error.value.code == "INTERNAL"
    assert "broken" not in str(error.value)
    assert "broken" in caplog.text
    assert futures[1].result(60)["embedding"].shape == (1, 1)


def test_a_call_that_was_given_up_is_not_computed():
    signature = Frames()
    gate = Gate(signature)
    batcher = Batcher({"embed": gate})
    batcher.submit(sound(1, 8))
    gate.entered.wait()
    given_up = batcher.submit(sound(1, 12))
    assert given_up.cancel()
    gate.opened.set()
    batcher.close()
    assert signature.batches == [(1, 8)]


def test_what_waits_is_computed_before_the_end():
    signature = Frames()
    batcher = Batcher({"embed": signature}, wait=1e6)  # seconds, which closing ends
    future = batcher.submit(sound(1, 8))
    batcher.close()
    assert future.result(60)["embedding"].shape == (1, 1)
    assert not batcher.is_alive
    with pytest.raises(RefusedError, match="stopping"):
        batcher.submit(sound(1, 8))


class Fixed:
    def __init__(self, inputs, outputs):
        self.inputs, self.outputs = inputs, outputs


@pytest.mark.parametrize(
    ("inputs", "outputs", "arrays"),
    [
        ({"x": spec(FLOAT)}, {"y": spec(FLOAT, None)}, {"x": np.float32(1)}),
        ({"x": spec(FLOAT, 4)}, {"y": spec(FLOAT, None)}, {"x": np.ones(4, "float32")}),
        ({"x": spec(FLOAT, None)}, {"y": spec(FLOAT)}, {"x": np.ones(1, "float32")}),
        ({"x": Spec(FLOAT, None)}, {"y": spec(FLOAT, None)}, {"x": np.ones(1, "float32")}),
        (
            {"x": spec(FLOAT, None), "z": spec(FLOAT, None)},
            {"y": spec(FLOAT, None)},
            {"x": np.ones(1, "float32"), "z": np.ones(2, "float32")},
        ),
        (
            {"bytes": spec(STRING, None)},
            {"features": spec(FLOAT, None, None, 8)},
            {"bytes": np.array([b"a"], object)},
        ),
    ],
)
def test_what_cannot_be_told_apart_stays_alone(inputs, outputs, arrays):
    assert Joiner(Fixed(inputs, outputs)).key(Call("embed", arrays)) is None


def test_strings_are_joined_where_outputs_have_one_size():
    signature = Fixed({"bytes": spec(STRING, None)}, {"embedding": spec(FLOAT, None, 8)})
    call = Call("embed", {"bytes": np.array([b"a", b"b"], object)})
    assert Joiner(signature).key(call) is not None
    joined = Joiner(signature).join([call, call])
    assert joined["bytes"].tolist() == [b"a", b"b"] * 2


def assert_joined_as_alone(signature, calls):
    joiner = Joiner(signature)
    alone = [signature(call.inputs) for call in calls]
    for call, outputs in zip(calls, alone, strict=True):
        joiner.split(outputs, [call])
    assert all(joiner.fits(calls[:n], calls[n]) for n in range(1, len(calls)))
    results = joiner.split(signature(joiner.join(calls)), calls)
    for expected, found in zip(alone, results, strict=True):
        for name, value in expected.items():
            assert_close(found[name], value, NETWORK)


def test_an_encoder_of_sound_gives_joined_calls_the_vectors_of_single_ones(sound_model):
    lengths = (4000, 3001, 2500, 4000)
    assert_joined_as_alone(
        sound_model.signatures["embed"],
        [sound(1 + n % 2, size, n) for n, size in enumerate(lengths)],
    )


def test_an_encoder_of_text_gives_joined_calls_the_vectors_of_single_ones(tmp_path):
    encoder = bert_encoder(
        vocabulary_size=50, length=24, width=16, depth=2, num_heads=2, mlp_dim=32
    )
    save(tmp_path / "text", {"embed": declared(encoder)})
    draw, calls = np.random.default_rng(0), []
    for length in (24, 13, 17):
        mask = (np.arange(length) < [[length], [length - 3]]).astype("int32")
        tokens = draw.integers(1, 50, (2, length), "int32") * mask
        calls.append(Call("embed", {"token_ids": tokens, "padding_mask": mask}))
    assert_joined_as_alone(
        read_saved_model(tmp_path / "text", "text", 1).signatures["embed"], calls
    )
